"""What values of a script are made of, and which of them come from outside.

What is compared is harmless; texts and joined texts hold what is put into them; a function of the same file gives back
what it was seen to, another what is harmless unless `passing` names it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts.injection.language import Language
from firmward.facts.injection.token_blocks import Function
from firmward.facts.injection.token_filters import filters_by
from firmward.facts.injection.token_view import View, is_comparison, level
from firmward.formats.script_tokens import Kind, Token

JOINTS = frozenset(("&&", "||", "?", ":", "??", ","))
JOINING_WORDS = frozenset(("and", "or", "xor", "if", "unless"))
CASTS = frozenset(("int", "integer", "float", "double", "bool", "boolean"))
SQL = re.compile(
    r"\b(?:select\b.{1,2000}?\bfrom|insert\s+into|update\b.{1,2000}?\bset|delete\s+from|replace\s+into)\b",
    re.I | re.DOTALL,
)
DEPTH_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Taint:
    """Where a value comes from, in which block it was set, whether it is part of a query and of any text by now."""

    source: str
    block: tuple[int, ...] = ()
    sql: bool = False
    joined: bool = False


class Values:
    """What is known so far: what variables hold in the `scopes` of functions, what functions are `given` and what
    `returns` from them. `scope` and `block` say where the script is read; outside of functions the scope has no name.
    """

    def __init__(self, language: Language, functions: Iterable[Function]) -> None:
        self.functions = {function.name: function for function in functions}
        self.given: dict[str, dict[int, Taint]] = {}
        self.returns: dict[str, Taint] = {}
        self.scopes: dict[str, dict[str, Taint | None]] = {}
        self.scope = ""
        self.block: tuple[int, ...] = ()
        self._language = language
        self._depth = 0

    @property
    def known(self) -> dict[str, Taint | None]:
        """The variables of the scope that is read; None for what is harmless."""
        return self.scopes.setdefault(self.scope, {})

    def path(self, view: View, place: int, end: int) -> tuple[str, int]:
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

    def paths(self, view: View, start: int, end: int) -> Iterator[str]:
        place = start
        while place < end:
            if view.tokens[place].kind in (Kind.VARIABLE, Kind.NAME):
                path, after = self.path(view, place, end)
                yield path
                place = max(after, place + 1)
            else:
                place += 1

    def look_up(self, path: str) -> Taint | None:
        scopes = [self.scopes.get(self.scope, {})]
        if self._language.sees_outer and self.scope:
            scopes.append(self.scopes.get("", {}))
        prefix = path
        while prefix:
            for scope in scopes:
                if prefix in scope:
                    return scope[prefix]
            cut = max(prefix.rfind("."), prefix.rfind("["))
            prefix = prefix[:cut] if cut > 0 else ""
        if self._language.sources.fullmatch(path):
            return Taint(path[:60])
        function = self.functions.get(self.scope)
        root = re.split(r"[.\[]", path)[0]
        if function is not None and root in function.parameters:
            return self.given.get(self.scope, {}).get(function.parameters.index(root))
        return None

    def value(self, view: View, start: int, end: int) -> Taint | None:
        self._depth += 1
        try:
            return self._parts(view, start, end) if self._depth < DEPTH_LIMIT else None
        finally:
            self._depth -= 1

    def _parts(self, view: View, start: int, end: int) -> Taint | None:
        """Parts joined by `or`, `?:` and the like, each by itself: what is compared is harmless."""
        begin, compares = start, False
        for place in level(view, start, end):
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
            elif is_comparison(view, place):
                compares = True
        return None if compares else self._row(view, begin, end)

    def _is_joint(self, token: Token) -> bool:
        if token.kind is Kind.NAME:
            return token.text in JOINING_WORDS
        has_choice = self._language.name != "Lua"
        return token.kind is Kind.SIGN and token.text in JOINTS and (has_choice or token.text == ",")

    def _row(self, view: View, start: int, end: int) -> Taint | None:
        place = start
        while place < end:
            found, place = self._atom(view, place, end)
            if found is not None:
                return found
        return None

    def _atom(self, view: View, place: int, end: int) -> tuple[Taint | None, int]:
        """One value with all that is called on it, and where it ends."""
        token = view.tokens[place]
        match token.kind:
            case Kind.TEXT | Kind.SHELL:
                return self.within(token), place + 1
            case Kind.VARIABLE | Kind.NAME:
                return self._named(view, place, end)
            case Kind.SIGN if token.text == "(" and place in view.closes:
                close = view.closes[place]
                inside = view.tokens[place + 1 : close]
                if len(inside) == 1 and inside[0].text in CASTS:
                    return None, self._atom(view, close + 1, end)[1] if close + 1 < end else close + 1
                return self.value(view, place + 1, min(close, end)), close + 1
            case Kind.SIGN if token.text in ("!", "#"):
                return None, self._atom(view, place + 1, end)[1] if place + 1 < end else place + 1
            case Kind.SIGN if token.text in ("[", "{") and place in view.closes:
                return self.value(view, place + 1, min(view.closes[place], end)), view.closes[place] + 1
        return None, place + 1

    def within(self, token: Token) -> Taint | None:
        if not token.inside:
            return None
        found = self.value(View.of(token.inside), 0, len(token.inside))
        return replace(found, sql=True) if found is not None and SQL.search(token.text) else found

    def _named(self, view: View, place: int, end: int) -> tuple[Taint | None, int]:
        path, after = self.path(view, place, end)
        found: Taint | None = None
        if after < end and view.sign(after) == "(" and after in view.closes:
            found, after = self._called(view, path, after, end), view.closes[after] + 1
        else:
            is_word = view.tokens[place].kind is Kind.NAME and self._language.name in ("PHP", "Perl")
            found = self.look_up(path) if not is_word or path == "STDIN" else self._bare_call(view, path, after, end)
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

    def _bare_call(self, view: View, path: str, after: int, end: int) -> Taint | None:
        """Perl's calls without brackets: `param 'x'`, `lc $x`. What is no call has no value."""
        if self._language.calls.fullmatch(path):
            return Taint(path)
        return None

    def _method(self, view: View, name: str, base: Taint, opening: int) -> Taint | None:
        if name in self._language.clean or not self._language.strings_have_methods:
            return None
        return None if filters_by(name, view.tokens[opening + 1 : view.closes[opening]]) else base

    def _called(self, view: View, path: str, opening: int, end: int) -> Taint | None:
        close = min(view.closes[opening], end)
        pieces = view.pieces(opening + 1, close)
        name = path.rpartition(".")[2]
        inside = view.tokens[opening + 1 : close]
        self.remember(view, path, name, pieces)
        if path.endswith("getenv"):
            is_request = bool(inside) and re.fullmatch(r"QUERY_STRING|REQUEST_URI|PATH_INFO|HTTP_\w+", inside[0].text)
            return Taint(inside[0].text) if is_request else None
        if name == "file_get_contents" and inside and inside[0].text == "php://input":
            return Taint("php://input")
        if name in self.functions:
            return self.returns.get(name)
        if self._language.calls.fullmatch(path):
            return Taint(path)
        if name in self._language.clean or filters_by(name, inside):
            return None
        base = path.rpartition(".")[0]
        own = self.look_up(base) if base and self._language.strings_have_methods else None
        if own is None and (name in self._language.passing or name in ("preg_replace", "preg_replace_callback")):
            found = (self.value(view, *piece) for piece in pieces)
            return next((one for one in found if one is not None), None)
        return own

    def remember(self, view: View, path: str, name: str, pieces: Iterable[tuple[int, int]]) -> None:
        """What a function of this file is given."""
        if name not in self.functions:
            return
        first = 1 if self._language.name == "Perl" and "." in path else 0
        for number, piece in enumerate(pieces, start=first):
            found = self.value(view, *piece)
            if found is not None:
                self.given.setdefault(name, {}).setdefault(number, replace(found, block=()))
