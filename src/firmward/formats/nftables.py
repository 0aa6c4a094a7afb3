"""nftables scripts, as `nft -f` reads them.

Rules, from nft(8) and tried out with `nft -c`:

- Statements end at a newline or `;`, a backslash before the newline joins; `#` begins a comment; "..." is one word.
- `table [FAMILY] NAME { ... }` holds chains, sets and more, the family is `ip` without one. Within a chain come its
  declaration `type T hook H [device D] priority P; policy V;` and its rules. A table or chain that comes again adds.
- The same as commands: `add table`, `add chain T C { ... }`, `add rule T C ...`, `insert rule`, and the words without
  `add`. `flush ruleset` forgets all before it, `flush table`, `flush chain`, `delete` and `destroy` a part.
- `define NAME = VALUE` (`redefine`, `undefine`) and `$NAME`; `include "FILE"`, a shell pattern too.
- A chain without `policy` accepts.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from firmward.model.facts import Unavailable
from firmward.model.location import Location

Include = Callable[[str, Location], Iterable[tuple[str, str]]]

LEXEME = re.compile(
    r"(?P<space>[ \t\r\f\v]+|\\\r?\n)|(?P<comment>\#[^\n]*)|(?P<end>[\n;])|(?P<sign>[{},])"
    r"|(?P<text>\"[^\"\n]*\"?)|(?P<word>[^\s{};,\"\\]+|.)",
    re.DOTALL,
)
FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
DEPTH_LIMIT = 16
RULES_LIMIT = 20000
VALUE_LIMIT = 10000
"""Words of one variable; definitions that double each other grow no further."""
OTHER_BLOCKS = ("set", "map", "element", "flowtable", "counter", "quota", "limit", "ct", "secmark", "synproxy", "meter")
BLOCKS = {"table", "chain", *OTHER_BLOCKS} - {"ct", "limit", "counter", "quota"}
"""Words whose group in braces ends the statement; `ct state { ... }` and `counter` begin rules too."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Words, and groups in braces, up to the statement's end."""

    items: tuple["str | Group", ...]
    line: int

    @property
    def words(self) -> tuple[str, ...]:
        """All words in order, the braces of groups included."""
        return tuple(_flat(self.items))


@dataclass(frozen=True, slots=True)
class Group:
    """`{ ... }`: a block of statements, or a set."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule's words; values of `$NAME` are filled in, `{ a, b }` keeps its braces and commas."""

    words: tuple[str, ...]
    at: Location


@dataclass(frozen=True, slots=True)
class Base:
    """What ties a chain to the kernel."""

    type: str
    hook: str
    priority: str = "0"


@dataclass(slots=True)
class Chain:
    family: str
    table: str
    name: str
    at: Location
    base: Base | None = None
    policy: str = "accept"
    policy_at: Location | None = None
    rules: list[Rule] = field(default_factory=list)


@dataclass(slots=True)
class Ruleset:
    """All chains by family, table and name. `problems` says what was not understood."""

    chains: dict[tuple[str, str, str], Chain] = field(default_factory=dict)
    tables: set[tuple[str, str]] = field(default_factory=set)
    variables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def parse(text: str, path: str, include: Include, ruleset: Ruleset | None = None) -> Ruleset:
    """Read a script on top of what was loaded before it."""
    known = ruleset or Ruleset()
    _Loader(include, known).load(text, path, 0)
    return known


def command(words: Iterable[str], at: Location, ruleset: Ruleset) -> None:
    """One command as it stands on a command line, `nft add rule ...`, its braces words or parts of words."""
    _Loader(lambda _name, _at: (), ruleset, at).load(" ".join(words), at.path or "", 0)


