"""The table of BusyBox mdev.

Rules, from BusyBox's docs/mdev.txt: `[-][VARIABLE=regex;]device user:group mode [=path|>path|!] [@|$|*command]`, where
`@` runs the command when the device comes, `$` before it goes, `*` on both; `#` begins a comment.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """The devices that a pattern means, and the command for them."""

    devices: str
    command: str
    line: int


_ROW = re.compile(r"\s*-?([^#\s]\S*)\s+\S+\s+[0-7]+\s+(?:[=>!]\S*\s+)?[@$*]\s*(\S.*)")


def parse(text: str) -> tuple[Event, ...]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _ROW.match(line)
        if match is not None:
            found.append(Event(match.group(1), match.group(2).strip(), number))
    return tuple(found)
