"""The words of Kconfig files: lines that go on, quotes, comments, and macros (the kernel's kconfig-macro-language).

A macro is text: `$(name)` is what was assigned to the name or given from outside, `$(name,argument)` what was assigned
with `$(1)` filled in. What a program would have to be started for (`shell`, and all that is made of it) is not known,
and so is a word in which it stands.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from firmward.formats.kconfig_expression import Token
from firmward.formats.malformed import Malformed

EXPANDED_LIMIT = 16 << 10
"""Characters that a macro may become."""
WORK_LIMIT = 64 << 20
"""Characters that all macros may become; each counts as 64 at least."""
DEPTH_LIMIT = 12
"""Macros within macros."""
LINE_LIMIT = 64 << 10
"""Characters of a line with those that it goes on with."""

SAYING = frozenset(("info", "warning-if", "error-if"))
"""Functions that stand for nothing."""

_OPERATOR = re.compile(r"&&|\|\||!=|<=|>=|[!=<>()]")
_SPACE = re.compile(r"[ \t\r\f\v]+")
_BARE = re.compile(r"[^\s&|!=<>()\"'#$]+")
_QUOTED = re.compile(r"[^\\$\"']+")
_MACRO_OR_BRACKET = re.compile(r"[()]")


class Line(NamedTuple):
    """A line without its break, `number` counted from 1; lines that go on are one, with the number of the first."""

    number: int
    text: str


def lines_of(text: str) -> Iterator[Line]:
    """The lines of a file; those that end in a backslash are joined with the next. Raises Malformed for one too long.

    Joining is left out for text of `help`: the caller takes that from the file itself.
    """
    kept: list[str] = []
    first = size = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not kept:
            first = number
        size += len(line)
        if size > LINE_LIMIT:
            raise Malformed(f"line {first} is longer than {LINE_LIMIT} characters")
        if line.endswith("\\"):
            kept.append(line[:-1])
            continue
        yield Line(first, "".join([*kept, line]))
        kept, size = [], 0


class Macros:
    """What names of macros stand for."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self._assigned: dict[str, str | None] = {}
        self._left = WORK_LIMIT

    def assign(self, name: str, operator: str, text: str) -> None:
        """`=` keeps the text, `:=` what it now stands for, `+=` puts it behind what is there."""
        value = self.expand(text) if operator == ":=" else text
        if operator == "+=" and name in self._assigned:
            before = self._assigned[name]
            value = None if before is None else f"{before} {text}"
        self._assigned[name] = value if value is not None and len(value) <= EXPANDED_LIMIT else None

    def expand(self, text: str) -> str | None:
        """A text with its macros expanded; None when it is not known."""
        return self._expand(text, (), 0)

    def _expand(self, text: str, arguments: tuple[str, ...], depth: int) -> str | None:
        found: list[str] = []
        at = size = 0
        while (start := text.find("$", at)) >= 0:
            end = macro_end(text, start)
            if end is None:
                return None
            inside = self._named(text[start + 2 : end - 1], arguments, depth) if end > start + 1 else "$"
            if inside is None:
                return None
            self._left -= len(inside)
            found += [text[at:start], inside]
            size += start - at + len(inside)
            if size > EXPANDED_LIMIT:
                return None
            at = end
        return "".join([*found, text[at:]])

    def _named(self, inside: str, arguments: tuple[str, ...], depth: int) -> str | None:
        """What `$(inside)` stands for."""
        self._left -= 64
        if depth > DEPTH_LIMIT or self._left < 0:
            return None
        name, *given = _separated(inside)
        if name.isdecimal():
            return arguments[int(name) - 1] if len(name) < 3 and 0 < int(name) <= len(arguments) else ""
        if name in SAYING:
            return ""
        filled = [self._expand(argument, arguments, depth + 1) for argument in given]
        known = tuple(argument for argument in filled if argument is not None)
        if len(known) < len(filled):
            return None
        value = self._assigned[name] if name in self._assigned else self._given.get(name)
        return None if value is None else self._expand(value, known, depth + 1)


def macro_end(text: str, start: int) -> int | None:
    """Behind the macro whose `$` stands at `start`, brackets counted; None where they do not close.

    Just behind the `$` where none opens.
    """
    if text[start + 1 : start + 2] != "(":
        return start + 1
    level = 0
    for match in _MACRO_OR_BRACKET.finditer(text, start):
        level += 1 if match.group() == "(" else -1
        if level == 0:
            return match.end()
    return None


def _separated(inside: str) -> list[str]:
    """A name and its arguments; a comma within brackets does not part."""
    parts: list[str] = []
    level = last = 0
    for match in re.finditer(r"[(),]", inside):
        sign = match.group()
        level += {"(": 1, ")": -1, ",": 0}[sign]
        if sign == "," and level == 0:
            parts.append(inside[last : match.start()])
            last = match.end()
    return [*parts, inside[last:]]


def tokens_of(text: str, macros: Macros) -> list[Token]:
    """The words and operators of a line up to its comment. Raises Malformed for a quote that is not closed."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
        elif text[at] == "#":
            break
        elif text[at] in "\"'":
            token, at = _quoted(text, at, macros)
            found.append(token)
        elif operator := _OPERATOR.match(text, at):
            found.append(Token(operator.group(), is_word=False))
            at = operator.end()
        else:
            token, at = _bare(text, at, macros)
            found.append(token)
    return found


def _quoted(text: str, start: int, macros: Macros) -> tuple[Token, int]:
    sign = text[start]
    parts: list[str | None] = []
    at = start + 1
    while at < len(text):
        if text[at] == sign:
            whole = None if None in parts else "".join(part for part in parts if part is not None)
            return Token(whole, is_word=True, is_quoted=True), at + 1
        if text[at] == "\\":
            parts.append(text[at + 1 : at + 2])
            at += 2
        elif text[at] == "$":
            at = _macro(text, at, macros, parts)
        else:
            plain = _QUOTED.match(text, at)
            parts.append(plain.group() if plain else text[at])
            at = plain.end() if plain else at + 1
    raise Malformed("a quote is not closed")


def _macro(text: str, at: int, macros: Macros, parts: list[str | None]) -> int:
    end = macro_end(text, at)
    if end is None:
        raise Malformed("a macro is not closed")
    parts.append(macros.expand(text[at:end]))
    return end


def _bare(text: str, start: int, macros: Macros) -> tuple[Token, int]:
    parts: list[str | None] = []
    at = start
    while at < len(text):
        if text[at] == "$":
            at = _macro(text, at, macros, parts)
        elif plain := _BARE.match(text, at):
            parts.append(plain.group())
            at = plain.end()
        else:
            break
    if at == start:  # a single & or |
        return Token(text[at], is_word=False), at + 1
    return Token(None if None in parts else "".join(part for part in parts if part is not None), is_word=True), at
