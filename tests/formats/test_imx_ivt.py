"""Image vector tables as mkimage makes them, and those that no ROM would take."""

import struct
from pathlib import Path

import pytest
import samples
from rom import CODE, nxp

from firmward.formats import imx_ivt
from firmward.formats.imx_ivt import Ivt
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Extent, Read, Signed

DCD = ("DATA 4 0x020e05a8 0x00000030", "SET_BIT 4 0x020e0000 0x4", "CHECK_BITS_SET 4 0x020e05a8 0x1")


def reader(data: bytes, start: int = 0) -> Read:
    return lambda offset, length: data[start + offset : start + offset + length] if start + offset >= 0 else b""


@pytest.fixture
def plain(tmp_path: Path) -> bytes:
    try:
        return nxp.plain(tmp_path, *DCD)
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def parsed(data: bytes) -> Ivt:
    return imx_ivt.parse(reader(data))


def test_the_code_lies_where_entry_and_address_say(plain: bytes) -> None:
    table = parsed(plain)
    (payload,) = table.payloads
    assert plain[payload.offset : payload.offset + len(CODE)] == CODE
    assert (table.version, table.entry, table.start, table.plugin) == (0x40, 0x17800000, 0x177FF000, False)
    assert table.size == len(plain)


def test_without_a_csf_nothing_is_signed_and_the_pointer_shows_it(plain: bytes) -> None:
    signing = parsed(plain).signing
    assert signing.signed is Signed.NO
    assert signing.uncovered == parsed(plain).payloads
    (evidence,) = signing.evidence
    assert plain[evidence.offset : evidence.offset + 4] == evidence.data == bytes(4)


def test_a_csf_is_announced_where_mkimage_leaves_room_for_it(tmp_path: Path, plain: bytes) -> None:
    table = parsed(nxp.plain(tmp_path, "CSF 0x2000"))
    assert table.signing.signed is Signed.YES
    (payload,) = table.payloads
    assert payload.offset + payload.size == table.offset(table.csf)


def test_the_device_configuration_is_what_was_written(plain: bytes) -> None:
    commands = imx_ivt.dcd(reader(plain), parsed(plain))
    assert [(one.kind, one.width, one.pairs) for one in commands] == [
        ("write", 4, ((0x020E05A8, 0x30),)),
        ("set", 4, ((0x020E0000, 0x4),)),
        ("check", 4, ((0x020E05A8, 0x1),)),
    ]


@pytest.mark.parametrize("place", [0, 0x400, 0x1000, 0x8400])
def test_a_table_is_found_where_roms_look(place: int, plain: bytes) -> None:
    medium = bytes(place) + plain
    assert [at for at, _ in imx_ivt.find(reader(medium), len(medium))] == [place]


def test_a_table_is_not_found_elsewhere(plain: bytes) -> None:
    medium = bytes(0x600) + plain
    assert not imx_ivt.find(reader(medium), len(medium))


def test_a_table_behind_a_kernel_speaks_for_it() -> None:
    kernel = CODE.ljust(0x3000, b"\0")
    start = 0x12000000
    itself = start + len(kernel)
    table = struct.pack(">BHB", 0xD1, 32, 0x41) + struct.pack("<7I", start, 0, 0, 0, itself, itself + 32, 0)
    medium = kernel + table + bytes(0x1500)
    found = imx_ivt.behind(reader(medium), len(medium))
    assert found is not None
    place, ivt = found
    assert (place, ivt.payloads) == (0x3000, (Extent("payload", -0x3000, 0x3000),))
    assert ivt.signing.signed is Signed.YES


FIELDS = {"entry": 4, "reserved": 8, "boot data": 16, "itself": 20, "last": 28}


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (FIELDS["entry"], 0),
        (FIELDS["entry"], 0xFFFF0000),
        (FIELDS["reserved"], 1),
        (FIELDS["boot data"], 0x10),
        (FIELDS["itself"], 0),
        (FIELDS["last"], 1),
        (32, 0xFFFFFFFF),  # the boot data's start
        (36, 0x10),  # their length does not hold the table
        (36, 0xFFFFFFFF),
    ],
)
def test_a_table_that_contradicts_itself_is_none(offset: int, value: int, plain: bytes) -> None:
    data = plain[:offset] + value.to_bytes(4, "little") + plain[offset + 4 :]
    with pytest.raises(Malformed):
        parsed(data)


@pytest.mark.parametrize("length", [0, 3, 31, 40])
def test_what_is_cut_off_is_told(length: int, plain: bytes) -> None:
    with pytest.raises(Malformed):
        parsed(plain[:length])


@pytest.mark.parametrize("length", [0, 2, 5, 0xFFFF])
def test_a_command_of_no_length_does_not_run_on(length: int, plain: bytes) -> None:
    start = parsed(plain).offset(parsed(plain).dcd) + 5
    data = plain[:start] + length.to_bytes(2, "big") + plain[start + 2 :]
    with pytest.raises(Malformed, match="DCD: a command"):
        imx_ivt.dcd(reader(data), parsed(data))
