"""The words of a POSIX shell script: quoting, expansions, operators, here-documents.

Rules, from the Shell Command Language of POSIX (XCU chapter 2), with the few forms of bash and ash that start scripts
use. A word is a row of parts; what an expansion stands for is not decided here. Anything can be read: a quote or a
bracket that is not closed runs to the end and is named in `problems`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

DEPTH_LIMIT = 24
"""Expansions within expansions; what lies deeper is kept as plain text."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name` or `${name<operator>argument}`; `${#name}` has the operator `length`."""

    name: str
    operator: str = ""
    argument: "Word | None" = None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(...)` or backquotes, with the script inside; arithmetic has its inner bracket still on."""

    script: str
    quoted: bool = False


Part = Text | Parameter | Substitution


@dataclass(frozen=True, slots=True)
class Word:
    parts: tuple[Part, ...]
    line: int

    @property
    def plain(self) -> str | None:
        """The text of a word without quotes and expansions, as reserved words are; None for any other."""
        match self.parts:
            case (Text(text, False),):
                return text
        return None

    @property
    def literal(self) -> str | None:
        """The text of a word without expansions, quotes removed."""
        texts = [part.text for part in self.parts if isinstance(part, Text)]
        return "".join(texts) if len(texts) == len(self.parts) else None


class Kind(StrEnum):
    WORD = "word"
    OPERATOR = "operator"
    REDIRECT = "redirect"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, an operator (a line's end is the operator `\\n`), or a redirection sign.

    `joined` says that nothing stands between it and the token before; `document` is a here-document's text.
    """

    kind: Kind
    text: str
    line: int
    word: Word = Word((), 0)
    joined: bool = False
    document: str | None = None


_BLANK = re.compile(r"(?:[ \t\r\f\v]|\\\n)+")
_OPERATOR = re.compile(r";;&|;;|;&|&&|\|\||\|&|[;&|()\n]")
_REDIRECT = re.compile(r"(?:[0-9]*)(?:<<<|<<-|<<|<>|<&|>>|>&|>\||<|>)|&>>|&>")
_PLAIN = re.compile(r"[^\s;&|()<>'\"\\$`]+")
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]|[@*#?$!-]")
_BRACED = re.compile(r"(#?)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(:?[-=?+]|##?|%%?|//?|\^\^?|,,?|:|\[|@)?", re.ASCII)


class Lexer:
    """Cuts a script into tokens; `problems` fills as it goes."""

    def __init__(self, text: str, first_line: int = 1) -> None:
        self._text = text
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._first_line = first_line
        self.problems: list[str] = []

    def tokens(self) -> list[Token]:
        found: list[Token] = []
        waiting: list[int] = []
        position = 0
        end = 0
        while position < len(self._text):
            if blank := _BLANK.match(self._text, position):
                position = blank.end()
                continue
            if self._text[position] == "#":
                position = self._line_end(position)
                continue
            token, after = self._token(position, joined=position == end)
            found.append(token)
            position = end = max(after, position + 1)
            if token.kind is Kind.REDIRECT and token.text.endswith(("<<", "<<-")):
                waiting.append(len(found) - 1)
            if token.text == "\n" and waiting:
                position = self._documents(found, waiting, position)
                waiting = []
        return found

    def line(self, position: int) -> int:
        return self._first_line + bisect_right(self._breaks, position - 1)

    def _token(self, position: int, joined: bool) -> tuple[Token, int]:
        line = self.line(position)
        if redirect := _REDIRECT.match(self._text, position):
            return Token(Kind.REDIRECT, redirect.group(), line, joined=joined), redirect.end()
        if operator := _OPERATOR.match(self._text, position):
            return Token(Kind.OPERATOR, operator.group(), line, joined=joined), operator.end()
        word, after = self._word(position)
        return Token(Kind.WORD, word.plain or "", line, word, joined), after

    def _line_end(self, position: int) -> int:
        end = self._text.find("\n", position)
        return len(self._text) if end < 0 else end

    def _documents(self, found: list[Token], waiting: list[int], position: int) -> int:
        """Take the here-documents that begin after this line off the text."""
        for index in waiting:
            delimiter = found[index + 1].word.literal if index + 1 < len(found) else None
            if delimiter is not None:
                start = position
                end, position = self._document(start, delimiter, tabs=found[index].text.endswith("-"))
                found[index] = replace(found[index], document=self._text[start:end])
        return position

    def _document(self, start: int, delimiter: str, tabs: bool) -> tuple[int, int]:
        """Where a here-document ends, and where the text goes on."""
        for begin, end in self._lines(start):
            row = self._text[begin:end].rstrip("\n")
            if (row.lstrip("\t") if tabs else row) == delimiter:
                return begin, end
        self._problem(start, f"here-document {delimiter!r} does not end")
        return len(self._text), len(self._text)

    def _lines(self, position: int) -> Iterator[tuple[int, int]]:
        """Start and end of each line, its line break included."""
        while position < len(self._text):
            end = min(self._line_end(position) + 1, len(self._text))
            yield position, end
            position = end

    def _problem(self, position: int, what: str) -> None:
        self.problems.append(f"line {self.line(position)}: {what}")

    def _word(self, position: int) -> tuple[Word, int]:
        line = self.line(position)
        parts: list[Part] = []
        while position < len(self._text):
            sign = self._text[position]
            if sign.isspace() or sign in ";&|()<>":
                break
            position = self._part(position, parts)
        return Word(_joined(parts), line), position

    def _part(self, position: int, parts: list[Part]) -> int:
        text = self._text
        sign = text[position]
        if plain := _PLAIN.match(text, position):
            parts.append(Text(plain.group()))
            return plain.end()
        if sign == "'":
            return self._single(position + 1, parts)
        if sign == '"':
            return self._double(position + 1, parts)
        if sign == "\\":
            if text[position + 1 : position + 2] != "\n":
                parts.append(Text(text[position + 1 : position + 2], quoted=True))
            return position + 2
        if sign == "$" and text[position + 1 : position + 2] == "'":
            return self._single(position + 2, parts)
        return self._expansion(position, parts, quoted=False)

    def _single(self, position: int, parts: list[Part]) -> int:
        end = self._text.find("'", position)
        if end < 0:
            self._problem(position, "a ' is not closed")
            end = len(self._text)
        parts.append(Text(self._text[position:end], quoted=True))
        return end + 1

    def _double(self, position: int, parts: list[Part]) -> int:
        start = position
        parts.append(Text("", quoted=True))
        while position < len(self._text):
            sign = self._text[position]
            if sign == '"':
                return position + 1
            if plain := _IN_QUOTES.match(self._text, position):
                parts.append(Text(plain.group(), quoted=True))
                position = plain.end()
            elif sign == "\\":
                parts.append(Text(_escaped(self._text[position + 1 : position + 2]), quoted=True))
                position += 2
            else:
                position = self._expansion(position, parts, quoted=True)
        self._problem(start, 'a " is not closed')
        return position

    def _expansion(self, position: int, parts: list[Part], quoted: bool) -> int:
        part, end = _expansion(self._text, position, quoted, 0)
        if end > len(self._text):
            self._problem(position, "an expansion is not closed")
        parts.append(part)
        return min(end, len(self._text))


def word(text: str, line: int, quoted: bool = False, depth: int = 0) -> Word:
    """A text taken as one word: the argument of an expansion, or the value in an environment file."""
    parts: list[Part] = []
    position = 0
    while position < len(text):
        position = _argument_part(text, position, parts, quoted, depth)
    return Word(_joined(parts), line)


def _argument_part(text: str, position: int, parts: list[Part], quoted: bool, depth: int) -> int:
    sign = text[position]
    if sign in "$`":
        part, end = _expansion(text, position, quoted, depth)
        parts.append(part)
        return end
    if sign == '"':
        end = _quote_end(text, position)
        parts.append(Text("", quoted=True))
        if depth < DEPTH_LIMIT:
            parts.extend(word(text[position + 1 : end - 1], 0, quoted=True, depth=depth + 1).parts)
        return end
    if sign == "'" and not quoted:
        end = _quote_end(text, position)
        parts.append(Text(text[position + 1 : end - 1], quoted=True))
        return end
    if sign == "\\":
        parts.append(Text(text[position + 1 : position + 2], quoted=True))
        return position + 2
    run = re.compile(r"[^$`\"'\\]+").match(text, position)
    parts.append(Text(run.group() if run else sign, quoted))
    return run.end() if run else position + 1


def _expansion(text: str, position: int, quoted: bool, depth: int) -> tuple[Part, int]:
    """The expansion at a `$` or a backquote, and where it ends: behind the text when it is not closed."""
    if text[position] == "`":
        end = _backquote_end(text, position + 1)
        return Substitution(text[position + 1 : end].replace("\\`", "`"), quoted), end + 1
    following = text[position + 1 : position + 2]
    if following == "(":
        end = _closing(text, position + 2, "(", ")")
        return Substitution(text[position + 2 : end], quoted), end + 1
    if following == "{":
        end = _closing(text, position + 2, "{", "}")
        return _braced(text[position + 2 : end], quoted, depth), end + 1
    if name := _NAME.match(text, position + 1):
        return Parameter(name.group(), quoted=quoted), name.end()
    return Text("$", quoted), position + 1


def _braced(inside: str, quoted: bool, depth: int) -> Part:
    match = _BRACED.match(inside)
    if match is None or depth >= DEPTH_LIMIT:
        return Text("${" + inside + "}", quoted)
    length, name, operator = match.groups()
    rest = inside[match.end() :]
    if length and not operator and not rest:
        return Parameter(name, "length", None, quoted)
    if length and name in "-?+=":  # ${#-x}: the number of arguments, with a default
        return Parameter("#", name, word(inside[2:], 0, quoted, depth + 1), quoted)
    if not operator:
        return Parameter(name, "" if not rest else "unknown", None, quoted)
    # patterns after # and % keep their own quoting; the rest follows the quotes around
    follows = quoted and operator[0] not in "#%"
    return Parameter(name, operator, word(rest, 0, follows, depth + 1), quoted)


def _closing(text: str, position: int, opening: str, closing: str) -> int:
    """Where the bracket that is open at `position` closes, quotes heeded; the text's length when it does not."""
    level = 1
    while position < len(text):
        sign = text[position]
        if sign in "'\"`":
            position = _quote_end(text, position)
            continue
        if sign == "\\":
            position += 2
            continue
        level += (sign == opening) - (sign == closing)
        if level == 0:
            return position
        position += 1
    return len(text)


def _quote_end(text: str, position: int) -> int:
    """Just behind the quote that opens at a position; one further than the text when it does not close."""
    sign = text[position]
    position += 1
    while position < len(text) and text[position] != sign:
        position += 2 if text[position] == "\\" and sign != "'" else 1
    return min(position, len(text)) + 1


def _backquote_end(text: str, position: int) -> int:
    while position < len(text) and text[position] != "`":
        position += 2 if text[position] == "\\" else 1
    return min(position, len(text))


def _escaped(sign: str) -> str:
    """What a backslash and this sign stand for within double quotes."""
    if sign == "\n":
        return ""
    return sign if sign in '$`"\\' else "\\" + sign


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Neighbouring texts of one kind made one, so that a word without quotes is one part."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Text) and isinstance(last, Text) and part.quoted == last.quoted:
            joined[-1] = Text(last.text + part.text, part.quoted)
        else:
            joined.append(part)
    return tuple(joined)
