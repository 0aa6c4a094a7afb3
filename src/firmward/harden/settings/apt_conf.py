"""apt.conf(5): `Name::Of::Option "value";`, or in scopes; the last one counts, and each is set where it stands."""

import re

from firmward.formats import apt_conf
from firmward.formats.apt_conf import Option
from firmward.harden.draft import Refused

PATHS = ("etc/apt/apt.conf", "etc/apt/apt.conf.d/*")
LINE_LIMIT = 16_384
QUOTED = re.compile(r'"[^"\n]*"?')


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    lines = text.removesuffix("\n").split("\n") if text else []
    said = [one for one in apt_conf.parse(text) if isinstance(one, Option) and one.name == option.lower()]
    new = f'"{value}"'
    for one in said:
        line = lines[one.line - 1]
        if len(line) > LINE_LIMIT:
            raise Refused(f"line {one.line} is longer than {LINE_LIMIT} characters")
        name = line.lower().rfind(one.name.rpartition("::")[2])
        quoted = QUOTED.search(line, max(name, 0))
        if quoted is None:  # without quotes: what stands to the semicolon
            lines[one.line - 1] = re.sub(r"(\S+)[ \t]+[^;{}]*;", rf"\1 {new};", line, count=1)
        else:
            lines[one.line - 1] = f"{line[: quoted.start()]}{new}{line[quoted.end() :]}"
    if not said:
        lines.append(f"{option} {new};")
    changed = "".join(f"{line}\n" for line in lines)
    values = [one.value for one in apt_conf.parse(changed) if isinstance(one, Option) and one.name == option.lower()]
    if values[-1:] != [value]:
        raise Refused(f"{option} has no place in what stands here")
    return changed
