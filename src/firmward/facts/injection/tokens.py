"""PHP, Lua, Perl and ucode scripts: values followed through assignments, calls and texts.

Rules that hold for all four: an assignment hands a value on; texts and joined texts hold what is put into them; a
comparison's value is harmless, and what a known check has looked at is known; functions of the same file are followed
into, with what they are given and what they give back. Other functions give back what is harmless unless `passing`
names them, so that what is told is right rather than all. A harmless value ends a harmful one only where it cannot be
passed by: not in the other branch of a condition.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from firmward.facts.injection.language import Language
from firmward.facts.injection.record import Flow, Reading, Sink, Text
from firmward.facts.injection.token_blocks import Function, Statement, blocks
from firmward.formats.script_tokens import Kind, Token, sides

COMPARES = frozenset(("==", "===", "!=", "!==", "<", ">", "<=", ">=", "=~", "!~", "~=", "<=>"))
COMPARING_WORDS = frozenset(("eq", "ne", "lt", "gt", "le", "ge", "instanceof", "cmp"))
JOINTS = frozenset(("&&", "||", "?", ":", "??", ","))
JOINING_WORDS = frozenset(("and", "or", "xor", "if", "unless"))
SETS = frozenset(("=", ".=", "||=", "??=", "+=", "&&="))
CASTS = frozenset(("int", "integer", "float", "double", "bool", "boolean"))
CONTROL = frozenset(("if", "else", "elseif", "elsif", "unless", "foreach", "for", "while", "case", "default"))
SQL = re.compile(
    r"\b(?:select\b.{1,2000}?\bfrom|insert\s+into|update\b.{1,2000}?\bset|delete\s+from|replace\s+into)\b",
    re.I | re.DOTALL,
)
META = frozenset(";&|`$()<>'\"\\\n")
LEAF = re.compile(r"(?:call|post)\(\s*[\"'](\w+)[\"'][^\n]{0,300}(?:\n[^\n]{0,300})?\.leaf\s*=\s*true")
PASSES = 4
DEPTH_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Taint:
    """Where a value comes from, in which block it was set, whether it is part of a query and of any text by now."""

    source: str
    block: tuple[int, ...] = ()
    sql: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class _View:
    """A row of tokens with its pairs of brackets: a script's, or those within a text."""

    tokens: Sequence[Token]
    closes: dict[int, int]
    opens: dict[int, int]
    signs: tuple[str, ...]
    """The text of each sign, nothing for other tokens, and nothing behind the end."""

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> "_View":
        closes = dict(sides(tokens))
        signs = (*(token.text if token.kind is Kind.SIGN else "" for token in tokens), "", "", "", "")
        return cls(tokens, closes, {close: opening for opening, close in closes.items()}, signs)

    def sign(self, place: int) -> str:
        return self.signs[place]

    def pieces(self, start: int, end: int) -> list[tuple[int, int]]:
        """What stands between the commas of a call's brackets."""
        found, begin, place = [], start, start
        while place < end:
            if self.sign(place) == ",":
                found.append((begin, place))
                begin = place + 1
            place = self.closes.get(place, place) + 1
        return [*found, (begin, end)] if begin < end or found else []


def read(script: Text, language: Language) -> Reading:
    if not language.hint.search(script.text):
        return Reading(())
    scanned = language.tokens(script.text)
    problems = tuple(f"{script.path}: {problem}" for problem in scanned.problems[:3])
    walk = _Walk(script, language, scanned.tokens)
    walk.all()
    # behind a text that was not understood nothing can be trusted
    return Reading(() if problems else tuple(walk.flows.values()), problems)