class _Loader:
    """Carries statements out on a ruleset. With `at`, everything is said to stand there."""

    def __init__(self, include: Include, ruleset: Ruleset, at: Location | None = None) -> None:
        self._include = include
        self._ruleset = ruleset
        self._at = at

    def load(self, text: str, path: str, depth: int) -> None:
        for statement in self._statements(text, path, depth):
            self._command(statement, path, depth)

    def _statements(self, text: str, path: str, depth: int) -> tuple[Statement, ...]:
        if depth > DEPTH_LIMIT:
            raise Unavailable(f"{path} is included too deeply")
        return _Reader(text, path).statements(0)

    def _place(self, path: str, statement: Statement) -> Location:
        return self._at or Location(path, statement.line)

    def _command(self, statement: Statement, path: str, depth: int) -> None:
        at = self._place(path, statement)
        match statement.items:
            case ("include", str(name)):
                for inner_path, text in self._include(name, at):
                    self.load(text, inner_path, depth + 1)
            case ("define" | "redefine", *_):
                self._define(statement)
            case ("undefine", str(name)):
                self._ruleset.variables.pop(name, None)
            case ("flush" | "delete" | "destroy", *_):
                self._forget(statement.words)
            case ("add" | "create", *rest):
                self._add(rest, statement, path, depth)
            case ("insert", *rest):
                self._rule(rest[1:] if rest[:1] == ["rule"] else rest, at, first=True)
            case ("replace", "rule", *rest):
                self._rule(rest, at)
            case ("list" | "reset" | "rename" | "monitor" | "describe" | "export" | "import", *_):
                return
            case items:
                self._add(list(items), statement, path, depth)

    def _add(self, items: list[str | Group], statement: Statement, path: str, depth: int) -> None:
        match items:
            case ["table", *rest]:
                self._table(rest, path, depth)
            case ["chain", *rest]:
                family, names = _family(rest)
                body = next((item for item in names if isinstance(item, Group)), None)
                match names:
                    case [str(table), str(name), *_]:
                        self._chain((family, table, name), body, statement, path, depth)
            case ["rule", *rest]:
                self._rule(rest, self._place(path, statement))
            case [str(kind), *_] if kind in OTHER_BLOCKS:
                return
            case [str(first), *rest] if first in FAMILIES or len(rest) >= 2:
                self._rule(items, self._place(path, statement))
            case _:
                self._problem(statement, path)

    def _define(self, statement: Statement) -> None:
        name, _, value = " ".join(statement.words[1:]).partition("=")
        self._ruleset.variables[name.strip()] = tuple(self._filled(value.split()))

    def _forget(self, words: tuple[str, ...]) -> None:
        verb, kind, *rest = (*words, "")[:2] + words[2:]
        family, names = _family(list(rest))
        chains = self._ruleset.chains
        if kind == "ruleset":
            gone = [key for key in chains if not rest or key[0] == rest[0]]
        elif kind == "table":
            gone = [key for key in chains if key[:2] == (family, *names[:1])]
        elif kind == "chain":
            gone = [key for key in chains if key == (family, *names[:2])]
        else:
            return
        for key in gone:
            if verb == "flush" and kind != "ruleset":
                chains[key].rules.clear()
            else:
                del chains[key]

    def _table(self, items: list[str | Group], path: str, depth: int) -> None:
        family, names = _family(items)
        name = names[0] if names and isinstance(names[0], str) else ""
        for group in items:
            if isinstance(group, Group):
                self._in_table(family, name, group.statements, path, depth)

    def _in_table(self, family: str, table: str, statements: Iterable[Statement], path: str, depth: int) -> None:
        for statement in statements:
            match statement.items:
                case ("chain", str(name), *rest):
                    body = next((item for item in rest if isinstance(item, Group)), None)
                    self._chain((family, table, name), body, statement, path, depth)
                case ("include", str(file)):
                    for inner_path, text in self._include(file, self._place(path, statement)):
                        inner = self._statements(text, inner_path, depth + 1)
                        self._in_table(family, table, inner, inner_path, depth + 1)
                case ("define" | "redefine", *_):
                    self._define(statement)
                case (str(kind), *_) if kind in (*OTHER_BLOCKS, "flags", "comment"):
                    continue
                case _:
                    self._problem(statement, path)

    def _chain(
        self, key: tuple[str, str, str], body: Group | None, statement: Statement, path: str, depth: int
    ) -> None:
        chain = self._ruleset.chains.setdefault(key, Chain(*key, self._place(path, statement)))
        if body is not None:
            self._in_chain(chain, body.statements, path, depth)

    def _in_chain(self, chain: Chain, statements: Iterable[Statement], path: str, depth: int) -> None:
        for statement in statements:
            at = self._place(path, statement)
            match statement.items:
                case ("type", str(kind), "hook", str(hook), *rest):
                    numbers = rest[rest.index("priority") + 1 :] if "priority" in rest else ["0"]
                    chain.base = Base(kind, hook, " ".join(self._filled(_flat(numbers))))
                case ("policy", str(verdict)):
                    chain.policy = "".join(self._filled([verdict]))
                    chain.policy_at = at
                case ("comment" | "flags" | "devices", *_):
                    continue
                case ("include", str(file)):
                    for inner_path, text in self._include(file, at):
                        self._in_chain(chain, self._statements(text, inner_path, depth + 1), inner_path, depth + 1)
                case _:
                    self._append(chain, statement.words, at)

    def _rule(self, items: Iterable[str | Group], at: Location, *, first: bool = False) -> None:
        family, words = _family(list(_flat(items)))
        if len(words) < 3:
            self._ruleset.problems.append(f"{at}: {' '.join(words)[:40]} is not understood")
            return
        key = (family, words[0], words[1])
        body = words[2:]
        while len(body) > 2 and body[0] in ("handle", "position", "index"):
            body = body[2:]
        self._append(self._ruleset.chains.setdefault(key, Chain(*key, at)), body, at, first=first)

    def _append(self, chain: Chain, words: Iterable[str], at: Location, *, first: bool = False) -> None:
        if len(chain.rules) >= RULES_LIMIT:
            raise Unavailable(f"{at.path} has more than {RULES_LIMIT} rules in a chain")
        chain.rules.insert(0 if first else len(chain.rules), Rule(tuple(self._filled(words)), at))

    def _filled(self, words: Iterable[str]) -> Iterator[str]:
        for word in words:
            value = self._ruleset.variables.get(word[1:]) if word.startswith("$") else None
            if value is None:
                yield word
            else:
                yield from value[:VALUE_LIMIT]

    def _problem(self, statement: Statement, path: str) -> None:
        words = " ".join(statement.words)[:40]
        self._ruleset.problems.append(f"{self._place(path, statement)}: {words} is not understood")


