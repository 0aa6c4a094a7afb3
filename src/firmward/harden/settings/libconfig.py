"""libconfig, as SWUpdate's configuration is written: `name = value;` in groups `name : { };`.

Without a section an option is set wherever it stands; a group that is not there is written at the end.
"""

import re

from firmward.formats import libconfig
from firmward.formats.malformed import Malformed
from firmward.harden.draft import Refused

PATHS = ("etc/swupdate.cfg", "etc/swupdate/*.cfg", "**/swupdate.cfg")
PIECE = re.compile(r"""(?P<skip>\#[^\n]*|//[^\n]*|/\*.*?\*/|"(?:[^"\\]|\\.)*")|(?P<open>\{)|(?P<close>\})""", re.DOTALL)
PLAIN = re.compile(r"true|false|[-+]?\d+(?:\.\d+)?")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    try:
        libconfig.parse(text)
    except Malformed as reason:
        raise Refused(f"it cannot be read: {reason}") from reason
    if '"' in value or "\\" in value:
        raise Refused(f"{value} cannot be written here")
    shown = value if PLAIN.fullmatch(value) and "." not in value else f'"{value}"'
    start, end = (0, len(text)) if section is None else _group(text, section)
    if start is None:
        return f"{text.rstrip()}\n\n{section} : {{\n    {option} = {shown};\n}};\n".lstrip()
    pattern = re.compile(
        rf'^([ \t]*{re.escape(option)}[ \t]*[:=][ \t]*)(?:"(?:[^"\\]|\\.)*"|[^\s;,]*)([ \t]*[;,]|[ \t]*$)', re.M
    )
    inner, times = pattern.subn(lambda found: f"{found[1]}{shown}{found[2]}", text[start:end])
    if not times:
        if section is None:
            raise Refused(f"nothing here says {option}")
        inner = f"\n    {option} = {shown};{text[start:end]}"
    return f"{text[:start]}{inner}{text[end:]}"


def _group(text: str, name: str) -> tuple[int | None, int]:
    """Where what stands between a group's braces begins and ends."""
    head = re.compile(rf"(?:^|[\s;,}}]){re.escape(name)}\s*[:=]\s*$")
    depth, start, outer = 0, None, 0
    for piece in PIECE.finditer(text):
        if piece["open"]:
            if depth == 0 and start is None and head.search(text[outer : piece.start()]):
                start = piece.end()
            depth += 1
        elif piece["close"]:
            depth -= 1
            outer = piece.end()
            if depth == 0 and start is not None:
                return start, piece.start()
    return None, 0
