"""A row of tokens with what is paired and joined in it: brackets, pieces of a call, names with their members."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmward.formats.script_tokens import Kind, Token, sides

COMPARES = frozenset(("==", "===", "!=", "!==", "<", ">", "<=", ">=", "=~", "!~", "~=", "<=>"))
COMPARING_WORDS = frozenset(("eq", "ne", "lt", "gt", "le", "ge", "instanceof", "cmp"))


@dataclass(frozen=True, slots=True)
class View:
    """A row of tokens with its pairs of brackets: a script's, or those within a text."""

    tokens: Sequence[Token]
    closes: dict[int, int]
    opens: dict[int, int]
    signs: tuple[str, ...]
    """The text of each sign, nothing for other tokens, and nothing behind the end."""

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> "View":
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


def names_in(view: View, start: int, end: int) -> frozenset[str]:
    """The names of variables and functions in a piece of the row."""
    return frozenset(token.text for token in view.tokens[start:end] if token.kind in (Kind.VARIABLE, Kind.NAME))


def level(view: View, start: int, end: int) -> Iterator[int]:
    """The places that are in no brackets."""
    place = start
    while place < end:
        yield place
        place = view.closes.get(place, place) + 1


def is_comparison(view: View, place: int) -> bool:
    token = view.tokens[place]
    if token.kind is Kind.NAME:
        return token.text in COMPARING_WORDS
    if token.kind is not Kind.SIGN or token.text not in COMPARES:
        return False
    is_handle = token.text == "<" and view.sign(place + 2) == ">"
    return not is_handle and not (token.text == ">" and view.sign(place - 2) == "<")