class _Walk:
    def __init__(self, script: Text, language: Language, tokens: list[Token]) -> None:
        self.flows: dict[Sink, Flow] = {}
        self._script = script
        self._language = language
        self._view = _View.of(tokens)
        self._statements, functions = blocks(tokens, self._view.closes, language.name)
        self._functions = {function.name: function for function in functions}
        self._given: dict[str, dict[int, Taint]] = {}
        self._returns: dict[str, Taint] = {}
        self._scopes: dict[str, dict[str, Taint | None]] = {}
        self._shifts: dict[str, int] = {}
        self._scope = ""
        self._block: tuple[int, ...] = ()
        self._depth = 0
        for name in LEAF.findall(script.text) if language.name == "Lua" else ():
            self._given[name] = dict.fromkeys(range(8), Taint("a piece of the address"))

    def all(self) -> None:
        """Until nothing new is known of what functions are given and give back."""
        for _ in range(PASSES):
            before = (repr(self._given), repr(self._returns))
            self.flows, self._scopes, self._shifts = {}, {}, {}
            for statement in self._statements:
                self._statement(statement)
            if before == (repr(self._given), repr(self._returns)):
                break

    # statements

    def _statement(self, statement: Statement) -> None:
        start, end, view = statement.start, statement.end, self._view
        self._scope = statement.function
        first = view.tokens[start]
        self._block = (*statement.block, -start) if first.text in CONTROL else statement.block
        self._sinks(view, start, end)
        if not statement.is_header:
            self._assignments(view, start, end)
            self._loops(view, start, end)
        self._checks(view, start, end)
        if first.kind is Kind.NAME and first.text == "return" and self._scope:
            found = self._value(view, start + 1, end)
            if found is not None:
                self._returns.setdefault(self._scope, replace(found, block=()))

    def _assignments(self, view: _View, start: int, end: int) -> None:
        for place in range(start + 1, end):
            sign = view.signs[place]
            if (sign in SETS and view.tokens[place - 1].kind is not Kind.SIGN) or (
                sign in SETS and view.sign(place - 1) in ")]}"
            ):
                value = self._right(view, place + 1, end)
                self._set(self._left(view, start, place), value, sign != "=", statement_values(view, place + 1, end))

    def _right(self, view: _View, start: int, end: int) -> Taint | None:
        """What stands right of an assignment, up to the end of the brackets around it."""
        place = start
        while place < end and view.sign(place) not in (")", "]", "}", ";"):
            place = view.closes.get(place, place) + 1
        stop = min(place, end)
        if self._language.name == "Perl" and (given := self._arguments(view, start, stop)) is not None:
            return given
        found = self._value(view, start, stop)
        is_query = found is not None and any(
            token.kind is Kind.TEXT and SQL.search(token.text) for token in view.tokens[start:stop]
        )
        if found is None:
            return None
        is_joined = any(token.inside or token.text in (".", "..") for token in view.tokens[start:stop])
        return replace(found, sql=found.sql or is_query, joined=found.joined or is_joined)

    def _arguments(self, view: _View, start: int, stop: int) -> Taint | None:
        """Perl's `shift`, of a function that was given something: the next of its arguments."""
        words = [token.text for token in view.tokens[start:stop][:3]]
        if (
            not self._scope
            or words[:1] != ["shift"]
            or (len(words) > 1 and words[1] not in ("||", "@_", "//", "(", "or"))
        ):
            return None
        number = self._shifts.get(self._scope, 0)
        self._shifts[self._scope] = number + 1
        return self._given.get(self._scope, {}).get(number)

    def _left(self, view: _View, start: int, place: int) -> list[str]:
        """The names that an assignment sets, from the sign to the left."""
        back = place - 1
        while back > start and back in view.opens:
            back = view.opens[back] - 1
        if (back + 1 < place and view.sign(back + 1) == "(") or view.sign(back) == "(":
            return [token.text for token in view.tokens[back + 1 : place] if token.kind is Kind.VARIABLE]
        while back - 2 >= start and view.sign(back - 1) in (".", ":", "->", "::"):
            back -= 2
        path, _ = self._path(view, back, place)
        names = [path] if path else []
        while view.sign(back - 1) == "," and back - 2 >= start and view.tokens[back - 2].kind is Kind.NAME:
            back -= 2
            names.append(view.tokens[back].text)
        return names

    def _set(self, names: list[str], value: Taint | None, adds: bool, mentioned: frozenset[str]) -> None:
        scope = self._scopes.setdefault(self._scope, {})
        for number, name in enumerate(name.partition("[?]")[0] for name in names):
            if self._language.name == "Perl" and "_" in mentioned and self._scope and value is None:
                value = self._given.get(self._scope, {}).get(number)
                self._force(scope, name, value)
                if number + 1 < len(names):
                    value = None
                continue
            if value is not None:
                scope[name] = replace(value, block=self._block)
            elif not adds:
                self._clear(scope, name, mentioned)

    def _force(self, scope: dict[str, Taint | None], name: str, value: Taint | None) -> None:
        scope[name] = None if value is None else replace(value, block=self._block)

    def _clear(self, scope: dict[str, Taint | None], name: str, mentioned: frozenset[str]) -> None:
        """A harmless value ends a harmful one, unless it stands in another branch."""
        known = scope.get(name)
        is_reached = known is None or known.block[: len(self._block)] == self._block
        if is_reached or name.partition(".")[0].partition("[")[0] in mentioned:
            scope[name] = None

    def _loops(self, view: _View, start: int, end: int) -> None:
        first = view.tokens[start].text
        if first not in ("foreach", "for"):
            return
        words = {
            view.tokens[place].text: place
            for place in range(end - 1, start, -1)
            if view.tokens[place].kind is Kind.NAME
        }
        if "as" in words and self._language.name == "PHP":
            over, names = (start + 2, words["as"]), range(words["as"] + 1, end)
        elif "in" in words or "of" in words:
            place = words.get("in", words.get("of", start))
            over, names = (place + 1, end), range(start + 1, place)
        else:
            opening = next((place for place in range(start, end) if view.sign(place) == "("), end)
            over, names = (opening, end), range(start + 1, opening)
        value = self._value(view, *over)
        kinds = (Kind.VARIABLE,) if self._language.name in ("PHP", "Perl") else (Kind.NAME,)
        self._set(
            [view.tokens[place].text for place in names if view.tokens[place].kind in kinds], value, False, frozenset()
        )

    def _checks(self, view: _View, start: int, end: int) -> None:
        """After a look at a value's form it is known."""
        scope = self._scopes.setdefault(self._scope, {})
        for place in range(start, end):
            token = view.tokens[place]
            if token.kind is Kind.NAME and token.text in self._language.checks and view.sign(place + 1) == "(":
                inside = view.tokens[place + 2 : view.closes.get(place + 1, end)]
                if _is_strict(inside):
                    for path in (
                        *self._paths(view, place + 2, view.closes.get(place + 1, end)),
                        *self._base(view, place),
                    ):
                        scope[path] = None
            elif view.sign(place) in ("=~", "!~") and place + 1 < end and place > start:
                pattern = view.tokens[place + 1]
                if pattern.kind is Kind.PATTERN and (
                    _is_whole(pattern.text) if pattern.change is None else _filters(pattern)
                ):
                    for path in self._left(view, start, place):
                        scope[path] = None

    def _base(self, view: _View, place: int) -> Iterator[str]:
        """The value before `:match`."""
        if view.sign(place - 1) in (":", ".") and place >= 2 and view.tokens[place - 2].kind is Kind.NAME:
            back = place - 2
            while view.sign(back - 1) == ".":
                back -= 2
            yield self._path(view, back, place - 1)[0]

    def _paths(self, view: _View, start: int, end: int) -> Iterator[str]:
        place = start
        while place < end:
            if view.tokens[place].kind in (Kind.VARIABLE, Kind.NAME):
                path, after = self._path(view, place, end)
                yield path
                place = max(after, place + 1)
            else:
                place += 1

    # values

    def _path(self, view: _View, place: int, end: int) -> tuple[str, int]:
        """`a.b[key]` of a variable with its members, as far as their names are written down."""
        token = view.tokens[place]
        if token.kind not in (Kind.VARIABLE, Kind.NAME):
            return "", place + 1
        path, place = token.text, place + 1
        while place < end:
            sign = view.sign(place)
            if sign in (".", ":", "->", "::", "?->") and place + 1 < end and view.tokens[place + 1].kind is Kind.NAME:
                if sign == "." and token.kind is Kind.VARIABLE:  # it joins texts
                    break
                path, place = f"{path}.{view.tokens[place + 1].text}", place + 2
            elif sign in ("[", "{") and place in view.closes and (sign == "[" or self._language.name == "Perl"):
                close = view.closes[place]
                inside = view.tokens[place + 1 : close]
                is_plain = (
                    len(inside) == 1 and inside[0].kind in (Kind.TEXT, Kind.NAME, Kind.NUMBER) and not inside[0].inside
                )
                path, place = f"{path}[{inside[0].text if is_plain else '?'}]", close + 1
            elif sign == "->" and view.sign(place + 1) in ("[", "{"):
                place += 1
            else:
                break
        return path, place

    def _look_up(self, path: str) -> Taint | None:
        scopes = [self._scopes.get(self._scope, {})]
        if self._language.sees_outer and self._scope:
            scopes.append(self._scopes.get("", {}))
        prefix = path
        while prefix:
            for scope in scopes:
                if prefix in scope:
                    return scope[prefix]
            cut = max(prefix.rfind("."), prefix.rfind("["))
            prefix = prefix[:cut] if cut > 0 else ""
        if self._language.sources.fullmatch(path):
            return Taint(path[:60])
        function = self._functions.get(self._scope)
        root = re.split(r"[.\[]", path)[0]
        if function is not None and root in function.parameters:
            return self._given.get(self._scope, {}).get(function.parameters.index(root))
        return None

    def _value(self, view: _View, start: int, end: int) -> Taint | None:
        self._depth += 1
        try:
            return self._parts(view, start, end) if self._depth < DEPTH_LIMIT else None
        finally:
            self._depth -= 1

    def _parts(self, view: _View, start: int, end: int) -> Taint | None:
        """Parts joined by `or`, `?:` and the like, each by itself: what is compared is harmless."""
        begin, compares = start, False
        for place in _level(view, start, end):
            token = view.tokens[place]
            is_joint = self._is_joint(token)
            if token.text in ("if", "unless") and token.kind is Kind.NAME and place > start:
                end = place
                break
            if is_joint:
                is_condition = token.text == "?" and view.sign(place + 1) != ":"
                found = None if compares or is_condition else self._row(view, begin, place)
                if found is not None:
                    return found
                begin, compares = place + 1, False
            elif _compares(view, place):
                compares = True
        return None if compares else self._row(view, begin, end)

    def _is_joint(self, token: Token) -> bool:
        if token.kind is Kind.NAME:
            return token.text in JOINING_WORDS
        has_choice = self._language.name != "Lua"
        return token.kind is Kind.SIGN and token.text in JOINTS and (has_choice or token.text == ",")

    def _row(self, view: _View, start: int, end: int) -> Taint | None:
        place = start
        while place < end:
            found, place = self._atom(view, place, end)
            if found is not None:
                return found
        return None

    def _atom(self, view: _View, place: int, end: int) -> tuple[Taint | None, int]:
        """One value with all that is called on it, and where it ends."""
        token = view.tokens[place]
        match token.kind:
            case Kind.TEXT | Kind.SHELL:
                return self._within(token), place + 1
            case Kind.VARIABLE | Kind.NAME:
                return self._named(view, place, end)
            case Kind.SIGN if token.text == "(" and place in view.closes:
                close = view.closes[place]
                inside = view.tokens[place + 1 : close]
                if len(inside) == 1 and inside[0].text in CASTS:
                    return None, self._atom(view, close + 1, end)[1] if close + 1 < end else close + 1
                return self._value(view, place + 1, min(close, end)), close + 1
            case Kind.SIGN if token.text in ("!", "#"):
                return None, self._atom(view, place + 1, end)[1] if place + 1 < end else place + 1
            case Kind.SIGN if token.text in ("[", "{") and place in view.closes:
                return self._value(view, place + 1, min(view.closes[place], end)), view.closes[place] + 1
        return None, place + 1

    def _within(self, token: Token) -> Taint | None:
        if not token.inside:
            return None
        found = self._value(_View.of(token.inside), 0, len(token.inside))
        return replace(found, sql=True) if found is not None and SQL.search(token.text) else found

    def _named(self, view: _View, place: int, end: int) -> tuple[Taint | None, int]:
        path, after = self._path(view, place, end)
        found: Taint | None = None
        if after < end and view.sign(after) == "(" and after in view.closes:
            found, after = self._called(view, path, after, end), view.closes[after] + 1
        else:
            is_word = view.tokens[place].kind is Kind.NAME and self._language.name in ("PHP", "Perl")
            found = self._look_up(path) if not is_word or path == "STDIN" else self._bare_call(view, path, after, end)
        while (
            after < end and view.sign(after) in (".", ":", "->") and view.sign(after + 2) == "(" and found is not None
        ):
            if not self._language.strings_have_methods and view.sign(after) == ".":
                break
            close = view.closes.get(after + 2)
            if close is None or close > end:
                break
            found, after = self._method(view, view.tokens[after + 1].text, found, after + 2), close + 1
        return found, after

    def _bare_call(self, view: _View, path: str, after: int, end: int) -> Taint | None:
        """Perl's calls without brackets: `param 'x'`, `lc $x`. What is no call has no value."""
        if self._language.calls.fullmatch(path):
            return Taint(path)
        return None

    def _method(self, view: _View, name: str, base: Taint, opening: int) -> Taint | None:
        if name in self._language.clean or not self._language.strings_have_methods:
            return None
        return None if _filters_by(name, view.tokens[opening + 1 : view.closes[opening]]) else base

    def _called(self, view: _View, path: str, opening: int, end: int) -> Taint | None:
        close = min(view.closes[opening], end)
        pieces = view.pieces(opening + 1, close)
        name = path.rpartition(".")[2]
        inside = view.tokens[opening + 1 : close]
        self._remember(view, path, name, pieces)
        if path.endswith("getenv"):
            is_request = bool(inside) and re.fullmatch(r"QUERY_STRING|REQUEST_URI|PATH_INFO|HTTP_\w+", inside[0].text)
            return Taint(inside[0].text) if is_request else None
        if name == "file_get_contents" and inside and inside[0].text == "php://input":
            return Taint("php://input")
        if name in self._functions:
            return self._returns.get(name)
        if self._language.calls.fullmatch(path):
            return Taint(path)
        if name in self._language.clean or _filters_by(name, inside):
            return None
        base = path.rpartition(".")[0]
        own = self._look_up(base) if base and self._language.strings_have_methods else None
        if own is None and (name in self._language.passing or name in ("preg_replace", "preg_replace_callback")):
            found = (self._value(view, *piece) for piece in pieces)
            return next((one for one in found if one is not None), None)
        return own

    def _remember(self, view: _View, path: str, name: str, pieces: Iterable[tuple[int, int]]) -> None:
        """What a function of this file is given."""
        if name not in self._functions:
            return
        first = 1 if self._language.name == "Perl" and "." in path else 0
        for number, piece in enumerate(pieces, start=first):
            found = self._value(view, *piece)
            if found is not None:
                self._given.setdefault(name, {}).setdefault(number, replace(found, block=()))

    # sinks

    def _sinks(self, view: _View, start: int, end: int) -> None:
        place = start
        while place < end:
            token = view.tokens[place]
            if token.kind is Kind.SHELL:
                self._tell(Sink.COMMAND, self._within(token), "backquotes", token)
            elif token.kind in (Kind.NAME, Kind.VARIABLE):
                path, after = self._path(view, place, end)
                self._sink(view, path, place, after, end)
                place = max(place + 1, after if token.kind is Kind.NAME else place + 1)
                continue
            place += 1

    def _sink(self, view: _View, path: str, place: int, after: int, end: int) -> None:
        name = path.rpartition(".")[2]
        token = view.tokens[place]
        is_call = view.sign(after) == "(" and after in view.closes
        if is_call:
            pieces = view.pieces(after + 1, min(view.closes[after], end))
            if self._language.name == "Perl" and name == "open":
                self._opened(view, pieces, token)
            self._filled(view, name, pieces)
            if name in self._functions:
                self._remember(view, path, name, pieces)
        elif name in self._language.bare and token.kind is Kind.NAME:
            pieces = view.pieces(after, end)
        else:
            return
        sink = self._of_call(path, name)
        if sink is None or not pieces or name in self._functions:
            return
        is_list = len(pieces) > 1 if self._language.name == "Perl" else view.sign(pieces[0][0]) == "["
        if sink is Sink.COMMAND and is_list:
            return
        value = self._value(view, *pieces[0]) if sink is not Sink.SQL else self._query(view, name, pieces)
        if sink is Sink.CODE and self._language.name == "Perl" and view.sign(after) == "{":
            return
        self._tell(sink, value, name, token)

    def _of_call(self, path: str, name: str) -> Sink | None:
        """Names with a dot in the table match the end of the path; methods of objects are SQL at most."""
        sinks = self._language.sinks
        steps = path.split(".")
        dotted = sinks.get(".".join(steps[-2:])) if len(steps) > 1 else None
        if dotted is not None:
            return dotted
        found = sinks.get(name)
        if name == "do":
            return Sink.SQL if len(steps) > 1 else Sink.INCLUDE
        if len(steps) > 1 and found is not Sink.SQL:
            return None
        return None if len(steps) == 1 and name == "query" else found

    def _query(self, view: _View, name: str, pieces: list[tuple[int, int]]) -> Taint | None:
        for start, end in pieces[:2]:
            found = self._value(view, start, end)
            is_query = any(token.kind is Kind.TEXT and SQL.search(token.text) for token in view.tokens[start:end])
            if found is not None and (found.sql or is_query):
                return found
        return None

    def _opened(self, view: _View, pieces: list[tuple[int, int]], token: Token) -> None:
        """Perl's `open`: a name that begins or ends with `|` is a command, and a name from outside may."""
        if len(pieces) == 2:
            start, end = pieces[1]
            value = self._value(view, start, end)
            text = "".join(one.text for one in view.tokens[start:end] if one.kind is Kind.TEXT).strip()
            is_command = "|" in (text[:1], text[-1:]) or (not text and value is not None and not value.joined)
            self._tell(Sink.COMMAND, value if is_command else None, "open", token)
        elif len(pieces) == 3 and view.tokens[pieces[1][0]].text in ("-|", "|-"):
            self._tell(Sink.COMMAND, self._value(view, *pieces[2]), "open", token)

    def _filled(self, view: _View, name: str, pieces: list[tuple[int, int]]) -> None:
        number = (self._language.fills or {}).get(name)
        if number is not None and len(pieces) > number and any(
            token.text == "STDIN" for token in view.tokens[pieces[0][0] : pieces[0][1]]
        ):  # fmt: skip
            for path in self._paths(view, *pieces[number]):
                self._scopes.setdefault(self._scope, {})[path] = Taint("STDIN", self._block)

    def _tell(self, sink: Sink, value: Taint | None, by: str, token: Token) -> None:
        if value is not None:
            self.flows.setdefault(sink, Flow(self._script.path, token.line, sink, value.source, by))


