"""Options of Kconfig as a fragment has them, for the kernel and for U-Boot, which read them alike.

The rules this file holds: `y`, `m`, numbers, and texts in quotes, in which `"` and `\\` are escaped; an option that is
off is a comment of its own kind. What was read from an image comes here too, and a text that would go on with another
line, or end its quotes, must not be one.
"""

import re
from collections.abc import Mapping

from firmward.harden.draft import Refused

OPTION = re.compile(r"CONFIG_\w{1,100}", re.ASCII)
VALUE = re.compile(r'[ymn]|-?[0-9]{1,20}|0x[0-9a-fA-F]{1,16}|"[ -!#-\[\]-~]{0,1000}"')


def checked(option: str, value: str) -> None:
    """Raises Refused for what no fragment can say."""
    if not is_line(option, value):
        raise Refused(f"{option[:80]!r} cannot be {value[:80]!r} in a configuration")


def is_line(option: str, value: str) -> bool:
    """Whether a fragment can say it."""
    return OPTION.fullmatch(option) is not None and VALUE.fullmatch(value) is not None


def fragment(title: str, options: Mapping[str, str], reasons: Mapping[str, str]) -> str | None:
    """Each option below its reason; None where there is none."""
    if not options:
        return None
    found = [comment(title)]
    for option, value in sorted(options.items()):
        found += [comment(reasons[option])] if option in reasons else []
        found.append(line(option, value))
    return "".join(f"{one}\n" for one in found)


def line(option: str, value: str) -> str:
    return f"# {option} is not set" if value == "n" else f"{option}={value}"


def comment(text: str) -> str:
    """In one line, and none that Kconfig takes for an option: texts come from images and policies."""
    plain = "".join(one if one.isprintable() else " " for one in text)
    return f"# {' '.join(plain.split()).removeprefix('CONFIG_')}"
