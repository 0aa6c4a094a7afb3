"""PE files: headers, sections, the certificate table, and the digest that Authenticode signs."""

import hashlib
import struct
import time

import pytest
from mutated import mutated
from pe_image import CHECKSUM_AT, ENTRY_AT, HEADERS, OPTIONAL_AT, PE_AT, TABLE_AT, built, put, reader, renamed

from firmward.formats import pe
from firmward.formats.malformed import Malformed

SECTIONS = {".text": b"\x90" * 1000, ".data": b"data" * 300, ".sbat": b"sbat,1,x\n"}
PLAIN = built(SECTIONS)
FIRST, SECOND = TABLE_AT, TABLE_AT + 40
"""Entries of the first two sections; 16 bytes in stands the size of the raw data, then its place."""


def parsed(data: bytes) -> pe.Program:
    return pe.parse(reader(data), len(data))


def digest(data: bytes, algorithm: str = "sha256") -> bytes:
    return pe.digest(parsed(data), reader(data), algorithm)


def with_table(data: bytes, *entries: bytes) -> bytes:
    """A certificate table behind the file, of entries that are whole."""
    table = b"".join(entry + bytes(-len(entry) % 8) for entry in entries)
    return put(put(data, ENTRY_AT, len(data)), ENTRY_AT + 4, len(table)) + table


def entry(content: bytes, kind: int = 2) -> bytes:
    return struct.pack("<IHH", 8 + len(content), 0x200, kind) + content


def test_the_headers_say_what_it_is_for() -> None:
    program = parsed(PLAIN)
    assert (program.architecture, program.is_efi, program.is_plus, program.is_nx_compatible) == (
        "x86-64",
        True,
        True,
        True,
    )
    assert [section.name for section in program.sections] == list(SECTIONS)
    assert not parsed(built(SECTIONS, subsystem=3)).is_efi
    assert not parsed(built(SECTIONS, flags=0)).is_nx_compatible
    assert parsed(built(SECTIONS, machine=0x1234)).architecture == "machine-0x1234"


def test_a_section_is_read_without_its_padding() -> None:
    program = parsed(PLAIN)
    assert {one.name: pe.content(program, one, reader(PLAIN)) for one in program.sections} == SECTIONS


def test_a_long_name_stands_behind_the_symbols() -> None:
    data = renamed(PLAIN, 1, ".vendor_cert")
    assert [section.name for section in parsed(data).sections] == [".text", ".vendor_cert", ".sbat"]
    without = put(data, PE_AT + 12, 0xFFFFFF00)
    assert [section.name for section in parsed(without).sections] == [".text", "/4", ".sbat"]


def test_the_digest_leaves_out_checksum_and_certificates_and_nothing_else() -> None:
    signed = with_table(PLAIN, entry(b"signature"))
    left_out = {*range(CHECKSUM_AT, CHECKSUM_AT + 4), *range(ENTRY_AT, ENTRY_AT + 8), *range(len(PLAIN), len(signed))}
    expected = hashlib.sha256(bytes(byte for at, byte in enumerate(signed) if at not in left_out)).digest()
    assert digest(signed) == digest(PLAIN) == expected
    assert pe.unhashed(parsed(signed)) == ()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_every_byte_that_is_hashed_counts(algorithm: str) -> None:
    plain = digest(PLAIN, algorithm)
    assert len(plain) == hashlib.new(algorithm).digest_size
    for at in (0, PE_AT + 4, CHECKSUM_AT - 1, CHECKSUM_AT + 4, ENTRY_AT - 1, ENTRY_AT + 8, HEADERS, len(PLAIN) - 1):
        changed = PLAIN[:at] + bytes([PLAIN[at] ^ 1]) + PLAIN[at + 1 :]
        try:
            assert digest(changed, algorithm) != plain, at
        except Malformed:  # no header any more
            continue
    for at in range(CHECKSUM_AT, CHECKSUM_AT + 4):
        assert digest(put(PLAIN, at, 0x5A, 1), algorithm) == plain


def test_sections_are_hashed_in_the_order_in_which_they_lie() -> None:
    """The table, and the addresses that they are loaded at, may have any other."""
    one, other = PLAIN[FIRST + 16 : FIRST + 24], PLAIN[SECOND + 16 : SECOND + 24]
    swapped = PLAIN[: FIRST + 16] + other + PLAIN[FIRST + 24 : SECOND + 16] + one + PLAIN[SECOND + 24 :]
    assert digest(swapped) == hashlib.sha256(b"".join(swapped[a:b] for a, b in pe.hashed(parsed(PLAIN)))).digest()
    assert pe.hashed(parsed(swapped)) == pe.hashed(parsed(PLAIN))


def test_a_gap_between_sections_is_covered_by_no_digest() -> None:
    """The second section is shortened: what it no longer has is counted as if it lay at the end."""
    gap = put(PLAIN, SECOND + 16, 0x200)
    program = parsed(gap)
    start = program.sections[1].offset + 0x200
    assert pe.unhashed(program)[0][0] == start
    assert digest(gap) == digest(put(gap, start, 0xFF, 1))


