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
    if not OPTION.fullmatch(option) or not VALUE.fullmatch(value):
        raise Refused(f"{option[:80]!r} cannot be {value[:80]!r} in a configuration")


def fragment(title: str, options: Mapping[str, str]) -> str | None:
    lines = [_line(option, value) for option, value in sorted(options.items())]
    return "".join(f"{line}\n" for line in (f"# {title}", *lines)) if lines else None


def _line(option: str, value: str) -> str:
    return f"# {option} is not set" if value == "n" else f"{option}={value}"