def statement_values(view: _View, start: int, end: int) -> frozenset[str]:
    """The names on the right of an assignment."""
    return frozenset(token.text for token in view.tokens[start:end] if token.kind in (Kind.VARIABLE, Kind.NAME))


def _level(view: _View, start: int, end: int) -> Iterator[int]:
    """The places that are in no brackets."""
    place = start
    while place < end:
        yield place
        place = view.closes.get(place, place) + 1


def _compares(view: _View, place: int) -> bool:
    token = view.tokens[place]
    if token.kind is Kind.NAME:
        return token.text in COMPARING_WORDS
    if token.kind is not Kind.SIGN or token.text not in COMPARES:
        return False
    is_handle = token.text == "<" and view.sign(place + 2) == ">"
    return not is_handle and not (token.text == ">" and view.sign(place - 2) == "<")


def _is_whole(pattern: str) -> bool:
    """It says what all of a value is: `^...$`, and no dot that takes anything."""
    plain = pattern.strip("/#~@%|")
    is_anchored = plain.startswith(("^", "\\A")) and re.search(r"(?:\$|\\z|\\Z)[a-zA-Z/#~@%]*$", plain) is not None
    return (is_anchored and not re.search(r"(?<!\\)\.[*+]", plain)) or plain.startswith("[^")


