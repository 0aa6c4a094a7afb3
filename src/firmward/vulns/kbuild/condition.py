"""Conditions over the options of a kernel and its architecture, in three values: yes, no, and nothing says.

What Kbuild writes is `obj-$(CONFIG_X)`, `ifdef CONFIG_X` and `ifeq ($(CONFIG_X),y)`: an option has any value but `n`,
or it has one. Negations stand at the leaves alone. As text: `X`, `X=y`, `@arm` for an architecture, `!X`, `(X&Y)`,
`(X|Y)`, and `1` for always.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from firmward.formats.malformed import Malformed

DEPTH_LIMIT = 40
WIDTH_LIMIT = 4000
"""Alternatives in one condition that are compared with each other; with more, none is left out as needless."""


@dataclass(frozen=True, slots=True, order=True)
class Leaf:
    """Whether an option has a `value`: any but `n` where that is empty. An architecture's `name` begins with `@`."""

    name: str
    value: str = ""
    is_negated: bool = False

    @property
    def text(self) -> str:
        return f"{'!' * self.is_negated}{self.name}{'=' * bool(self.value)}{self.value}"


@dataclass(frozen=True, slots=True)
class All:
    """Every one of `terms` holds; always, without any."""

    terms: frozenset["Condition"]


@dataclass(frozen=True, slots=True)
class Any:
    """One of `terms` holds; never, without any."""

    terms: frozenset["Condition"]


Condition = Leaf | All | Any
Answer = Callable[[Leaf], bool | None]
"""What is known of an option or an architecture, leaving aside that the leaf may be negated."""

ALWAYS = All(frozenset())
NEVER = Any(frozenset())


def on(option: str) -> Leaf:
    return Leaf(option)


def architecture(name: str) -> Leaf:
    return Leaf(f"@{name}")


def negated(condition: Condition) -> Condition:
    if isinstance(condition, Leaf):
        return Leaf(condition.name, condition.value, not condition.is_negated)
    terms = frozenset(negated(term) for term in condition.terms)
    return Any(terms) if isinstance(condition, All) else All(terms)


def all_of(conditions: Iterable[Condition]) -> Condition:
    terms: set[Condition] = set()
    for one in conditions:
        terms |= one.terms if isinstance(one, All) else {one}
    if len(terms) < 2:
        return terms.pop() if terms else ALWAYS
    if NEVER in terms or any(_exclude(*pair) for pair in combinations(_leaves(terms), 2)):
        return NEVER
    # of "X and (X or Y)" the second says nothing
    terms = {term for term in terms if not (isinstance(term, Any) and term.terms & terms)}
    return terms.pop() if len(terms) == 1 else All(frozenset(terms))


def any_of(conditions: Iterable[Condition]) -> Condition:
    terms: set[Condition] = set()
    for one in conditions:
        terms |= one.terms if isinstance(one, Any) else {one}
    leaves = _leaves(terms)
    if any(negated(leaf) in terms for leaf in leaves):
        return ALWAYS
    kept = _needed(terms) if len(terms) <= WIDTH_LIMIT else terms
    if len(kept) < 2:
        return kept.pop() if kept else NEVER
    each_needs = [needs(term) for term in kept]
    common = frozenset.intersection(*each_needs)
    if not common:
        return Any(frozenset(kept))
    return all_of((*common, any_of(all_of(each - common) for each in each_needs)))


def needs(term: Condition) -> frozenset[Condition]:
    """The conditions that all have to hold."""
    return term.terms if isinstance(term, All) else frozenset((term,))


def _leaves(terms: set[Condition]) -> list[Leaf]:
    return [term for term in terms if isinstance(term, Leaf)]


def _exclude(one: Leaf, other: Leaf) -> bool:
    """Whether two never hold at once: one says the contrary of the other, or another architecture."""
    if one.name[0] == other.name[0] == "@" and not one.is_negated and not other.is_negated:
        return one.name != other.name
    return negated(one) == other


def _needed(terms: set[Condition]) -> set[Condition]:
    """Without those that need all that another one needs, and more."""
    all_needs = {term: needs(term) for term in terms}
    return {term for term in terms if not any(all_needs[other] < all_needs[term] for other in terms)}


def shared(condition: Condition) -> Condition:
    """A plainer condition, which holds whenever this one does: without the alternatives."""
    return all_of(term for term in needs(condition) if not isinstance(term, Any))


def holds(condition: Condition, answer: Answer) -> bool | None:
    """None where what is known does not decide it."""
    if isinstance(condition, Leaf):
        found = answer(condition)
        return None if found is None else found is not condition.is_negated
    decisive = isinstance(condition, Any)
    is_open = False
    for term in condition.terms:
        found = holds(term, answer)
        if found is decisive:
            return decisive
        is_open |= found is None
    return None if is_open else not decisive


def why_not(condition: Condition, answer: Answer) -> frozenset[Leaf]:
    """The fewest leaves whose answers are why a condition does not hold; empty where it does, or may."""
    if isinstance(condition, Leaf):
        return frozenset((condition,)) if holds(condition, answer) is False else frozenset()
    found = [why_not(term, answer) for term in condition.terms]
    if isinstance(condition, Any):
        return frozenset[Leaf]().union(*found) if all(found) else frozenset()
    return min(filter(None, found), key=lambda leaves: (len(leaves), sorted(leaves)), default=frozenset())


def text(condition: Condition) -> str:
    if isinstance(condition, Leaf):
        return condition.text
    if condition == ALWAYS:
        return "1"
    sign = "&" if isinstance(condition, All) else "|"
    return f"({sign.join(sorted(text(term) for term in condition.terms))})"


_TOKEN = re.compile(r"(!?)(@?[\w-]+)(?:=(\w+))?|[()&|]")


@lru_cache(maxsize=1 << 16)
def parse(words: str) -> Condition:
    """Raises Malformed for what `text` does not write."""
    if words == "1":
        return ALWAYS
    reader = _Reader(words)
    found = reader.condition(0)
    if reader.at != len(words):
        raise Malformed(f"a condition with more at its end: {words[:80]!r}")
    return found


class _Reader:
    def __init__(self, words: str) -> None:
        self.words = words
        self.at = 0

    def condition(self, depth: int) -> Condition:
        token = _TOKEN.match(self.words, self.at)
        if token is None or depth > DEPTH_LIMIT:
            raise Malformed(f"no condition: {self.words[:80]!r}")
        self.at = token.end()
        if token[2]:
            return Leaf(token[2], token[3] or "", bool(token[1]))
        if token[0] != "(":
            raise Malformed(f"no condition: {self.words[:80]!r}")
        return self._terms(depth)

    def _terms(self, depth: int) -> Condition:
        terms, sign = [self.condition(depth + 1)], ""
        while (found := self.words[self.at : self.at + 1]) != ")":
            if found not in ("&", "|") or sign not in ("", found):
                raise Malformed(f"no condition: {self.words[:80]!r}")
            self.at, sign = self.at + 1, found
            terms.append(self.condition(depth + 1))
        self.at += 1
        return Any(frozenset(terms)) if sign == "|" else All(frozenset(terms))
