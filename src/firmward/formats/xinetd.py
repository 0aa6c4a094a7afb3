"""xinetd's configuration: `defaults` and `service NAME` blocks of `key operator values`.

Rules, from xinetd.conf(5): `=` sets, `+=` adds, `-=` takes away; `#` begins a comment line; `include FILE` and
`includedir FOLDER` stand outside of blocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Block:
    """A block; the values of a key as its lines leave them, and the line where each key stands first."""

    kind: str
    name: str
    line: int
    values: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, int]

    def get(self, key: str) -> str | None:
        """A key's values with blanks between them."""
        return " ".join(self.values[key]) if key in self.values else None


@dataclass(frozen=True, slots=True)
class Include:
    folder: bool
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Configuration:
    blocks: tuple[Block, ...]
    includes: tuple[Include, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    kind: str
    name: str
    line: int
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def finished(self) -> Block:
        return Block(self.kind, self.name, self.line, self.values, self.lines)


def parse(text: str) -> Configuration:
    blocks: list[Block] = []
    includes: list[Include] = []
    problems: list[str] = []
    draft: _Draft | None = None
    for number, row in enumerate(text.split("\n"), 1):
        words = [] if row.lstrip().startswith("#") else row.replace("{", " { ").split()
        match words:
            case [] | ["{"]:
                continue
            case ["service", name, *_] if draft is None:
                draft = _Draft("service", name, number)
            case ["defaults", *_] if draft is None:
                draft = _Draft("defaults", "", number)
            case [("include" | "includedir") as verb, path] if draft is None:
                includes.append(Include(verb == "includedir", path, number))
            case ["}", *_] if draft is not None:
                blocks.append(draft.finished())
                draft = None
            case _ if draft is None or not _assign(draft, row, number):
                problems.append(f"line {number}: {words[0][:40]} is not understood here")
    if draft is not None:
        problems.append(f"line {draft.line}: the block does not end")
        blocks.append(draft.finished())
    return Configuration(tuple(blocks), tuple(includes), tuple(problems))


def _assign(draft: _Draft, row: str, number: int) -> bool:
    left, equals, right = row.partition("=")
    key = left.strip().rstrip("+-").strip()
    if not equals or not key:
        return False
    values = tuple(right.split())
    before = draft.values.get(key, ())
    if left.rstrip().endswith("+"):
        values = before + values
    elif left.rstrip().endswith("-"):
        values = tuple(value for value in before if value not in values)
    draft.values[key] = values
    draft.lines.setdefault(key, number)
    return True
