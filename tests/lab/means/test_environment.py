"""What an attacker writes to the flash of a boot loader's environment."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.lab.attacks import Unseen
from firmward.lab.means.environment import CHECKSUM, packed

SIZE = 4096
NAMES = st.text("abcdefghij_", min_size=1, max_size=20)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=20))
def test_a_boot_loader_takes_every_variable_from_it(named: dict[str, str]) -> None:
    data = packed(named, SIZE)
    assert len(data) == SIZE
    _, *kept = data[CHECKSUM:].partition(b"\0\0")[0].decode("latin-1").split("\0")
    assert kept == [f"{name}={value}" for name, value in named.items()]


def test_its_checksum_holds() -> None:
    data = packed({"bootcmd": "run it"}, SIZE)
    assert zlib.crc32(data[CHECKSUM:]) == int.from_bytes(data[:CHECKSUM], "little")


def test_words_behind_the_checksum_are_those_of_erased_flash() -> None:
    """A device that counts there sees nothing changed."""
    assert packed({"bootcmd": "run it"}, SIZE)[CHECKSUM : CHECKSUM + 8] == b"\xff" * 8


def test_more_than_fits_is_told() -> None:
    with pytest.raises(Unseen, match="the flash has 4092 for it"):
        packed({"bootcmd": "x" * SIZE}, SIZE)
