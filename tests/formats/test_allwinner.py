"""eGON and TOC0 images as mkimage makes them."""

from pathlib import Path

import pytest
import samples
from rom import CODE, allwinner_image, changed, mkimage

from firmward.formats import allwinner
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Read, Signed


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


@pytest.fixture
def egon(tmp_path: Path) -> bytes:
    try:
        return mkimage(tmp_path, "-T", "sunxi_egon", "-A", "arm", "-n", "sun50i-a64-pine64")
    except samples.NoProgramError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def toc0(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    try:
        return allwinner_image.toc0(tmp_path_factory.mktemp("toc0"))
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def held(data: bytes) -> dict[str, bool]:
    return {one.what: one.holds for one in allwinner.verify(reader(data), allwinner.parse_toc0(reader(data)))}


def broken(data: bytes, at: int) -> set[str]:
    return {what for what, holds in held(changed(data, at)).items() if not holds}


def test_egon_bears_no_signature_and_its_checksum_holds(egon: bytes) -> None:
    image = allwinner.parse_egon(reader(egon))
    assert (image.size, image.tree, image.is_spl) == (len(egon), "sun50i-a64-pine64", True)
    assert image.signing.signed is Signed.NO
    assert [one.holds for one in allwinner.verify(reader(egon), image)] == [True]
    wrong = changed(egon, 5000)
    assert [one.holds for one in allwinner.verify(reader(wrong), allwinner.parse_egon(reader(wrong)))] == [False]


def test_a_toc0_is_signed_from_root_key_to_firmware(toc0: bytes) -> None:
    image = allwinner.parse_toc0(reader(toc0))
    (firmware,) = image.payloads
    assert toc0[firmware.offset : firmware.offset + firmware.size] == CODE
    assert [one.name for one in image.items] == ["key", "certificate", "firmware"]
    assert image.signing.signed is Signed.YES
    assert image.signing.covered == image.payloads
    assert held(toc0) == {
        "checksum": True,
        "digest of the firmware": True,
        "signature of the certificate": True,
        "signature of the key item": True,
        "key of the certificate": True,
    }


def test_each_tampering_is_told_by_what_it_breaks(toc0: bytes) -> None:
    image = allwinner.parse_toc0(reader(toc0))
    key, certificate, firmware = image.items
    assert image.certificate is not None
    digest = toc0.index(image.certificate.digest)
    assert broken(toc0, firmware.offset) == {"checksum", "digest of the firmware"}
    # the ROM does not look at the last four bytes of the certificate, which are the digest's
    assert broken(toc0, digest + 31) == {"checksum", "digest of the firmware"}
    assert broken(toc0, digest) == {"checksum", "digest of the firmware", "signature of the certificate"}
    assert broken(toc0, image.certificate.signature_at) == {"checksum", "signature of the certificate"}
    assert broken(toc0, key.offset + allwinner.KEY_ITEM - 1) == {"checksum", "signature of the key item"}
    assert broken(toc0, key.offset + 24 + 512 + 9) == {
        "checksum",
        "signature of the key item",
        "key of the certificate",
    }
    assert broken(toc0, certificate.offset + 60) >= {"signature of the certificate", "key of the certificate"}


def test_the_firmware_key_of_another_is_told(tmp_path: Path, toc0: bytes) -> None:
    """The certificate is replaced by one that another key signed: it holds by itself; the key item is against it."""
    other = allwinner_image.toc0(tmp_path, "toc0-other")
    at = allwinner.parse_toc0(reader(toc0)).items[1]
    mixed = toc0[: at.offset] + other[at.offset : at.offset + at.size] + toc0[at.offset + at.size :]
    wrong = {what for what, holds in held(mixed).items() if not holds}
    assert wrong == {"checksum", "key of the certificate"}


def test_a_toc0_without_a_certificate_is_unsigned(toc0: bytes) -> None:
    item = 48 + 32
    data = toc0[:item] + (0x010199).to_bytes(4, "little") + toc0[item + 4 :]
    image = allwinner.parse_toc0(reader(data))
    assert image.certificate is None
    assert image.signing.signed is Signed.NO


@pytest.mark.parametrize("at", [0, 8, 24, 44, 48 + 28, 48 + 7])
def test_what_no_rom_would_take_is_malformed(at: int, toc0: bytes) -> None:
    with pytest.raises(Malformed):
        allwinner.parse_toc0(reader(changed(toc0, at, 0x80)))


@pytest.mark.parametrize("at", [1, 2, 5, 6, 9])
def test_lengths_in_the_certificate_may_lie(at: int, toc0: bytes) -> None:
    place = allwinner.parse_toc0(reader(toc0)).items[1].offset
    with pytest.raises(Malformed, match="TOC0 certificate"):
        allwinner.parse_toc0(reader(changed(toc0, place + at, 0x7F)))
