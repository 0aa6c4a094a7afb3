"""A script's tokens cut into statements, each with its block and function."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmward.formats.script_tokens import Kind, Token

LUA_CUTS = frozenset(
    ("local", "if", "then", "else", "elseif", "end", "for", "while", "do", "return", "function", "repeat", "until")
)
LUA_OPENS = frozenset(("do", "then", "function", "repeat"))
JOINS_LINES = frozenset("= .. + - * / % , ( [ { == ~= . : && || ? => += |".split())  # noqa: SIM905

DEPTH = 50
"""Blocks around a statement that are told apart."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Tokens `start` to `end`; `block` names the blocks around it, the outermost first. `is_header` is a function's."""

    start: int
    end: int
    block: tuple[int, ...]
    function: str
    is_header: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    parameters: tuple[str, ...]


def blocks(tokens: Sequence[Token], closes: dict[int, int], language: str) -> tuple[list[Statement], list[Function]]:
    cutter = _Lua(tokens, closes) if language == "Lua" else _Braces(tokens, closes, language)
    return list(cutter.statements()), cutter.functions


class _Braces:
    """Languages with braces. A brace opens a block where no value can stand."""

    def __init__(self, tokens: Sequence[Token], closes: dict[int, int], language: str) -> None:
        self.functions: list[Function] = []
        self._tokens = tokens
        self._closes = closes
        self._language = language
        self._block_braces: set[int] = set()

    def statements(self) -> Iterator[Statement]:
        start = 0
        path: list[tuple[int, str]] = []
        function = ""
        for place, token in enumerate(self._tokens):
            is_end = token.kind is Kind.NEWLINE and self._ends(place)
            is_sign = token.kind is Kind.SIGN
            opens = is_sign and token.text == "{" and self._opens(place)
            shuts = is_sign and token.text == "}" and any(self._closes.get(at) == place for at, _ in path[-1:])
            if not (is_end or opens or shuts or (is_sign and token.text == ";")):
                continue
            found = self._function(start, place) if opens else None
            if start < place:
                yield Statement(start, place, tuple(at for at, _ in path[:DEPTH]), function, found is not None)
            if opens:
                path.append((place, function))
                if found is not None:
                    self.functions.append(found)
                    function = found.name
            elif shuts:
                _, function = path.pop()
            start = place + 1
        if start < len(self._tokens):
            yield Statement(start, len(self._tokens), (), "")

    def _ends(self, place: int) -> bool:
        """A line's end is a statement's where neither side goes on."""
        before = self._tokens[place - 1] if place else None
        after = next((one for one in self._tokens[place + 1 : place + 4] if one.kind is not Kind.NEWLINE), None)
        joined = (before is not None and before.kind is Kind.SIGN and before.text in JOINS_LINES) or (
            after is not None and after.kind is Kind.SIGN and after.text in (*JOINS_LINES - {"(", "[", "{"}, ")", "]")
        )
        return not joined

    def _opens(self, place: int) -> bool:
        if place not in self._closes:
            return False
        before = next(
            (one for one in reversed(self._tokens[max(0, place - 3) : place]) if one.kind is not Kind.NEWLINE), None
        )
        if before is None or before.kind is Kind.NAME:
            return before is None or before.text not in ("return",)
        return (before.kind is Kind.SIGN and before.text in (")", ";", "=>", "{")) or (
            before.text == "}" and self._language != "Perl"
        )

    def _function(self, start: int, place: int) -> Function | None:
        """`function name(a, b) {`, `sub name {`, `name: function(a) {`, `name = function(a) {`."""
        words = {token.text: at for at, token in enumerate(self._tokens[start:place], start) if token.kind is Kind.NAME}
        at = words.get("function", words.get("sub", words.get("fn")))
        if at is None:
            return None
        following = self._tokens[at + 1] if at + 1 < place else None
        if following is not None and following.kind is Kind.NAME:
            name = following.text
        else:
            before = [token.text for token in self._tokens[start:at] if token.kind in (Kind.NAME, Kind.VARIABLE)]
            name = before[-1] if before else f"function at {self._tokens[at].line}"
        kind = Kind.VARIABLE if self._language == "PHP" else Kind.NAME
        opening = next((here for here in range(at, place) if self._tokens[here].text == "("), place)
        inside = self._tokens[opening + 1 : self._closes.get(opening, place)]
        return Function(name, tuple(token.text for token in inside if token.kind is kind))


class _Lua:
    """Lua's words open and shut blocks; a statement ends where the next must begin."""

    def __init__(self, tokens: Sequence[Token], closes: dict[int, int]) -> None:
        self.functions: list[Function] = []
        self._tokens = tokens
        self._closes = closes

    def statements(self) -> Iterator[Statement]:
        start, function = 0, ""
        path: list[tuple[int, str]] = []
        skip_to = -1
        for place, token in enumerate(self._tokens):
            if place < skip_to:
                continue
            is_word = token.kind is Kind.NAME and token.text in LUA_CUTS and self._sign(place - 1) not in (".", ":")
            if not is_word and token.text != ";" and not (token.kind is Kind.NEWLINE and self._ends(place)):
                continue
            if start < place:
                yield Statement(start, place, tuple(at for at, _ in path[:DEPTH]), function)
            keeps = is_word and token.text in ("return", "for", "if", "elseif", "while", "until")
            start = place if keeps else place + 1
            if not is_word:
                continue
            if token.text in ("end", "until", "elseif", "else") and path:
                _, function = path.pop()
            if token.text in LUA_OPENS or token.text == "else":
                path.append((place, function))
            if token.text == "function":
                found, skip_to = self._function(place)
                self.functions.append(found)
                function, start = found.name, skip_to
        if start < len(self._tokens):
            yield Statement(start, len(self._tokens), (), function)

    def _sign(self, place: int) -> str:
        token = self._tokens[place] if place >= 0 else None
        return token.text if token is not None and token.kind is Kind.SIGN else ""

    def _ends(self, place: int) -> bool:
        after = next((one for one in self._tokens[place + 1 : place + 4] if one.kind is not Kind.NEWLINE), None)
        before = self._tokens[place - 1] if place else None
        goes_on = (before is not None and before.kind is Kind.SIGN and before.text in JOINS_LINES) or (
            before is not None and before.text in ("and", "or", "not", "in")
        )
        begins = after is not None and (after.text in ("and", "or") or (
            after.kind is Kind.SIGN and after.text in ("..", ".", ":", ",", ")", "}", "==", "+", "~=")))  # fmt: skip
        return not goes_on and not begins

    def _function(self, place: int) -> tuple[Function, int]:
        opening = next(
            (at for at in range(place, min(place + 12, len(self._tokens))) if self._tokens[at].text == "("), place
        )
        names = [token.text for token in self._tokens[place + 1 : opening] if token.kind is Kind.NAME]
        before = [token.text for token in self._tokens[max(0, place - 3) : place] if token.kind is Kind.NAME]
        name = names[-1] if names else (before[-1] if before and self._sign(place - 1) == "=" else f"function {place}")
        close = self._closes.get(opening, opening)
        parameters = tuple(token.text for token in self._tokens[opening + 1 : close] if token.kind is Kind.NAME)
        return Function(name, parameters), close + 1
