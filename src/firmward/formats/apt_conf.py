"""apt.conf: APT's tree of options.

Rules, from apt.conf(5): `A::B "value";` and `A { B "value"; };` are the same; names know no case; a name that ends in
`::`, or a value without a name inside a scope, adds to a list; the last value of an option holds; `#clear A::B;` takes
back what was said of it and below. Comments are `//`, `/* */` and lines with `#`. Pure, and takes any text: what is no
option is passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

DEPTH_LIMIT = 32


@dataclass(frozen=True, slots=True)
class Option:
    """`name` in lower case with `::` between its parts; a list's member has the list's name and `::` behind it."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Clear:
    name: str


_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<clear>\#clear\b)|(?P<comment>\#[^\n]*)"
    r"|(?P<string>\"[^\"\n]*\"?)|(?P<sign>[{};])|(?P<word>[^\s{};\"]+)",
    re.DOTALL,
)


def parse(text: str) -> Iterator[Option | Clear]:
    scopes: list[str] = []
    words: list[str] = []
    quoted = 0
    begun = 1
    for line, kind, piece in _tokens(text):
        if kind != "sign":
            begun = line if not words else begun
            quoted += kind == "string" and not words
            words.append(piece)
            continue
        if piece == ";":
            yield from _statement(scopes, words, bool(quoted), begun)
        elif piece == "{" and len(scopes) < DEPTH_LIMIT:
            scopes.append(words[0].lower().strip(":") if words else "")
        elif piece == "}" and scopes:
            scopes.pop()
        words, quoted = [], 0


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    position, line = 0, 1
    while found := _TOKEN.match(text, position):
        kind = found.lastgroup or ""
        if kind not in ("space", "comment"):
            yield line, kind, found.group().strip('"') if kind == "string" else found.group()
        line += text.count("\n", position, found.end())
        position = found.end()


def _statement(scopes: list[str], words: list[str], unnamed: bool, line: int) -> Iterator[Option | Clear]:
    if not words:
        return
    if words[0] == "#clear":
        yield from (Clear(_name(scopes, word)) for word in words[1:])
    elif unnamed:
        yield Option("::".join(scopes) + "::", words[0], line)
    else:
        yield Option(_name(scopes, words[0]), " ".join(words[1:]), line)


def _name(scopes: list[str], word: str) -> str:
    return "::".join([*scopes, word.lower()])
