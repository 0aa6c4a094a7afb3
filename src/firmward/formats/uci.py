"""OpenWrt's unified configuration files (etc/config/*).

Rules, from OpenWrt's documentation and the behaviour of libuci:

- `config TYPE [NAME]` opens a section; without a name it is anonymous and a section of its own. A named section that
  comes again adds to the first one.
- `option KEY VALUE` sets: the last one wins, and it replaces a list. `list KEY VALUE` adds to the list; an option that
  was there before becomes the list's first element.
- Words are quoted as in a shell: '...' is taken as it is, "..." and bare words know the backslash. Quotes may run over
  several lines. A `#` where a word may begin starts a comment.
- libuci refuses a file with a line that it does not know; we keep what is readable, for an auditor wants to see it, and
  `problems` names the rest.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Value:
    """One value and the line it stands on."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """A section; `name` is None when it is anonymous. An option holds one value, a list any number."""

    type: str
    name: str | None
    options: Mapping[str, tuple[Value, ...]]
    line: int

    def get(self, option: str) -> Value | None:
        """The option's value: the last one where it is a list."""
        values = self.options.get(option)
        return values[-1] if values else None

    def list(self, option: str) -> tuple[Value, ...]:
        """The list's values. A plain option counts as the words in it, as OpenWrt's scripts read it."""
        values = self.options.get(option, ())
        if len(values) != 1:
            return values
        return tuple(Value(word, values[0].line) for word in values[0].value.split())


@dataclass(frozen=True, slots=True)
class Configuration:
    """A file's sections in order, and what in it could not be read."""

    sections: tuple[Section, ...]
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    type: str
    name: str | None
    line: int
    options: dict[str, tuple[Value, ...]] = field(default_factory=dict)


def parse(text: str) -> tuple[Section, ...]:
    """The sections of a file."""
    return read(text).sections


def read(text: str) -> Configuration:
    """The sections of a file, and the lines that say nothing known."""
    drafts: list[_Draft] = []
    named: dict[str, _Draft] = {}
    problems = []
    current: _Draft | None = None
    for line, words in _statements(text):
        match words:
            case ["config", kind, *rest] if len(rest) < 2:
                current = _open(kind, rest[0] if rest else None, line, drafts, named)
            case ["option", key, value] if current is not None:
                current.options[key] = (Value(value, line),)
            case ["list", key, value] if current is not None:
                current.options[key] = (*current.options.get(key, ()), Value(value, line))
            case ["package", _]:
                current = None
            case _:
                problems.append(f"line {line}: {words[0][:40]} is not understood here")
    return Configuration(tuple(_finished(draft) for draft in drafts), tuple(problems))


def _open(kind: str, name: str | None, line: int, drafts: list[_Draft], named: dict[str, _Draft]) -> _Draft:
    known = named.get(name) if name else None
    if known is not None:
        known.type = kind
        return known
    draft = _Draft(kind, name or None, line)
    drafts.append(draft)
    if name:
        named[name] = draft
    return draft


def _finished(draft: _Draft) -> Section:
    return Section(draft.type, draft.name, draft.options, draft.line)


_GAP = re.compile(r"(?:[ \t\r\f\v]|\\\n)+")
_BARE = re.compile(r"[^ \t\r\f\v\n'\"\\]+")
_DOUBLE = re.compile(r"[^\"\\]+")


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """The words of each statement with the line it begins on."""
    position = 0
    line = 1
    words: list[str] = []
    begun = 1
    while position < len(text):
        start = position
        sign = text[position]
        if sign == "\n":
            if words:
                yield begun, words
            words = []
            position += 1
        elif gap := _GAP.match(text, position):
            position = gap.end()
        elif sign == "#":
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        else:
            begun = begun if words else line
            word, position = _word(text, position)
            words.append(word)
        line += text.count("\n", start, position)
    if words:
        yield begun, words


def _word(text: str, position: int) -> tuple[str, int]:
    """The word at a position, and where it ends. A quote that is not closed runs to the end of the text."""
    pieces = []
    # C's isspace, as libuci asks it: a no-break space is part of a word, and without that this would never end
    while position < len(text) and text[position] not in " \t\r\f\v\n":
        sign = text[position]
        if sign == "'":
            end = _end(text.find("'", position + 1), text)
            pieces.append(text[position + 1 : end])
            position = end + 1
        elif sign == '"':
            piece, position = _double(text, position + 1)
            pieces.append(piece)
        elif sign == "\\":
            pieces.append("" if text[position + 1 : position + 2] == "\n" else text[position + 1 : position + 2])
            position += 2
        elif bare := _BARE.match(text, position):
            pieces.append(bare.group())
            position = bare.end()
    return "".join(pieces), min(position, len(text))


def _double(text: str, position: int) -> tuple[str, int]:
    pieces = []
    while position < len(text) and text[position] != '"':
        if text[position] == "\\":
            pieces.append("" if text[position + 1 : position + 2] == "\n" else text[position + 1 : position + 2])
            position += 2
        elif plain := _DOUBLE.match(text, position):
            pieces.append(plain.group())
            position = plain.end()
    return "".join(pieces), position + 1


def _end(found: int, text: str) -> int:
    return len(text) if found < 0 else found
