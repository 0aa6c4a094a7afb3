r"""udev rules.

Rules, from udev(7): a line is a list of `KEY{attribute} operator "value"`, at commas; a backslash at the end joins the
next line; `#` begins a comment line. In a value `\"` stands for a quote; `e"..."` has C escapes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LENGTH_LIMIT = 16 << 10
"""Characters of one joined line; udev itself takes that many bytes."""

_PART = re.compile(r"([A-Z_]+)(?:\{([^}\"]*)\})?[ \t]*(==|!=|\+=|-=|:=|=)[ \t]*[ei]?\"((?:[^\"\\]|\\.)*)\"")


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison or assignment: `attribute` is what stands in braces, empty for none."""

    key: str
    attribute: str
    operator: str
    value: str

    @property
    def assigns(self) -> bool:
        return self.operator in ("=", "+=", ":=")


@dataclass(frozen=True, slots=True)
class Rule:
    parts: tuple[Part, ...]
    line: int


def parse(text: str) -> tuple[Rule, ...]:
    found = []
    for number, line in _joined(text):
        parts = tuple(
            Part(key, attribute, operator, value.replace('\\"', '"'))
            for key, attribute, operator, value in _PART.findall(line)
        )
        if parts:
            found.append(Rule(parts, number))
    return tuple(found)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    kept, first = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        if not kept:
            first = number
        if not kept and line.lstrip().startswith("#"):
            continue
        if line.endswith("\\") and len(kept) + len(line) < LENGTH_LIMIT:
            kept += line[:-1]
            continue
        yield first, (kept + line)[:LENGTH_LIMIT]
        kept = ""
    if kept:
        yield first, kept
