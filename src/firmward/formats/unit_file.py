"""systemd's unit files, and the command lines in them.

Rules, from systemd.syntax(7), systemd.service(5) and systemd.unit(5): `#` and `;` begin comment lines; a backslash at a
line's end joins the next line with a blank, comment lines between them dropped. Command lines are split at blanks, with
both quotes and C's escapes; `;` as a word of its own parts two commands. `$NAME` as a word becomes none, one or several
words, `${NAME}` stands inside a word and is not split, `$$` is a dollar sign. `%` begins a specifier.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LINE_LIMIT = 1 << 20
"""Bytes of one joined line, as in systemd."""


@dataclass(frozen=True, slots=True)
class Setting:
    section: str
    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class UnitFile:
    """The settings in order, repeated keys and empty values kept, and the lines that are none."""

    settings: tuple[Setting, ...]
    problems: tuple[str, ...] = ()


def parse(text: str) -> UnitFile:
    settings: list[Setting] = []
    problems: list[str] = []
    section = ""
    for number, line in _joined(text.removeprefix("\ufeff")):
        if line.startswith("["):
            section = line[1:].rstrip("]").strip()
        elif "=" in line and section:
            key, _, value = line.partition("=")
            settings.append(Setting(section, key.strip(), value.strip(), number))
        else:
            problems.append(f"line {number}: neither a section nor a setting")
    return UnitFile(tuple(settings), tuple(problems))


def _joined(text: str) -> list[tuple[int, str]]:
    """The lines that count, continuation lines joined, with the number of their first line."""
    lines: list[tuple[int, str]] = []
    begun = 0
    parts: list[str] = []
    for number, row in enumerate(text.split("\n"), 1):
        line = row.strip()
        if line.startswith(("#", ";")) or (not line and not parts):
            continue
        begun = begun if parts else number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            lines.append((begun, " ".join(parts).strip()[:LINE_LIMIT]))
            parts = []
    if parts:
        lines.append((begun, " ".join(parts).strip()[:LINE_LIMIT]))
    return [(number, line) for number, line in lines if line]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command line; `quoted` as a whole or in part."""

    text: str
    quoted: bool = False


_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}
_CODE = re.compile(r"x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")


def split(text: str) -> tuple[Word, ...]:
    """The words of a command line, or of a list such as Environment=. A quote that is not closed runs to the end."""
    words: list[Word] = []
    pieces: list[str] = []
    quote = ""
    quoted = begun = False
    position = 0
    while position < len(text):
        sign = text[position]
        position += 1
        if sign == "\\" and position < len(text):
            piece, position = _escape(text, position)
            pieces.append(piece)
            quoted = begun = True
        elif sign == quote or (not quote and sign in "'\""):
            quote = "" if quote else sign
            quoted = begun = True
        elif sign.isspace() and not quote:
            if begun:
                words.append(Word("".join(pieces), quoted))
            pieces, quoted, begun = [], False, False
        else:
            pieces.append(sign)
            begun = True
    if begun:
        words.append(Word("".join(pieces), quoted))
    return tuple(words)


def _escape(text: str, position: int) -> tuple[str, int]:
    code = _CODE.match(text, position)
    if code is not None:
        digits, octal, *wide = code.groups()
        number = int(octal, 8) if octal else int(digits or wide[0] or wide[1], 16)
        return (chr(number) if number < 0xD800 or 0xE000 <= number < 0x110000 else ""), code.end()
    sign = text[position]
    if sign in _ESCAPES:
        return _ESCAPES[sign], position + 1
    return (sign if sign in "\\\"'; $" else "\\" + sign), position + 1


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`prefixes` are the signs before the program: `-` errors do not matter, `@` the second word is argv[0], `:` no
    variables, `+` and `!` with full rights."""

    prefixes: str
    words: tuple[Word, ...]


def commands(value: str) -> tuple[CommandLine, ...]:
    """The command lines of one Exec setting."""
    rows: list[list[Word]] = [[]]
    for word in split(value):
        if word == Word(";"):
            rows.append([])
        else:
            rows[-1].append(word)
    return tuple(_command(row) for row in rows if row)


def _command(words: list[Word]) -> CommandLine:
    bare = words[0].text.lstrip("-@:+!|")
    prefixes = words[0].text[: len(words[0].text) - len(bare)]
    rest = words[2:] if "@" in prefixes else words[1:]
    return CommandLine(prefixes, (Word(bare, words[0].quoted), *rest))


Lookup = Callable[[str], str | None]
"""The value of a variable: empty when it is unset, None when it is known at run time only."""

_VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
_WHOLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)


def substituted(word: Word, lookup: Lookup) -> tuple[str, ...]:
    """The words that one word becomes when its variables are filled in."""
    whole = _WHOLE.fullmatch(word.text)
    if whole is not None:
        value = lookup(whole.group(1))
        return (word.text,) if value is None else tuple(item.text for item in split(value))
    return (_VARIABLE.sub(lambda match: _variable(match, lookup), word.text),)


def _variable(match: re.Match[str], lookup: Lookup) -> str:
    if match.group() == "$$":
        return "$"
    name = match.group(1)
    if name is None:  # $NAME inside a word is not replaced
        return match.group()
    value = lookup(name)
    return match.group() if value is None else value


def filled(text: str, specifiers: Mapping[str, str]) -> str:
    """A text with the specifiers that are known filled in; the others stay as they are."""
    return re.sub(r"%(.)", lambda match: specifiers.get(match.group(1), match.group()), text)


def unescaped(text: str) -> str:
    """An instance's name with systemd's path escaping undone: `-` is `/`, `\\xNN` a byte."""
    plain = text.replace("-", "/")
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda match: chr(int(match.group(1), 16)), plain)


def environment(text: str) -> dict[str, str]:
    """The variables of an EnvironmentFile: `NAME=value` lines, quotes removed, a backslash at the end joins lines."""
    found: dict[str, str] = {}
    for _, line in _joined(text):
        name, equals, value = line.removeprefix("export ").partition("=")
        if equals and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name.strip(), re.ASCII):
            found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        inside = value[1:-1]
        return inside if value[0] == "'" else re.sub(r'\\(["\\$`])', r"\1", inside)
    return re.sub(r"\\(.)", r"\1", value)
