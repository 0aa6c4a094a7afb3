"""Conditions of the Kconfig language (the kernel's Documentation/kbuild/kconfig-language), and what they come to.

A condition has a tristate value (n, m, y) made of names and comparisons. A name without quotes stands for an option; in
quotes, or when no option is called so, it stands for itself. What a macro gives is not known here, and so is a
condition that hangs on it: a value is a span from the least to the most that it can be.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from firmward.formats.malformed import Malformed

DEPTH_LIMIT = 40
"""Brackets and negations within each other."""


class Span(NamedTuple):
    """The least and the most that a condition can be: 0 for n, 1 for m, 2 for y."""

    low: int
    high: int

    @property
    def exact(self) -> int | None:
        return self.low if self.low == self.high else None


NO, MODULE, YES = Span(0, 0), Span(1, 1), Span(2, 2)
ANY = Span(0, 2)
CONSTANTS = {"n": NO, "m": MODULE, "y": YES}
LETTERS = "nmy"


@dataclass(frozen=True, slots=True)
class Name:
    """An option, or a text that stands for itself; `text` is None when a macro that cannot be expanded makes it."""

    text: str | None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class ChosenIn:
    """Whether a choice is open at all: what its members depend on."""

    choice: int


@dataclass(frozen=True, slots=True)
class Not:
    term: "Expression"


@dataclass(frozen=True, slots=True)
class Both:
    terms: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    terms: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Compared:
    left: Name
    operator: str
    right: Name


Expression = Name | ChosenIn | Not | Both | Either | Compared

ALWAYS = Name("y")
NEVER = Name("n")


class Token(NamedTuple):
    """An operator, or a word; `text` is None for a word that cannot be expanded."""

    text: str | None
    is_word: bool
    is_quoted: bool = False

    def says(self, operator: str) -> bool:
        return not self.is_word and self.text == operator


COMPARISONS: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


class Reader:
    """Takes conditions off a row of tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def rest(self) -> list[Token]:
        return self._tokens[self._at :]

    def condition(self) -> Expression:
        """The longest condition at this place. Raises Malformed when there is none."""
        return self._either(0)

    def name(self) -> Name:
        if self._at >= len(self._tokens) or not self._tokens[self._at].is_word:
            raise Malformed("a name is missing in a condition")
        token = self._tokens[self._at]
        self._at += 1
        return Name(token.text, token.is_quoted)

    def took(self, operator: str) -> bool:
        """Whether this operator, or this word without quotes, stands here; it is then passed."""
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.text == operator and not token.is_quoted:
                self._at += 1
                return True
        return False

    def _either(self, depth: int) -> Expression:
        terms = [self._both(depth)]
        while self.took("||"):
            terms.append(self._both(depth))
        return terms[0] if len(terms) == 1 else Either(tuple(terms))

    def _both(self, depth: int) -> Expression:
        terms = [self._term(depth)]
        while self.took("&&"):
            terms.append(self._term(depth))
        return terms[0] if len(terms) == 1 else Both(tuple(terms))

    def _term(self, depth: int) -> Expression:
        if depth > DEPTH_LIMIT:
            raise Malformed(f"a condition with more than {DEPTH_LIMIT} brackets within each other")
        if self.took("!"):
            return Not(self._term(depth + 1))
        if self.took("("):
            inside = self._either(depth + 1)
            if not self.took(")"):
                raise Malformed("a bracket of a condition is not closed")
            return inside
        left = self.name()
        if self._at < len(self._tokens) and not self._tokens[self._at].is_word:
            operator = self._tokens[self._at].text
            if operator in COMPARISONS:
                self._at += 1
                return Compared(left, operator, self.name())
        return left


def all_of(*terms: Expression) -> Expression:
    """The conjunction, without terms that always hold."""
    found = tuple(term for term in terms if term is not ALWAYS)
    if not found:
        return ALWAYS
    return found[0] if len(found) == 1 else Both(found)


def parts_of(expression: Expression) -> Iterator[Expression]:
    """The conditions that one is made of."""
    match expression:
        case Not(term):
            yield term
        case Both(terms) | Either(terms):
            yield from terms
        case Compared(left, _, right):
            yield left
            yield right


def negated(value: Span) -> Span:
    return Span(2 - value.high, 2 - value.low)


_INTEGER = re.compile(r"[-+]?[0-9]+")
_HEXADECIMAL = re.compile(r"[-+]?(?:0[xX])?[0-9a-fA-F]+")
_OF_C = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
DIGITS_LIMIT = 20
"""Of a number; C's are 64 bits."""


def number_of(text: str, kind: str | None) -> int | None:
    """The number that a value of a kind stands for in a comparison; None when it is compared as text.

    Kinds are the types of options; None is that of a text that stands for itself, read as C reads numbers.
    """
    if len(text) > DIGITS_LIMIT:
        return None
    if kind in ("bool", "tristate"):
        return LETTERS.find(text) if text in CONSTANTS else None
    if kind == "int":
        return int(text) if _INTEGER.fullmatch(text) else None
    if kind == "hex":
        return int(text, 16) if _HEXADECIMAL.fullmatch(text) else None
    if kind == "string" or not _OF_C.fullmatch(text):
        return None
    octal = text.lstrip("+-").startswith("0") and text.lstrip("+-")[1:].isdecimal()
    try:
        return int(text, 8 if octal else 0)
    except ValueError:
        return None


def compare(left: tuple[str, str | None], operator: str, right: tuple[str, str | None]) -> Span:
    """Two values with their kinds: as numbers where both are, as texts otherwise."""
    one, other = number_of(*left), number_of(*right)
    if one is None or other is None:
        order = (left[0] > right[0]) - (left[0] < right[0])
    else:
        order = (one > other) - (one < other)
    return YES if COMPARISONS[operator](order) else NO