def _is_strict(inside: Sequence[Token]) -> bool:
    """A check by a pattern counts where the pattern is for the whole value; other checks do."""
    patterns = [token.text for token in inside if token.kind in (Kind.TEXT, Kind.PATTERN)]
    looks = [text for text in patterns if set(text) & set("^[(\\%*+$")]
    return not looks or any(_is_whole(text) for text in looks)


def _filters(pattern: Token) -> bool:
    """`s/[^a-z]//g` and `tr/a-z//cd` leave harmless signs alone."""
    kept = re.match(r"\[\^([^\]]*)\]", pattern.text)
    return kept is not None and not set(re.sub(r"\\[wds.\-/ ]", "", kept[1])) & META and not (pattern.change or "")


def _filters_by(name: str, inside: Sequence[Token]) -> bool:
    """The same by a function: preg_replace('/[^a-z]/', ''), x:gsub("[^%w]", ""), x:match("^%d+$")."""
    texts = [token for token in inside if token.kind in (Kind.TEXT, Kind.PATTERN)]
    if not texts:
        return False
    pattern = texts[0].text.strip("/#~@")
    if name in ("preg_replace", "gsub", "replace"):
        kept = re.match(r"\[\^([^\]]*)\]", pattern)
        return kept is not None and not set(re.sub(r"[\\%][\w.\-/ ]", "", kept[1])) & META
    if name == "str_replace":  # a path that cannot leave its folder
        return any(token.text in ("..", "../") for token in texts)
    if name in ("match", "gmatch"):
        return "." not in re.sub(r"[%\\]\.", "", pattern) and not re.search(r"\[\^|[%\\][SWDPC]", pattern)
    return False


__all__ = ["Function", "Taint", "read"]
