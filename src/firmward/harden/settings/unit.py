"""Units of systemd and their drop-ins (systemd.syntax(7)): `Key=value` below `[Section]`.

A list grows with each line, and an empty one empties it: what a drop-in says of a command (`ExecStart=` and its like)
counts alone only behind an empty line, and such a line stays.
"""

import re

from firmward.harden.assignment import SECTION, Grammar, equals

PATHS = (
    *(f"**/*.{kind}" for kind in ("service", "socket", "mount", "automount", "timer", "path", "slice", "target")),
    *(f"**/*.{kind}.d/*.conf" for kind in ("service", "socket", "mount", "automount", "timer", "path", "slice")),
    "etc/systemd/*.conf",
    "etc/systemd/*.conf.d/*",
    "usr/lib/systemd/*.conf.d/*",
)
GRAMMAR = Grammar(equals(r"[A-Za-z][\w-]*"), "{name}={value}", SECTION, continues=True)
COMMANDS = re.compile(r"Exec[A-Z]\w+")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    if not COMMANDS.fullmatch(option):
        return GRAMMAR.set(text, option, value, section)
    emptied = GRAMMAR.set(text, option, "", section)
    line = f"{option}={value}\n"
    return re.sub(rf"(?m)^[ \t]*{option}[ \t]*=[ \t]*\n", lambda found: f"{found[0]}{line}", emptied, count=1)
