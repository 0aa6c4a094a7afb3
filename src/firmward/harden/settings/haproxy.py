"""HAProxy's configuration: options of a socket or a server are words of its line, some with a word behind.

`no` takes an option away that has no word behind. Options in their own line are no matter here.
"""

import re

from firmward.formats.haproxy import WORD
from firmward.harden.draft import Refused

PATHS = ("etc/haproxy/*", "etc/haproxy/*/*", "**/haproxy.cfg", "**/haproxy/*.cfg")
LINE = re.compile(r"[ \t]*(?:bind|server|default-server|ssl-default-(?:bind|server)-\w+|server-template)\b")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    lines = text.split("\n")
    found = False
    for number, written in enumerate(lines):
        line = written
        words = list(WORD.finditer(line)) if LINE.match(line) else []
        for place in range(len(words) - 1, 0, -1):
            if words[place].group() == option and (value == "no" or place + 1 < len(words)):
                start = words[place - 1].end() if value == "no" else words[place + 1].start()
                end = words[place].end() if value == "no" else words[place + 1].end()
                line = f"{line[:start]}{'' if value == 'no' else value}{line[end:]}"
                found = True
        lines[number] = line
    if not found and value != "no":
        raise Refused(f"no socket and no server here says {option}")
    return "\n".join(lines)
