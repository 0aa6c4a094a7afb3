"""The fast search says what the plain one says."""

from hypothesis import given
from hypothesis import strategies as st

from firmward.image.words import FastWordSearch
from firmward.model.words import WordSearch

WORDS = (b"AKIA", b"://", b"-----BEGIN", b"\x02\x01\0\x30", b"KIA")


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=6)), max_size=12))
def test_both_find_the_same_words(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert FastWordSearch().prepare(WORDS)(data) == WordSearch().prepare(WORDS)(data)
