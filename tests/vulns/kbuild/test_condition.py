"""Conditions over options: three values, plain forms, and text that comes back as what it was."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.malformed import Malformed
from firmward.vulns.kbuild.condition import (
    ALWAYS,
    NEVER,
    All,
    Any,
    Condition,
    Leaf,
    all_of,
    any_of,
    architecture,
    holds,
    negated,
    on,
    parse,
    shared,
    text,
    why_not,
)

A, B, C = on("A"), on("B"), on("C")
NAMES = ("A", "B", "C", "@arm", "@x86")

leaves = st.builds(Leaf, st.sampled_from(NAMES[:3]), st.just(""), st.booleans()) | st.builds(
    Leaf, st.sampled_from(NAMES[3:])
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: (
        st.builds(all_of, st.lists(inner, max_size=4))
        | st.builds(any_of, st.lists(inner, max_size=4))
        | st.builds(negated, inner)
    ),
    max_leaves=12,
)


def worlds() -> list[dict[str, bool]]:
    """Every way in which the options may stand, for one architecture each."""
    return [
        {**dict(zip("ABC", options, strict=True)), "@arm": arm, "@x86": not arm}
        for *options, arm in product((False, True), repeat=4)
    ]


def in_world(condition: Condition, world: dict[str, bool]) -> bool:
    found = holds(condition, lambda leaf: world[leaf.name])
    assert found is not None
    return found


@given(st.lists(conditions, max_size=4))
def test_the_plain_forms_say_the_same(parts: list[Condition]) -> None:
    for world in worlds():
        each = [in_world(part, world) for part in parts]
        assert in_world(all_of(parts), world) is all(each)
        assert in_world(any_of(parts), world) is any(each)


@given(conditions)
def test_a_negation_is_the_contrary_everywhere(condition: Condition) -> None:
    assert all(in_world(negated(condition), world) is not in_world(condition, world) for world in worlds())


@given(conditions)
def test_text_comes_back_as_what_it_was(condition: Condition) -> None:
    if condition != NEVER:
        read = parse(text(condition))
        assert all(in_world(read, world) is in_world(condition, world) for world in worlds())
        assert text(read) == text(condition)


@given(conditions)
def test_what_is_shared_holds_whenever_the_whole_does(condition: Condition) -> None:
    assert all(in_world(shared(condition), world) for world in worlds() if in_world(condition, world))


@given(conditions, st.dictionaries(st.sampled_from(NAMES[:3]), st.booleans()))
def test_what_is_decided_without_an_option_stays_so_with_it(condition: Condition, known: dict[str, bool]) -> None:
    found = holds(condition, lambda leaf: known.get(leaf.name))
    for world in worlds():
        if found is not None and all(world[name] is value for name, value in known.items()):
            assert in_world(condition, world) is found


@given(conditions)
def test_the_reasons_suffice(condition: Condition) -> None:
    for world in worlds():
        reasons = why_not(condition, lambda leaf, world=world: world[leaf.name])
        assert in_world(condition, world) or condition == NEVER or reasons
        known = {leaf.name: leaf.is_negated for leaf in reasons}
        assert not reasons or holds(condition, lambda leaf, known=known: known.get(leaf.name)) is False


@pytest.mark.parametrize(
    ("condition", "plain"),
    [
        (all_of(()), ALWAYS),
        (any_of(()), NEVER),
        (all_of((A, NEVER)), NEVER),
        (any_of((A, ALWAYS)), ALWAYS),
        (any_of((A, negated(A))), ALWAYS),
        (all_of((A, negated(A))), NEVER),
        (all_of((architecture("arm"), architecture("x86"))), NEVER),
        (any_of((A, all_of((A, B)))), A),
        (all_of((A, any_of((A, B)))), A),
        (any_of((all_of((A, B)), all_of((A, C)))), All(frozenset((A, Any(frozenset((B, C))))))),
    ],
)
def test_needless_terms_go(condition: Condition, plain: Condition) -> None:
    assert condition == plain


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (ALWAYS, "1"),
        (A, "A"),
        (Leaf("A", "y", True), "!A=y"),
        (all_of((architecture("arm"), any_of((A, B)))), "((A|B)&@arm)"),
    ],
)
def test_a_condition_is_written_in_few_words(condition: Condition, words: str) -> None:
    assert text(condition) == words
    assert parse(words) == condition


@pytest.mark.parametrize("words", ["", "(", "(A", "(A&B|C)", "A B", "A)", "(A&)", "&", "(" * 500 + "A" + ")" * 500])
def test_other_text_is_refused(words: str) -> None:
    with pytest.raises(Malformed):
        parse(words)
