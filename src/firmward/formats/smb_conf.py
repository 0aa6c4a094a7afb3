"""Samba's smb.conf, after smb.conf(5): sections, and parameters in whose names neither case nor blanks count."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINES_LIMIT = 20_000
LINE_LIMIT = 4096
"""Characters of one parameter, its continued lines joined."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its `section` and `key` in lower case, the key without blanks, its `value`, and its `line`."""

    section: str
    key: str
    value: str
    line: int


def parse(text: str) -> Iterator[Parameter]:
    section = "global"
    for number, line in _joined(text):
        if line.startswith("["):
            section = re.sub(r"\s+", " ", line[1:].partition("]")[0]).strip().lower()
            continue
        key, sign, value = line.partition("=")
        if sign:
            yield Parameter(section, re.sub(r"\s+", "", key).lower(), value.strip(), number)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    held, first = "", 0
    for number, each in enumerate(text.split("\n", LINES_LIMIT)[:LINES_LIMIT], 1):
        line = (held + each.strip())[:LINE_LIMIT]
        first = first or number
        if line.startswith((";", "#")):
            held, first = "", 0
        elif line.endswith("\\"):
            held = line[:-1] + " "
        else:
            if line:
                yield first, line
            held, first = "", 0
