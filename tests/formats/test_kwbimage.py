"""Marvell's images as mkimage makes them."""

import struct
from pathlib import Path

import pytest
import samples
from rom import CODE, changed, marvell

from firmward.formats import kwbimage
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Read, Signed


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


@pytest.fixture(params=[0, 1])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    try:
        return marvell.version_1(tmp_path) if request.param else marvell.version_0(tmp_path)
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def test_the_code_lies_where_the_header_says_and_its_sum_holds(image: bytes) -> None:
    found = kwbimage.parse(reader(image))
    payload = found.payloads[-1]
    assert image[payload.offset : payload.offset + payload.size] == CODE
    assert found.medium == "spi"
    assert [one.holds for one in kwbimage.verify(reader(image), found)] == [True]
    assert [one.holds for one in kwbimage.verify(reader(changed(image, payload.offset)), found)] == [False]


def test_without_a_secure_header_nothing_is_signed(image: bytes) -> None:
    assert kwbimage.parse(reader(image)).signing.signed is Signed.NO


def test_a_changed_header_is_none(image: bytes) -> None:
    with pytest.raises(Malformed):
        kwbimage.parse(reader(changed(image, 0x11)))


@pytest.mark.parametrize(("signature", "signed"), [(b"s" * 256, Signed.YES), (bytes(256), Signed.NO)])
def test_a_secure_header_is_read_by_its_signatures(signature: bytes, signed: Signed) -> None:
    size = kwbimage.SECURE_SIZE
    secure = bytearray(struct.pack("<BBH", 1, size >> 16, size & 0xFFFF) + bytes(size - 4))
    secure[kwbimage.HEADER_SIGNATURE :][:0] = b""
    secure[0x220:0x320] = secure[0x320:0x420] = signature
    whole = 32 + size
    head = bytearray(struct.pack("<BBHIBBH3I", 0x5A, 0, 0, len(CODE) + 4, 1, whole >> 16, whole & 0xFFFF, whole, 0, 0))
    head = head.ljust(30, b"\0") + b"\1\0"
    data = bytearray(head + secure)
    data[31] = sum(data) & 0xFF
    found = kwbimage.parse(reader(bytes(data) + CODE + bytes(4)))
    assert found.signing.signed is signed
