"""nginx's configuration language: directives, and directives with a block.

A directive is words up to `;`, a block directive words up to `{`. Words are bare, '...' or "..."; a backslash takes the
next sign as it is; `#` begins a comment where a word may begin. `include` takes a shell pattern relative to the folder
of the first file. A variable, `$host`, is worked out per request.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from firmward.model.facts import Unavailable
from firmward.model.location import Location

Include = Callable[[str, Location], Iterable[tuple[str, str]]]

TOKEN = re.compile(
    r"(?P<space>[ \t\r]+)|(?P<newline>\n)|(?P<comment>\#[^\n]*)|(?P<sign>[{};])"
    r"|(?P<text>\"(?:\\.|[^\"\\])*+\"|'(?:\\.|[^'\\])*+')|(?P<open>[\"'])"
    r"|(?P<word>(?:\$\{\w*\}|\\.|[^\s{};\\])++|.)",
    re.DOTALL,
)
DEPTH_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Directive:
    """`words[0]` is its name; `block` what stands in its braces, None without."""

    words: tuple[str, ...]
    at: Location
    block: tuple["Directive", ...] | None = None

    @property
    def name(self) -> str:
        return self.words[0]


def parse(text: str, path: str, include: Include) -> tuple[Directive, ...]:
    """Read a configuration with its includes. Raises Unavailable where it does not follow the grammar."""
    return tuple(_Parser(text, path, include).directives(0))


def walk(directives: Iterable[Directive], name: str) -> Iterator[Directive]:
    """The directives of this name in these blocks and in those within."""
    for directive in directives:
        if directive.name == name:
            yield directive
        yield from walk(directive.block or (), name)


class _Parser:
    def __init__(self, text: str, path: str, include: Include) -> None:
        self._lexemes = list(_lexemes(text, path))
        self._position = 0
        self._path = path
        self._include = include

    def directives(self, depth: int) -> Iterator[Directive]:
        if depth > DEPTH_LIMIT:
            raise Unavailable(f"{self._path} is nested too deeply")
        words: list[str] = []
        begun = 1
        while self._position < len(self._lexemes):
            kind, lexeme, line = self._lexemes[self._position]
            self._position += 1
            if kind != "sign":
                begun = begun if words else line
                words.append(lexeme)
            elif lexeme == "}":
                self._nothing_left(words, line)
                if depth == 0:
                    raise Unavailable(f"{self._path}:{line}: a brace closes nothing")
                return
            else:
                yield from self._directive(tuple(words), Location(self._path, begun), lexeme, depth)
                words = []
        self._nothing_left(words, begun)
        if depth > 0:
            raise Unavailable(f"{self._path}: a block is not closed")

    def _directive(self, words: tuple[str, ...], at: Location, sign: str, depth: int) -> Iterator[Directive]:
        if sign == "{":
            yield Directive(words or ("",), at, tuple(self.directives(depth + 1)))
        elif words[:1] == ("include",) and len(words) == 2:
            for path, text in self._include(words[1], at):
                yield from _Parser(text, path, self._include).directives(0)
        elif words:
            yield Directive(words, at)

    def _nothing_left(self, words: list[str], line: int) -> None:
        if words:
            raise Unavailable(f"{self._path}:{line}: {words[0][:40]} has no end")


def _lexemes(text: str, path: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or ""
        lexeme = match.group()
        if kind == "text":
            yield kind, re.sub(r"\\(.)", r"\1", lexeme[1:-1], flags=re.DOTALL), line
        elif kind in ("sign", "word"):
            yield kind, lexeme, line
        elif kind == "open":
            raise Unavailable(f"{path}:{line}: a quote is not closed")
        line += lexeme.count("\n")
