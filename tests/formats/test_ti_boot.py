"""K3 certificates as openssl makes them from TI's fields, and MLO as mkimage makes it."""

from pathlib import Path

import pytest
import samples
from rom import CODE, changed, ti

from firmward.formats import ti_boot
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Extent, Read, Signed


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


def held(data: bytes) -> dict[str, bool]:
    return {one.what: one.holds for one in ti_boot.verify(reader(data), ti_boot.parse_k3(reader(data)))}


@pytest.fixture(scope="module")
def single() -> bytes:
    try:
        return ti.single(debug=4)
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def test_the_certificate_says_what_follows(single: bytes) -> None:
    image = ti_boot.parse_k3(reader(single))
    (one,) = image.components
    assert single[one.extent.offset :] == CODE
    assert (one.load, one.core, one.hash_name, image.revision, image.debug) == (0x41C00000, 16, "sha512", 7, 4)
    assert not image.encrypted
    assert image.size == len(single)


def test_a_signed_image_holds(single: bytes) -> None:
    image = ti_boot.parse_k3(reader(single))
    assert image.signing.signed is Signed.YES
    assert not image.signing.uncovered
    assert held(single) == {"digest of payload": True, "signature of the certificate": True}


def test_each_tampering_is_told_by_what_it_breaks(single: bytes) -> None:
    image = ti_boot.parse_k3(reader(single))
    assert held(changed(single, len(single) - 1)) == {"digest of payload": False, "signature of the certificate": True}
    digest = single.index(image.components[0].digest)
    assert held(changed(single, digest)) == {"digest of payload": False, "signature of the certificate": False}
    last = image.certificate.size - 1
    assert held(changed(single, last)) == {"digest of payload": True, "signature of the certificate": False}


def test_several_components_follow_each_other() -> None:
    try:
        data = ti.combined()
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    image = ti_boot.parse_k3(reader(data))
    start = image.certificate.size
    assert image.payloads == (Extent("sbl", start, len(CODE)), Extent("sysfw", start + len(CODE), len(CODE)))
    assert set(held(data).values()) == {True}
    assert held(changed(data, start + len(CODE) + 5))["digest of sysfw"] is False


def test_a_key_of_gp_chips_signs_nothing() -> None:
    try:
        data = ti.single(ti.degenerate_key())
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    image = ti_boot.parse_k3(reader(data))
    assert image.is_degenerate
    assert image.signing.signed is Signed.NO
    assert held(data) == {"digest of payload": True}


def test_a_published_key_is_known_by_its_modulus(single: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    image = ti_boot.parse_k3(reader(single))
    assert not image.has_sample_key
    monkeypatch.setattr(ti_boot, "SAMPLE_KEYS", frozenset({image.key_hash}))
    assert image.has_sample_key
    assert "published" in image.signing.evidence[0].says


def test_a_certificate_of_somebody_else_is_none(single: bytes) -> None:
    with pytest.raises(Malformed):
        ti_boot.parse_k3(reader(single.replace(ti_boot.ARC, bytes(8))))


@pytest.mark.parametrize("swapped", [False, True])
def test_mlo_gives_the_code_in_either_order_of_bytes(swapped: bool, tmp_path: Path) -> None:
    try:
        data = ti.mlo(tmp_path, swapped=swapped)
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    image = ti_boot.parse_mlo(reader(data))
    assert (image.swapped, image.load, image.size) == (swapped, 0x402F0400, len(data))
    assert ti_boot.content(reader(data), image) == CODE
    assert image.sections == (Extent("CHSETTINGS", 64, 12),)
    assert image.signing.signed is Signed.NO


def test_sections_of_hs_chips_are_named_and_their_seal_is_unknown(tmp_path: Path) -> None:
    try:
        data = bytearray(ti.mlo(tmp_path))
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    data[32:64] = (0x80).to_bytes(4, "little") + (0x100).to_bytes(4, "little") + bytes(12) + b"KEYS".ljust(12, b"\0")
    image = ti_boot.parse_mlo(reader(bytes(data)))
    assert [one.name for one in image.sections] == ["CHSETTINGS", "KEYS"]
    assert image.signing.signed is Signed.UNKNOWN
