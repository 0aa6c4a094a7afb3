"""os-release: what a system calls itself.

Rules, from os-release(5): assignments as a shell would read them, one a line, without expansion; `#` begins a comment
line; the last assignment of a name counts.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

ASSIGNMENT = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_]{0,63})=(.*)", re.ASCII)
LINE_LIMIT = 500
LENGTH_LIMIT = 1000
"""Characters of one value."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One `name` with its `value`, and the number of the `line`."""

    name: str
    value: str
    line: int


def parse(text: str) -> Iterator[Assignment]:
    for number, line in enumerate(text.split("\n", LINE_LIMIT)[:LINE_LIMIT], 1):
        found = ASSIGNMENT.match(line.rstrip("\r"))
        if found is not None:
            yield Assignment(found[1], _unquoted(found[2][:LENGTH_LIMIT]), number)


def _unquoted(text: str) -> str:
    try:
        return "".join(shlex.split(text, comments=False)[:1])
    except ValueError:
        return text.strip().strip("\"'")
