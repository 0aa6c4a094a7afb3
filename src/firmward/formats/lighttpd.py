"""lighttpd's configuration language, from its manual and its grammar.

- `name = value`, `name += value`, `name := value`; the name of a variable of one's own begins with `var.`, and a bare
  name without a dot is one too. `env.NAME` is taken from the environment, which is not known here.
- Values: "text", numbers, names of variables, `( ... )` lists with or without `key =>`; `+` joins.
- `$SERVER["socket"] == ":443" { ... }` and other conditions hold blocks, with `else` and `elseif`; `global { ... }`.
- `include "file"` (a shell pattern, relative to the folder of the first file); `include_shell "command"` inserts what a
  command prints, run in that folder: known of `cat` and `echo` (printed.py) and of Debian's own scripts.
- `#` starts a comment outside of quotes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from firmward.formats import printed
from firmward.model.facts import Unavailable
from firmward.model.location import Location


class Number(str):
    """A number as written; `+` adds it, where it joins texts."""

    __slots__ = ()


Value = str | tuple[tuple[str | None, "Value"], ...]
Include = Callable[[str, Location], Iterable[tuple[str, str]]]

TOKEN = re.compile(
    r"(?P<space>[ \t\r\f\v]+)|(?P<comment>\#[^\n]*)|(?P<newline>\n)|(?P<text>\"(?:\\.|[^\"\\])*+\"|'[^']*')"
    r"|(?P<open>[\"'])"
    r"|(?P<sign>=>|\+=|:=|==|=~|!=|!~|=\^|=\$|[={}()\[\],+])|(?P<word>[^\s\"'={}()\[\],+#!:]+|.)",
    re.DOTALL,
)
PRINTED = {
    "create-mime.conf.pl": "",
    "create-mime.assign.pl": "",
    "use-ipv6.pl": '$SERVER["socket"] == "[::]:{port}" {{ {encrypted} }}\n',
    "include-conf-enabled.pl": 'include "/etc/lighttpd/conf-enabled/*.conf"\n',
}
"""What the commands print that Debian's own configuration includes: types of files, a socket for IPv6, more files."""

DEPTH_LIMIT = 40
"""Blocks and lists within each other."""
TEXT_LIMIT = 64 << 10
"""Characters of one text: a variable that is joined to itself doubles with every line."""
ITEMS_LIMIT = 1_000_000
"""Texts in all lists, those of variables counted where they are named: a list may hold a variable twice."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`$SERVER["socket"] == ":443"` is `("SERVER", "socket", "==", ":443")`; an `else` negates what was before."""

    kind: str
    name: str
    sign: str
    value: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One assignment and the conditions that it stands under, the outermost first."""

    name: str
    value: Value
    within: tuple[Condition, ...]
    at: Location
    adds: bool = False


@dataclass(slots=True)
class Reading:
    """What one configuration sets, and what of it cannot be known."""

    settings: list[Setting] = field(default_factory=list)
    blocks: list[tuple[tuple[Condition, ...], Location]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    variables: dict[str, Value] = field(default_factory=dict)
    items: int = 0
    """Texts counted until now, see ITEMS_LIMIT."""

    def bounded(self, value: Value) -> Value:
        """The value, when it is of a size that somebody writes. Raises Unavailable."""
        if isinstance(value, str) and len(value) > TEXT_LIMIT:
            raise Unavailable(f"a text of more than {TEXT_LIMIT} characters")
        if not isinstance(value, str):
            for _ in _each(value):
                self.items += 1
                if self.items > ITEMS_LIMIT:
                    raise Unavailable(f"lists of more than {ITEMS_LIMIT} texts")
        return value


def parse(text: str, path: str, include: Include) -> Reading:
    """Read a configuration with its includes. Raises Unavailable where it does not follow the grammar."""
    reading = Reading()
    _Parser(text, path, include, reading).statements((), 0)
    return reading


def texts(value: Value) -> tuple[str, ...]:
    """All texts in a value, without keys."""
    return (value,) if isinstance(value, str) else tuple(text for _, item in value for text in texts(item))


def _each(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        return
    for _, item in value:
        yield from _each(item)


def mapping(value: Value) -> Mapping[str, Value]:
    """A list's named items."""
    return {} if isinstance(value, str) else {key: item for key, item in value if key is not None}


