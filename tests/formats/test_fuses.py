"""Dumps of fuses: what U-Boot prints, listings and bytes give the same words; anything else is refused."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import find_program, run_program

from firmward.formats.fuses import DUMP_LIMIT, SIZE_LIMIT, parse
from firmward.formats.malformed import Malformed

PRINTED = b"""U-Boot 2023.01 (Jan 09 2023 - 16:07:33 +0000)\r
=> fuse read 0 0 8\r
Reading bank 0:\r
\r
Word 0x00000000: 20820002 df669959 220559d4 010000b4\r
Word 0x00000004: 00400002 00000000 00000000 00000000\r
=> fuse read 3 0\r
Reading bank 3:\r
\r
Word 0x00000000: 59375220\r
=> fuse read 9 0\r
Reading bank 9:\r
\r
Word 0x00000000:ERROR\r
=> fuse prog -y 0 6 0x2\r
Programming bank 0 word 0x00000006 to 0x00000002...\r
=> fuse sense 0 6\r
Sensing bank 0:\r
\r
Word 0x00000006: 00000002\r
=> """

BYTES = random.Random(3).randbytes(48) + b"\x01\x02\x03\x04" * 16 + bytes(64) + b"end."
LISTERS = (("hexdump", "-C"), ("hexdump",), ("xxd",), ("xxd", "-g1"), ("xxd", "-g4"), ("xxd", "-a"))


def test_what_u_boot_prints_is_read_by_bank_and_word() -> None:
    found = parse(PRINTED)
    assert found.get(0, 0, 8) == 0x20820002
    assert found.get(0, 4, 8) == 0x00400002
    assert found.get(3, 0, 8) == 0x59375220
    assert found.get(0, 8, 8) is None
    assert found.get(9, 0, 8) is None, "it could not be read"
    assert found.flat == {}


def test_the_last_reading_of_a_word_counts() -> None:
    assert parse(PRINTED).get(0, 6, 8) == 2


def test_a_word_in_which_nothing_is_set_was_read_all_the_same() -> None:
    assert parse(b"Reading bank 0:\n\nWord 0x00000006: 00000000\n").get(0, 6, 8) == 0


def test_a_bank_is_as_many_words_on_as_the_chip_has() -> None:
    found = parse(bytes(28) + b"\x02\x00\x00\x80" + bytes(32))
    assert found.get(1, 3, 4) == found.get(0, 7, 8) == 0x80000002
    assert found.get(0, 16, 8) is None


@pytest.mark.parametrize("lister", LISTERS, ids=" ".join)
def test_a_listing_is_what_was_listed(lister: tuple[str, ...]) -> None:
    if find_program(lister[0]) is None:
        pytest.skip(f"{lister[0]} is not installed")
    listed = run_program([*lister, "-"] if lister[0] == "xxd" else lister, feed=BYTES).stdout
    assert parse(listed) == parse(BYTES)


def test_a_listing_by_octal_offsets_is_refused_and_not_misread() -> None:
    rows = [b"%07o 0201 0403 0201 0403 0201 0403 0201 0403\n" % at for at in range(0, 64, 16)]
    with pytest.raises(Malformed, match="gap"):
        parse(b"".join(rows))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"just text\n",
        bytes(64),
        b"\xff" * 63,
        b"Word 0x00000000: 00000001\n",
        b"\x01" * (DUMP_LIMIT + 4),
        b"x" * (SIZE_LIMIT + 1),
        b"00000000  01 02 03 04\n00000010  01 02 03 04\n",
        b"00000000  01 02 03 04\n*\nffffffff\n",
        b"00000000  01 02 03 04\n*\nfffffff0  01\n",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_no_dump_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


@given(st.one_of(st.binary(max_size=300), st.text(alphabet="0123456789abcdef :*|\nWordx", max_size=400)))
def test_any_bytes_are_read_or_refused(data: bytes | str) -> None:
    try:
        found = parse(data.encode() if isinstance(data, str) else data)
    except Malformed:
        return
    assert all(0 <= word < 1 << 32 for word in (*found.banked.values(), *found.flat.values()))


@pytest.mark.parametrize(
    "row", [b"00" * 500_000, b"0000: " + b"00 " * 300_000, b"*\n" * 500_000, b"0000000 0001\n*\n" * 60_000]
)
def test_long_rows_end_in_time(row: bytes) -> None:
    before = time.process_time()
    with pytest.raises(Malformed):
        parse(row)
    assert time.process_time() - before < 2