class _Reader:
    """Cuts a text into statements and groups."""

    def __init__(self, text: str, path: str) -> None:
        self._lexemes = list(_lexemes(text))
        self._position = 0
        self._path = path

    def statements(self, depth: int) -> tuple[Statement, ...]:
        """The statements up to the group's end, or the text's."""
        if depth > DEPTH_LIMIT:
            raise Unavailable(f"{self._path} is nested too deeply")
        found = []
        while self._position < len(self._lexemes):
            kind, lexeme, line = self._lexemes[self._position]
            if kind == "sign" and lexeme == "}":
                self._position += 1
                if depth:
                    break
            elif kind == "end":
                self._position += 1
            else:
                found.append(Statement(tuple(self._items(depth)), line))
        return tuple(found)

    def _items(self, depth: int) -> Iterator["str | Group"]:
        first: list[str] = []
        while self._position < len(self._lexemes):
            kind, lexeme, _ = self._lexemes[self._position]
            if kind == "end" or (kind == "sign" and lexeme == "}"):
                return
            self._position += 1
            if kind == "sign" and lexeme == "{":
                yield Group(self.statements(depth + 1))
                if {*first[:2]} & BLOCKS:
                    return
            else:
                first.append(lexeme)
                yield lexeme


def _flat(items: Iterable["str | Group"]) -> Iterator[str]:
    for item in items:
        if isinstance(item, str):
            yield item
        else:
            yield "{"
            for statement in item.statements:
                yield from statement.words
            yield "}"


Words = TypeVar("Words", bound="str | Group")


def _family(items: list[Words]) -> tuple[str, list[Words]]:
    first = items[0] if items else None
    return (first, items[1:]) if isinstance(first, str) and first in FAMILIES else ("ip", items)


def _lexemes(text: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    for match in LEXEME.finditer(text):
        kind = match.lastgroup or ""
        lexeme = match.group()
        if kind == "text":
            yield kind, lexeme.strip('"'), line
        elif kind in ("end", "sign", "word"):
            yield kind, lexeme, line
        line += lexeme.count("\n")
