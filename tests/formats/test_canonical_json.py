"""The form over which TUF signs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.formats import encode_canonical

from firmward.formats.canonical_json import DEPTH_LIMIT, Json, encode, parse, parse_canonical
from firmward.formats.malformed import Malformed

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_the_form_is_the_one_that_the_reference_writes(value: Json) -> None:
    assert encode(value).decode() == encode_canonical(value)


@given(VALUES)
def test_what_has_no_control_characters_is_read_back(value: Json) -> None:
    written = encode(value)
    if all(byte >= 0x20 for byte in written):
        assert parse_canonical(written) == value


@given(VALUES)
def test_any_spelling_means_the_same(value: Json) -> None:
    assert parse(json.dumps(value, indent=1).encode()) == value


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":1.5}', "no whole number"),
        (b"[1e3]", "no whole number"),
        (b"[NaN]", "no whole number"),
        (b"[Infinity]", "no whole number"),
        (b"[123456789012345678901]", "too many digits"),
        (b'["\xff"]', "is not JSON"),
        (b"", "is not JSON"),
        (b"[" * (DEPTH_LIMIT + 1) + b"]" * (DEPTH_LIMIT + 1), "levels"),
        (b"[" * 1_000_000, "levels"),
    ],
)
def test_what_could_mean_two_things_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        parse(content)


@pytest.mark.parametrize("content", [b'{"b":1,"a":2}', b'{ "a":1}', b'["\\u0041"]', b"[01]", b'{"a":1}\n'])
def test_another_spelling_is_not_canonical(content: bytes) -> None:
    with pytest.raises(Malformed):
        parse_canonical(content)


def test_half_a_surrogate_has_no_form() -> None:
    with pytest.raises(Malformed, match="surrogate"):
        encode(parse(b'["\\ud800"]'))


def test_brackets_in_texts_are_counted_with_the_rest() -> None:
    assert parse(b'["' + b"[" * (DEPTH_LIMIT - 1) + b'"]') == ["[" * (DEPTH_LIMIT - 1)]
