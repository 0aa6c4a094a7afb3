"""The tokens of PHP, Lua, Perl and JavaScript (and OpenWrt's ucode), as far as following a value needs them.

Rules, from the languages' references: comments and what stands outside of code are left out; a text knows which
variables are put into it. Any text can be read: what is not understood is a sign of its own, a text that is not closed
runs to the end and is named in `problems`. Sizes and depths are bounded.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

SIZE_LIMIT = 1 << 20
HEREDOC_LIMIT = 50_000
"""Characters in which a Perl here-document must end."""
DEPTH_LIMIT = 6
"""Texts with code in them within each other."""


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


def php(text: str) -> Tokens:
    """The code between `<?php` or `<?=` and `?>`; what is outside is printed as it stands."""
    found = Tokens()
    position, limit = 0, min(len(text), SIZE_LIMIT)
    lines = _Lines(text)
    for opening in re.finditer(r"<\?(?:php\b|=|(?=[\s]))", text[:limit]):
        if opening.start() < position:
            continue
        scanner = _Scanner(text, lines, PHP, found, 0)
        position = scanner.run(opening.end(), limit, stop="?>")
        found.tokens.append(Token(Kind.SIGN, ";", lines.at(position - 1)))
    return _bounded(found, text)


def lua(text: str) -> Tokens:
    return _whole(text, LUA)


def perl(text: str) -> Tokens:
    end = re.search(r"^__(?:END|DATA)__$", text, re.MULTILINE)
    return _whole(text[: end.start()] if end else text, PERL)


def javascript(text: str) -> Tokens:
    return _whole(text, JAVASCRIPT)


def _whole(text: str, language: "_Language") -> Tokens:
    found = Tokens()
    start = text.find("\n") if text.startswith("#!") else 0
    _Scanner(text, _Lines(text), language, found, 0).run(max(start, 0), min(len(text), SIZE_LIMIT))
    return _bounded(found, text)


def _bounded(found: Tokens, text: str) -> Tokens:
    if len(text) > SIZE_LIMIT:
        found.problems.append(f"longer than {SIZE_LIMIT} characters: the end was not read")
    return found


class _Lines:
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


Reader = Callable[["_Scanner", int, int], int | None]
"""Reads what begins at a position, and says where it ends; None where it is no such thing."""


@dataclass(frozen=True, slots=True)
class _Language:
    """`skip` is what says nothing, `variable` has the name in its last group, `readers` know texts."""

    skip: re.Pattern[str]
    variable: re.Pattern[str] | None
    readers: tuple[Reader, ...]
    newlines: bool = False


NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:(?:::|\\)[A-Za-z_][A-Za-z0-9_]*)*")
NUMBER = re.compile(r"\d[\w.]*")
SIGN = re.compile(r"===|!==|<=>|\*\*=|<<=|>>=|\.\.\.|\?->|[=!<>]=|=>|=~|!~|->|::|~=|&&|\|\||\?\?=?|[.+\-*/%|&^]=|\.\.|"
                  r"<<|>>|[^\s\w]")  # fmt: skip


class _Scanner:
    def __init__(self, text: str, lines: _Lines, language: _Language, found: Tokens, depth: int) -> None:
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
        _Scanner(code, _Lines(code, line), self.language, found, self.depth + 1).run(0, len(code))
        return tuple(token for token in found.tokens if token.kind is not Kind.NEWLINE)

    def lose(self, position: int, what: str) -> None:
        if len(self.found.problems) < 20:
            self.found.problems.append(f"line {self.lines.at(position)}: {what} is not closed")


def _end_of(text: str, position: int, closing: str, limit: int) -> int:
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


# PHP

PHP_PART = re.compile(r"\{\$|\$\{?(\w+)\}?((?:\[[^\]\n]*\]|->\w+)?)")
HEREDOC = re.compile(r"<<<[ \t]*(['\"]?)(\w+)\1[^\n]*\n")


def _php_parts(scanner: _Scanner, body: str, line: int) -> tuple[Token, ...]:
    inside: list[Token] = []
    position = 0
    while match := PHP_PART.search(body, position):
        position = match.end()
        if match[1] is None:
            end = body.find("}", position)
            code = "$" + body[position : end if end >= 0 else len(body)]
            position = end + 1 if end >= 0 else len(body)
        elif match.start() and body[match.start() - 1] == "\\":
            continue
        else:
            code = f"${match[1]}{match[2]}"
        inside += scanner.inner(code, line)
    return tuple(inside)


def _php_text(scanner: _Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    sign = text[position]
    if sign in "'\"`":
        end = _end_of(text, position + 1, sign, limit)
        if end < 0:
            scanner.lose(position, "a text")
            end = limit
        body = text[position + 1 : end]
        inside = () if sign == "'" else _php_parts(scanner, body, scanner.lines.at(position))
        scanner.add(Kind.SHELL if sign == "`" else Kind.TEXT, body, position, inside)
        return end + 1
    if text.startswith("<<<", position) and (match := HEREDOC.match(text, position)):
        closing = re.compile(rf"^[ \t]*{match[2]}\b", re.MULTILINE).search(text, match.end() - 1, limit)
        end = closing.start() if closing else limit
        body = text[match.end() : end]
        inside = () if match[1] == "'" else _php_parts(scanner, body, scanner.lines.at(position))
        scanner.add(Kind.TEXT, body, position, inside)
        return closing.end() if closing else limit
    return None


PHP = _Language(
    re.compile(r"//(?:(?!\?>)[^\n])*|\#(?!\[)(?:(?!\?>)[^\n])*|/\*.*?(?:\*/|\Z)", re.DOTALL),
    re.compile(r"\$+(\w+)"),
    (_php_text,),
)

# Lua

LONG = re.compile(r"\[(=*)\[")


def _lua_text(scanner: _Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    sign = text[position]
    if sign in "'\"":
        end = _end_of(text, position + 1, sign, limit)
        if end < 0:
            scanner.lose(position, "a text")
            end = limit
        scanner.add(Kind.TEXT, text[position + 1 : end], position)
        return end + 1
    if sign == "[" and (match := LONG.match(text, position)):
        end = text.find(f"]{match[1]}]", match.end(), limit)
        end = end if end >= 0 else limit
        scanner.add(Kind.TEXT, text[match.end() : end], position)
        return end + len(match[1]) + 2
    return None


LUA = _Language(re.compile(r"--\[(=*)\[.*?(?:\]\1\]|\Z)|--[^\n]*", re.DOTALL), None, (_lua_text,), newlines=True)

# JavaScript and ucode

VALUE_BEFORE = frozenset((")", "]", "}"))
BEFORE_PATTERN = frozenset("return split grep if unless and or not x case typeof in while until when join map".split())  # noqa: SIM905


def _may_divide(scanner: _Scanner) -> bool:
    """After a value a slash divides; else it opens a pattern."""
    last = scanner.last
    if last is None:
        return False
    if last.kind is Kind.NAME:
        return last.text not in BEFORE_PATTERN
    return last.kind in (Kind.VARIABLE, Kind.NUMBER, Kind.TEXT) or last.text in VALUE_BEFORE


def _pattern_end(text: str, position: int, limit: int) -> int:
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


def _javascript_text(scanner: _Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    sign = text[position]
    if sign in "'\"`":
        end = _end_of(text, position + 1, sign, limit)
        if end < 0:
            scanner.lose(position, "a text")
            end = limit
        body = text[position + 1 : end]
        inside: tuple[Token, ...] = ()
        if sign == "`":
            line = scanner.lines.at(position)
            inside = tuple(token for code in re.findall(r"\$\{([^}]*)\}", body) for token in scanner.inner(code, line))
        scanner.add(Kind.TEXT, body, position, inside)
        return end + 1
    if sign == "/" and not _may_divide(scanner):
        end = _pattern_end(text, position + 1, limit)
        if end >= 0:
            scanner.add(Kind.PATTERN, text[position + 1 : end], position)
            return end + 1
    return None


JAVASCRIPT = _Language(
    re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\{%[-+]?|[-+]?%\}", re.DOTALL), None, (_javascript_text,), newlines=True
)

# Perl

PERL_PART = re.compile(
    r"(\\*)(?:@\{\[(.{0,500}?)\]\}|[$@](?:\{\^?(\w+)\}|(\w+|\$\w+)|[&1-9])((?:(?:->)?(?:\{[^{}\n]*\}|\[[^\[\]\n]*\]))*))",
    re.DOTALL,
)
QUOTE = re.compile(r"(qq|qx|qw|qr|q|m|s|tr|y)(\s*)(?=[^\w\s,;)])")
BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
PERL_HEREDOC = re.compile(r"<<(~?)(?:(['\"])([^'\"\n]*)\2|([A-Za-z_]\w*))")


def _perl_parts(scanner: _Scanner, body: str, line: int) -> tuple[Token, ...]:
    inside: list[Token] = []
    for match in PERL_PART.finditer(body):
        if len(match[1]) % 2:
            continue
        code = match[2] if match[2] is not None else f"${match[3] or match[4] or '_'}{match[5] or ''}"
        inside += scanner.inner(code, line)
    return tuple(inside)


def _delimited(text: str, position: int, limit: int) -> tuple[str, int]:
    """What stands between the sign at a position and the one that closes it, and where that ends."""
    opening = text[position]
    closing = BRACKETS.get(opening)
    if closing is None:
        end = _end_of(text, position + 1, opening, limit)
        return (text[position + 1 : end], end + 1) if end >= 0 else (text[position + 1 : limit], limit)
    level, here = 1, position + 1
    while here < limit:
        sign = text[here]
        if sign == "\\":
            here += 1
        elif sign == opening:
            level += 1
        elif sign == closing:
            level -= 1
            if level == 0:
                return text[position + 1 : here], here + 1
        here += 1
    return text[position + 1 : limit], limit


def _perl_quote(scanner: _Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    match = QUOTE.match(text, position)
    last = scanner.last
    if match is None or (position and (text[position - 1].isalnum() or text[position - 1] in "_$@%&>")):
        return None
    is_key = last is not None and last.text == "{" and text[match.end() : match.end() + 1] == "}"
    if is_key or text.startswith(("=>", "="), match.end()) or (match[2] and text[match.end()] in "#$@%&"):
        return None
    kind = match[1]
    body, end = _delimited(text, match.end(), limit)
    change = None
    if kind in ("s", "tr", "y"):
        start = end
        if text[match.end()] in BRACKETS:
            while start < limit and text[start].isspace():
                start += 1
            change, end = _delimited(text, start, limit) if start < limit else ("", limit)
        else:
            change, end = _delimited(text, end - 1, limit)
    flags = re.compile(r"[a-z]*").match(text, end) if kind in ("s", "tr", "y", "m", "qr") else None
    _add_quoted(scanner, kind, body, position, change, flags[0] if flags else "")
    return flags.end() if flags else end


def _add_quoted(scanner: _Scanner, kind: str, body: str, position: int, change: str | None, flags: str) -> None:
    if kind in ("tr", "y"):
        scanner.add(Kind.PATTERN, f"[^{body}]" if "c" in flags else body, position, (), change if "d" in flags else "x")
    elif kind in ("s", "m", "qr"):
        scanner.add(Kind.PATTERN, body, position, (), change)
    else:
        inside = _perl_parts(scanner, body, scanner.lines.at(position)) if kind in ("qq", "qx") else ()
        scanner.add(Kind.SHELL if kind == "qx" else Kind.TEXT, body, position, inside)


def _perl_text(scanner: _Scanner, position: int, limit: int) -> int | None:
    text = scanner.text
    sign = text[position]
    if sign in "'\"`":
        if sign == "'" and position and text[position - 1].isalnum():
            return None
        end = _end_of(text, position + 1, sign, limit)
        if end < 0:
            scanner.lose(position, "a text")
            end = limit
        body = text[position + 1 : end]
        inside = () if sign == "'" else _perl_parts(scanner, body, scanner.lines.at(position))
        scanner.add(Kind.SHELL if sign == "`" else Kind.TEXT, body, position, inside)
        return end + 1
    if sign == "/" and not _may_divide(scanner):
        end = _pattern_end(text, position + 1, limit)
        if end >= 0:
            scanner.add(Kind.PATTERN, text[position + 1 : end], position)
            return end + 1
    if sign == "<" and (match := PERL_HEREDOC.match(text, position)):
        return _perl_heredoc(scanner, match, position, limit)
    return None


def _perl_heredoc(scanner: _Scanner, match: re.Match[str], position: int, limit: int) -> int | None:
    """Its text begins on the next line; the rest of this line is read before it."""
    text = scanner.text
    name = match[3] if match[3] is not None else match[4]
    line_end = text.find("\n", position, limit)
    if line_end < 0 or name in scanner.found.endless:
        return None
    closing = re.compile(rf"^{'[ ]*' if match[1] else ''}{re.escape(name)}$", re.MULTILINE).search(
        text, line_end, min(limit, line_end + HEREDOC_LIMIT)
    )
    if closing is None:
        scanner.found.endless.add(name)
        return None
    body = text[line_end + 1 : closing.start()]
    inside = () if match[2] == "'" else _perl_parts(scanner, body, scanner.lines.at(position))
    scanner.add(Kind.TEXT, body, position, inside)
    scanner.run(match.end(), line_end)
    return closing.end()


PERL = _Language(
    re.compile(r"(?<!\$)\#[^\n]*|(?:(?<=\n)|\A)=[a-zA-Z].*?(?:\n=cut\b[^\n]*|\Z)", re.DOTALL),
    re.compile(r"[$@%](?:\#?\$?\{\^?(\w+)\}|\#?\$*(\w+(?:::\w+)*)|(?<=\$)([\]!&/\\,;.|<>@]))"),
    (_perl_quote, _perl_text),
)


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