def test_what_is_appended_changes_the_digest_on_either_side_of_the_certificates() -> None:
    assert digest(PLAIN + b"more") != digest(PLAIN)
    signed = with_table(PLAIN, entry(b"signature"))
    assert digest(signed + b"more") != digest(signed)


def test_a_file_without_room_for_the_entry_has_no_certificates() -> None:
    few = put(PLAIN, OPTIONAL_AT + 108, 4)
    program = parsed(few)
    assert program.certificate_entry is None
    assert pe.certificates(program, reader(few)) == ()
    assert digest(few) == hashlib.sha256(few[:CHECKSUM_AT] + few[CHECKSUM_AT + 4 :]).digest()


def test_certificates_of_both_forms_are_told_from_others() -> None:
    data = with_table(
        PLAIN, entry(b"one"), entry(pe.PKCS7_GUID + b"two", 0xEF1), entry(bytes(16), 0xEF1), entry(b"", 1)
    )
    found = pe.certificates(parsed(data), reader(data))
    assert [(one.content, one.is_pkcs7) for one in found] == [
        (b"one", True),
        (b"two", True),
        (b"", False),
        (b"", False),
    ]
    assert found[1].offset == len(PLAIN) + 16


@pytest.mark.parametrize("length", [0, 7, 24, 1 << 31, 0xFFFFFFFF])
def test_certificates_of_absurd_lengths_are_refused(length: int) -> None:
    data = with_table(PLAIN, entry(b"content"))
    data = put(data, len(PLAIN), length)
    with pytest.raises(Malformed, match="certificate of"):
        pe.certificates(parsed(data), reader(data))


def test_a_table_of_many_small_certificates_is_refused() -> None:
    data = with_table(PLAIN, *[entry(b"")] * 100)
    with pytest.raises(Malformed, match="more than"):
        pe.certificates(parsed(data), reader(data))


@pytest.mark.parametrize(
    ("at", "value", "size", "words"),
    [
        (0x3C, 0, 4, "no header where"),
        (0x3C, 0xFFFFFFF0, 4, "no header where"),
        (PE_AT + 6, 0xFFFF, 2, "65535 sections"),
        (PE_AT + 6, 900, 2, "cut off|headers of"),
        (PE_AT + 20, 8, 2, "cut off"),
        (PE_AT + 20, 0, 2, "neither PE32"),
        (OPTIONAL_AT, 0x107, 2, "neither PE32"),
        (OPTIONAL_AT + 60, 0, 4, "headers of"),
        (OPTIONAL_AT + 60, 0xFFFFFFFF, 4, "headers of"),
        (OPTIONAL_AT + 108, 17, 4, "data directories"),
        (OPTIONAL_AT + 108, 0xFFFFFFFF, 4, "data directories"),
    ],
)
def test_headers_that_cannot_be_are_refused(at: int, value: int, size: int, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        parsed(put(PLAIN, at, value, size))


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (FIRST + 20, 0xFFFFFF00, "outside the file"),
        (FIRST + 16, 0xFFFFFF00, "outside the file"),
        (FIRST + 20, 0, "overlap"),
        (SECOND + 20, HEADERS, None),
    ],
)
def test_sections_that_overlap_or_lie_outside_have_no_digest_or_another(at: int, value: int, words: str | None) -> None:
    changed = put(PLAIN, at, value)
    if words is None:
        assert digest(changed) != digest(PLAIN)
        return
    if words == "overlap":
        changed = put(changed, FIRST + 16, len(PLAIN))
    with pytest.raises(Malformed, match=words):
        digest(changed)


@pytest.mark.parametrize(("offset", "size"), [(0, 16), (0x100, 16), (1 << 31, 16), (0x400, 1 << 31)])
def test_a_certificate_table_outside_the_file_or_in_the_headers_is_refused(offset: int, size: int) -> None:
    data = put(put(PLAIN, ENTRY_AT, offset), ENTRY_AT + 4, size)
    with pytest.raises(Malformed):
        pe.certificates(parsed(data), reader(data))


def test_a_certificate_table_over_sections_has_no_digest() -> None:
    data = put(put(PLAIN, ENTRY_AT, HEADERS), ENTRY_AT + 4, len(PLAIN) - HEADERS)
    with pytest.raises(Malformed, match="overlap"):
        digest(data)


def test_damage_gives_nothing_but_reasons() -> None:
    signed = with_table(PLAIN, entry(b"signature"))
    begun = time.process_time()
    for damaged in mutated(signed, 4000, span=HEADERS):
        read = reader(damaged)
        try:
            program = pe.parse(read, len(damaged))
            pe.certificates(program, read)
            pe.unhashed(program)
            pe.digest(program, read)
        except Malformed:
            continue
    assert time.process_time() - begun < 20
