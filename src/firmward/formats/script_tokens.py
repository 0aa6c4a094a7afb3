"""The tokens of PHP, Lua, Perl and JavaScript (and OpenWrt's ucode), as far as following a value needs them.

Rules, from the languages' references: comments and what stands outside of code are left out; a text knows which
variables are put into it. Any text can be read: what is not understood is a sign of its own, a text that is not closed
runs to the end and is named in `problems`. Each language has a file of its own (php_tokens.py and so on).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}


class Kind(StrEnum):
    VARIABLE = "variable"
    NAME = "name"
    NUMBER = "number"
    TEXT = "text"
    SHELL = "shell"
    """A text that the shell is given: backquotes, qx."""
    PATTERN = "pattern"
    """A regular expression; `change` says what a substitution leaves in its place."""
    SIGN = "sign"
    NEWLINE = "newline"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is a variable's name without its sign, or a text without its quotes, `inside` the code put into that."""

    kind: Kind
    text: str
    line: int
    inside: "tuple[Token, ...]" = ()
    change: str | None = None


@dataclass(slots=True)
class Tokens:
    """All tokens of a script, and what of it could not be understood."""

    tokens: list[Token] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    endless: set[str] = field(default_factory=set)
    """Names of here-documents that do not end."""


def sides(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Each opening bracket's place with that of the one that closes it; unmatched ones are left out."""
    opened: list[tuple[str, int]] = []
    for place, token in enumerate(tokens):
        if token.kind is not Kind.SIGN:
            continue
        if token.text in BRACKETS and token.text != "<":
            opened.append((BRACKETS[token.text], place))
        elif token.text in (")", "]", "}"):
            while opened:
                closing, start = opened.pop()
                if closing == token.text:
                    yield start, place
                    break
