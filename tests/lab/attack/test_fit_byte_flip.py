"""One byte, of what the kernel calls itself last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.malformed import Malformed
from firmward.lab.attack.fit_byte_flip import flipped, letter_of
from firmward.lab.challenge import Challenge

BANNER = b"Linux version 6.1.0-56-arm64"


@given(st.integers(1 << 20, 1 << 24), st.binary(max_size=40), st.binary(max_size=40), st.booleans())
def test_one_byte_is_another_and_stands_in_the_last_banner(drawn: int, before: bytes, behind: bytes, two: bool) -> None:
    letter = letter_of(Challenge(drawn, drawn))
    kernel = before + (BANNER + b"\0" if two else b"") + BANNER + behind
    made = flipped(kernel, letter)
    differ = [number for number, (one, other) in enumerate(zip(kernel, made, strict=True)) if one != other]
    assert differ == [kernel.rindex(BANNER) + 4]
    assert f"Linu{letter} version 6".encode() in made
    assert letter != "x"


def test_what_is_no_kernel_is_told() -> None:
    with pytest.raises(Malformed):
        flipped(b"Linux version %s", "a")