class _Parser:
    def __init__(self, text: str, path: str, include: Include, reading: Reading) -> None:
        self._lexemes = list(_lexemes(text, path))
        self._position = 0
        self._path = path
        self._include = include
        self._reading = reading

    def statements(self, within: tuple[Condition, ...], depth: int) -> None:
        """Statements up to the block's end."""
        if depth > DEPTH_LIMIT:
            raise Unavailable(f"{self._path} is nested too deeply")
        while (lexeme := self._peek()) not in ("", "}"):
            if lexeme == "$" or lexeme.startswith("$"):
                self._block(within, depth)
            elif lexeme in ("else", "elseif"):
                self._otherwise(within, depth)
            elif lexeme == "global":
                self._next()
                self._braces(within, depth)
            elif lexeme in ("include", "include_shell"):
                self._included(within, depth)
            else:
                self._assignment(within, depth)

    def _block(self, within: tuple[Condition, ...], depth: int) -> None:
        at = self._here()
        kind = self._next().lstrip("$") or self._next()
        self._expect("[")
        name = _bare(self._next())
        self._expect("]")
        sign = self._next()
        value = self._value(depth)
        inner = (*within, Condition(kind, name, sign, "".join(texts(value))))
        self._reading.blocks.append((inner, at))
        self._braces(inner, depth)

    def _otherwise(self, within: tuple[Condition, ...], depth: int) -> None:
        """`else $HTTP[..] ... {`, `elseif ...` or a plain `else {`: what held before does not hold."""
        self._next()
        outer = (*within, Condition("else", "", "", ""))
        if self._peek() in ("if", "{"):
            if self._peek() == "if":
                self._next()
            else:
                self._braces(outer, depth)
                return
        self._block(outer, depth)

    def _braces(self, within: tuple[Condition, ...], depth: int) -> None:
        self._expect("{")
        self.statements(within, depth + 1)
        self._expect("}")

    def _included(self, within: tuple[Condition, ...], depth: int) -> None:
        at = self._here()
        word = self._next()
        value = "".join(texts(self._value(depth)))
        if word == "include_shell":
            self._printed(value, at, within, depth)
            return
        for path, text in self._include(value, at):
            _Parser(text, path, self._include, self._reading).statements(within, depth + 1)

    def _printed(self, command: str, at: Location, within: tuple[Condition, ...], depth: int) -> None:
        program, _, argument = command.partition(" ")
        known = PRINTED.get(program.rpartition("/")[2])
        if known is not None:
            port = self._port(argument.strip())
            text = known.format(port=port, encrypted='ssl.engine = "enable"' if port == "443" else "")
            _Parser(text, at.path or "", self._include, self._reading).statements(within, depth + 1)
            return
        parts = printed.parts(command)
        if parts is None:
            self._reading.unread.append(f"{at}: include_shell inserts what {program} prints")
        for part in parts or ():
            shown = [(at.path or "", part.text)] if part.files is None else self._shown(part, at)
            for path, text in shown:
                _Parser(text, path, self._include, self._reading).statements(within, depth + 1)

    def _shown(self, part: printed.Part, at: Location) -> Iterable[tuple[str, str]]:
        """The files of a `cat`; one that need not be there is asked for by a pattern, which may match nothing."""
        name = part.files or ""
        is_plain = part.may_lack and name and not set(name) & set("*?[")
        return self._include(f"{name[:-1]}[{name[-1]}]" if is_plain else name, at)

    def _port(self, argument: str) -> str:
        """A number, or the setting that `"command " + server.port` names."""
        set_before = (one.value for one in reversed(self._reading.settings) if one.name == argument)
        value = argument if argument.isdecimal() else next(set_before, "")
        return value if isinstance(value, str) and value.isdecimal() else "80"

    def _assignment(self, within: tuple[Condition, ...], depth: int) -> None:
        at = self._here()
        name = self._next()
        sign = self._next()
        if sign not in ("=", "+=", ":="):
            raise Unavailable(f"{at}: {name[:40]} is not followed by a value")
        value = self._value(depth)
        if "." not in name or name.startswith("var."):
            key = name.removeprefix("var.")
            joined = _join(self._reading.variables.get(key), value) if sign == "+=" else value
            self._reading.variables[key] = self._reading.bounded(joined)
        else:
            self._reading.settings.append(Setting(name, value, within, at, adds=sign == "+="))

    def _value(self, depth: int) -> Value:
        value = self._term(depth)
        while self._peek() == "+":
            self._next()
            value = self._reading.bounded(_join(value, self._term(depth)))
        return value

    def _term(self, depth: int) -> Value:
        if depth > DEPTH_LIMIT:
            raise Unavailable(f"{self._path} is nested too deeply")
        lexeme = self._next()
        if lexeme == "(":
            return self._list(depth + 1)
        if lexeme[:1] in ("'", '"'):
            return _bare(lexeme)
        if lexeme.startswith("env."):
            self._reading.unread.append(f"{self._path}: {lexeme} comes from the environment")
            return f"${lexeme}"
        if lexeme.isascii() and lexeme.isdigit():
            return Number(lexeme)
        return self._reading.variables.get(lexeme.removeprefix("var."), lexeme)

    def _list(self, depth: int) -> Value:
        items: list[tuple[str | None, Value]] = []
        while self._peek() not in (")", ""):
            value = self._value(depth)
            if self._peek() == "=>":
                self._next()
                items.append(("".join(texts(value)), self._value(depth)))
            else:
                items.append((None, value))
            if self._peek() == ",":
                self._next()
        self._expect(")")
        return self._reading.bounded(tuple(items))

    def _peek(self) -> str:
        return self._lexemes[self._position][0] if self._position < len(self._lexemes) else ""

    def _next(self) -> str:
        lexeme = self._peek()
        if not lexeme:
            raise Unavailable(f"{self._path} ends within a statement")
        self._position += 1
        return lexeme

    def _expect(self, sign: str) -> None:
        at = self._here()
        if self._next() != sign:
            raise Unavailable(f"{at}: {sign} is missing")

    def _here(self) -> Location:
        line = self._lexemes[min(self._position, len(self._lexemes) - 1)][1] if self._lexemes else 1
        return Location(self._path, line)


def _lexemes(text: str, path: str) -> Iterator[tuple[str, int]]:
    line = 1
    for match in TOKEN.finditer(text):
        if match.lastgroup in ("text", "sign", "word"):
            yield match.group(), line
        elif match.lastgroup == "open":
            raise Unavailable(f"{path}:{line}: a quote is not closed")
        line += match.group().count("\n")


def _bare(lexeme: str) -> str:
    if lexeme[:1] == '"':
        return re.sub(r"\\(.)", r"\1", lexeme[1:-1], flags=re.DOTALL)
    return lexeme[1:-1] if lexeme[:1] == "'" else lexeme


def _join(first: Value | None, second: Value) -> Value:
    if first is None:
        return second
    if isinstance(first, str) and isinstance(second, str):
        if isinstance(first, Number) and isinstance(second, Number):
            return Number(int(first[:18]) + int(second[:18]))
        return first + second
    return _items(first) + _items(second)


def _items(value: Value) -> tuple[tuple[str | None, Value], ...]:
    return ((None, value),) if isinstance(value, str) else value
