"""The scanner under all languages of scripts: it knows names, numbers and signs, and asks the language for its texts.

Sizes and depths are bounded.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from firmward.formats.script_tokens import Kind, Token, Tokens

SIZE_LIMIT = 1 << 20
DEPTH_LIMIT = 6
"""Texts with code in them within each other."""

VALUE_BEFORE = frozenset((")", "]", "}"))
BEFORE_PATTERN = frozenset("return split grep if unless and or not x case typeof in while until when join map".split())  # noqa: SIM905

Reader = Callable[["Scanner", int, int], int | None]
"""Reads what begins at a position, and says where it ends; None where it is no such thing."""


@dataclass(frozen=True, slots=True)
class Language:
    """`skip` is what says nothing, `variable` has the name in its last group, `readers` know texts."""

    skip: re.Pattern[str]
    variable: re.Pattern[str] | None
    readers: tuple[Reader, ...]
    newlines: bool = False


NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:(?:::|\\)[A-Za-z_][A-Za-z0-9_]*)*")
NUMBER = re.compile(r"\d[\w.]*")
SIGN = re.compile(r"===|!==|<=>|\*\*=|<<=|>>=|\.\.\.|\?->|[=!<>]=|=>|=~|!~|->|::|~=|&&|\|\||\?\?=?|[.+\-*/%|&^]=|\.\.|"
                  r"<<|>>|[^\s\w]")  # fmt: skip


class Lines:
    """The line of a position, asked for in rising order mostly."""

    def __init__(self, text: str, first: int = 1) -> None:
        self._text = text
        self._position = 0
        self._line = first
        self._first = first

    def at(self, position: int) -> int:
        if position < self._position:
            self._position, self._line = 0, self._first
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line


class Scanner:
    def __init__(self, text: str, lines: Lines, language: Language, found: Tokens, depth: int) -> None:
        self.text = text
        self.lines = lines
        self.language = language
        self.found = found
        self.depth = depth

    def run(self, position: int, limit: int, stop: str | None = None) -> int:
        text, language = self.text, self.language
        while position < limit:
            if stop is not None and text.startswith(stop, position):
                return position + len(stop)
            sign = text[position]
            if sign in " \t\r\f\v":
                position += 1
            elif sign == "\n":
                if language.newlines:
                    self.add(Kind.NEWLINE, "\n", position)
                position += 1
            elif skipped := language.skip.match(text, position):
                position = max(skipped.end(), position + 1)
            else:
                position = self._token(position, limit)
        return limit

    def add(
        self, kind: Kind, text: str, position: int, inside: tuple[Token, ...] = (), change: str | None = None
    ) -> None:
        self.found.tokens.append(Token(kind, text, self.lines.at(position), inside, change))

    @property
    def last(self) -> Token | None:
        return self.found.tokens[-1] if self.found.tokens else None

    def _token(self, position: int, limit: int) -> int:
        for reader in self.language.readers:
            end = reader(self, position, limit)
            if end is not None:
                return max(end, position + 1)
        text = self.text
        variable = self.language.variable
        if variable is not None and (match := variable.match(text, position)):
            self.add(Kind.VARIABLE, match[match.lastindex or 0], position)
        elif match := NAME.match(text, position):
            self.add(Kind.NAME, match[0], position)
        elif match := NUMBER.match(text, position):
            self.add(Kind.NUMBER, match[0], position)
        elif match := SIGN.match(text, position):
            self.add(Kind.SIGN, match[0], position)
        else:
            return position + 1
        return match.end()

    def inner(self, code: str, line: int) -> tuple[Token, ...]:
        """The tokens of code within a text."""
        if self.depth >= DEPTH_LIMIT:
            return ()
        found = Tokens()
        Scanner(code, Lines(code, line), self.language, found, self.depth + 1).run(0, len(code))
        return tuple(token for token in found.tokens if token.kind is not Kind.NEWLINE)

    def lose(self, position: int, what: str) -> None:
        if len(self.found.problems) < 20:
            self.found.problems.append(f"line {self.lines.at(position)}: {what} is not closed")


def whole(text: str, language: Language) -> Tokens:
    found = Tokens()
    start = text.find("\n") if text.startswith("#!") else 0
    Scanner(text, Lines(text), language, found, 0).run(max(start, 0), min(len(text), SIZE_LIMIT))
    return bounded(found, text)


def bounded(found: Tokens, text: str) -> Tokens:
    if len(text) > SIZE_LIMIT:
        found.problems.append(f"longer than {SIZE_LIMIT} characters: the end was not read")
    return found


def end_of(text: str, position: int, closing: str, limit: int) -> int:
    """Where a text that is open at a position closes, backslashes heeded; -1 if it does not."""
    while position < limit:
        found = text.find(closing, position, limit)
        if found < 0:
            return -1
        escapes = 0
        while found - escapes > position and text[found - escapes - 1] == "\\":
            escapes += 1
        if escapes % 2 == 0:
            return found
        position = found + 1
    return -1


def quoted(scanner: Scanner, position: int, limit: int) -> tuple[str, int]:
    """The text that a sign opens at a position, and where it ends; one that is not closed is told, and goes to the
    limit."""
    end = end_of(scanner.text, position + 1, scanner.text[position], limit)
    if end < 0:
        scanner.lose(position, "a text")
        end = limit
    return scanner.text[position + 1 : end], end + 1


def slashed(scanner: Scanner, position: int, limit: int) -> int | None:
    """Reads a pattern between slashes, and says where it ends; None where the slash divides."""
    end = -1 if may_divide(scanner) else pattern_end(scanner.text, position + 1, limit)
    if end < 0:
        return None
    scanner.add(Kind.PATTERN, scanner.text[position + 1 : end], position)
    return end + 1


def may_divide(scanner: Scanner) -> bool:
    """After a value a slash divides; else it opens a pattern."""
    last = scanner.last
    if last is None:
        return False
    if last.kind is Kind.NAME:
        return last.text not in BEFORE_PATTERN
    return last.kind in (Kind.VARIABLE, Kind.NUMBER, Kind.TEXT) or last.text in VALUE_BEFORE


def pattern_end(text: str, position: int, limit: int) -> int:
    """The slash that closes a pattern on the same line; a class may hold slashes."""
    in_class = False
    while position < limit and text[position] != "\n":
        sign = text[position]
        if sign == "\\":
            position += 1
        elif sign == "[":
            in_class = True
        elif sign == "]":
            in_class = False
        elif sign == "/" and not in_class:
            return position
        position += 1
    return -1
