"""sysctl.conf(5): `name = value`, the last one counts. `/` and `.` in names are alike, a leading `-` ignores errors."""

import re

PATHS = ("etc/sysctl.conf", "etc/sysctl.d/*", "usr/lib/sysctl.d/*", "lib/sysctl.d/*", "usr/local/lib/sysctl.d/*")
ASSIGNMENT = re.compile(r"^\s*(?:(?P<ignore>-)\s*)?(?P<name>[^\s=#;]+)\s*=")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    lines, done = [], False
    for line in text.removesuffix("\n").split("\n") if text else []:
        found = ASSIGNMENT.match(line)
        if found is None or _dotted(found["name"]) != _dotted(option):
            lines.append(line)
        elif not done:
            lines.append(f"{found['ignore'] or ''}{found['name']} = {value}")
            done = True
    if not done:
        lines.append(f"{option} = {value}")
    return "".join(f"{line}\n" for line in lines)


def _dotted(name: str) -> str:
    """The separator is whichever comes first; the other stands for itself (sysctl.d(5))."""
    first = next((sign for sign in name if sign in "./"), ".")
    return name if first == "." else name.translate(str.maketrans("./", "/."))
