"""Large JSON is read piece by piece: what json.loads reads, nothing else, and what is broken is passed over."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.formats.malformed import Malformed
from firmward.vulns import json_reader
from firmward.vulns.json_reader import Damaged, Reader, parse

FEWER = settings(max_examples=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


class Dripping(io.BytesIO):
    """Gives a few bytes at a time, so that every cut between two pieces is met."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._size if size is None or size < 0 else min(size, self._size))


def elements(text: bytes, limit: int = 10_000, size: int = 3) -> list[object]:
    reader = Reader(Dripping(text, size), limit)
    found: list[object] = []
    for _ in reader.elements():
        try:
            found.append(reader.value())
        except Malformed as error:
            found.append(str(error))
    return found


@FEWER
@given(st.lists(VALUES), st.integers(1, 9), st.booleans())
def test_a_list_reads_as_json_reads_it(values: list[object], size: int, is_ascii: bool) -> None:
    text = json.dumps(values, ensure_ascii=is_ascii).encode("utf-8", "replace")
    assert elements(text, size=size) == json.loads(text)


@FEWER
@given(st.dictionaries(st.text(max_size=20), VALUES), st.integers(1, 9))
def test_a_table_reads_as_json_reads_it(values: dict[str, object], size: int) -> None:
    text = json.dumps(values).encode()
    reader = Reader(Dripping(text, size), 10_000)
    assert {key: reader.value() for key in reader.entries()} == json.loads(text)


@FEWER
@given(st.dictionaries(st.text(max_size=20), VALUES), st.integers(1, 9))
def test_what_is_not_taken_is_passed_over(values: dict[str, object], size: int) -> None:
    reader = Reader(Dripping(json.dumps(values).encode(), size), 10_000)
    assert list(reader.entries()) == list(json.loads(json.dumps(values)))


@FEWER
@given(st.binary(max_size=200))
def test_anything_ends(content: bytes) -> None:
    for text in (content, b"[" + content, b'{"a":' + content):
        reader = Reader(Dripping(text, 7), 50)
        try:
            for _ in reader.elements() if text[:1] == b"[" else reader.entries():
                try:
                    reader.value()
                except Malformed:
                    continue
        except Damaged:
            continue


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b'{"a": nope}', "is not JSON"),
        (b"NaN", "NaN is no JSON"),
        (b"9" * 5000, "is not JSON"),
        (b'"' + b"x" * 20_000 + b'"', "more than 10000 characters"),
        (b"[" * 5000 + b"]" * 5000, "is nested too deeply"),
        (b'{"a" "b"}', "is not JSON"),
    ],
)
def test_a_broken_value_costs_itself_alone(broken: bytes, why: str) -> None:
    first, second, third = elements(b"[1, " + broken + b", 3]", size=1000)
    assert (first, third) == (1, 3)
    assert why in str(second)


def test_text_that_is_cut_off_is_damage() -> None:
    reader = Reader(io.BytesIO(b'{"a": [1, 2], "b": [1, "'), 100)
    keys = []
    with pytest.raises(Damaged):  # noqa: PT012 - what was read until then counts
        for key in reader.entries():
            keys.append(key)
    assert keys == ["a", "b"]


@pytest.mark.parametrize("text", [b"", b"[1", b"[1 2]", b"null", b'{"a" 1}', b"{1: 2}"])
def test_broken_around_the_values_is_damage(text: bytes) -> None:
    def read() -> None:
        reader = Reader(io.BytesIO(text), 100)
        for _ in reader.elements() if text[:1] == b"[" else reader.entries():
            try:
                reader.value()
            except Malformed:
                continue

    with pytest.raises(Damaged):
        read()


def test_a_stream_is_not_held_in_memory() -> None:
    record = json.dumps({"x": "y" * 1000}).encode()
    reader = Reader(io.BytesIO(b"[" + b",".join([record] * 5000) + b"]"), 10_000)
    longest = 0
    for _ in reader.elements():
        reader.value()
        longest = max(longest, len(reader._text))
    assert longest <= 2 * json_reader.PIECE + 2000


@pytest.mark.parametrize("text", [b"[" * 100_000, b"{", b"\xff\xfe", b"1e999x", b"-Infinity"])
def test_a_whole_document_that_is_none(text: bytes) -> None:
    with pytest.raises(Malformed):
        parse(text)
