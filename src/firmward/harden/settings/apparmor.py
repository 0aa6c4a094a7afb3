"""AppArmor's profiles: the flags in the head of one, `flags=(attach_disconnected, complain)`.

The section is the profile's name, the option a flag, `yes` puts it there and `no` takes it away; flags that go are no
reason for an empty list. A head that goes over lines is refused.
"""

import re

from firmward.formats import apparmor
from firmward.harden.draft import Refused

PATHS = ("etc/apparmor.d/*",)
FLAGS = re.compile(r"(?<![ \t])[ \t]*(?:flags[ \t]*=[ \t]*)?\((?P<flags>[\w, \t]*)\)(?=[^()]*$)")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    heads = [one.line for one in apparmor.parse(text).profiles if one.name == section]
    if not heads:
        raise Refused(f"no profile here is {section}")
    lines = text.split("\n")
    for number in heads:
        head, brace, rest = lines[number - 1].rpartition("{")
        if not brace:
            raise Refused(f"the head of {section} goes over lines")
        found = FLAGS.search(head)
        flags = re.split(r"[\s,]+", found["flags"].strip()) if found is not None else []
        wanted = [flag for flag in flags if flag and flag != option] + ([option] if value == "yes" else [])
        if wanted != [flag for flag in flags if flag] and not (value == "yes" and option in flags):
            before = head[: found.start()] if found is not None else head.rstrip()
            new = f" flags=({', '.join(wanted)})" if wanted else ""
            lines[number - 1] = f"{before}{new} {brace}{rest}"
    return "\n".join(lines)
