"""AHAB containers as mkimage makes them, signed by the published layout with root keys of srktool."""

from dataclasses import replace
from pathlib import Path

import pytest
import samples
from rom import CODE, changed, nxp

from firmward.formats import imx_ahab
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Read, Signed


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


def held(data: bytes) -> dict[str, bool]:
    return {one.what: one.holds for one in imx_ahab.verify(reader(data), imx_ahab.parse(reader(data)))}


@pytest.fixture
def plain(tmp_path: Path) -> bytes:
    try:
        return nxp.container(tmp_path)
    except samples.NoProgramError as error:
        pytest.skip(str(error))


@pytest.fixture
def signed(tmp_path: Path) -> bytes:
    try:
        return nxp.signed_container(tmp_path)
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def test_images_lie_where_the_array_says_and_their_digests_hold(plain: bytes) -> None:
    container = imx_ahab.parse(reader(plain))
    assert [one.kind for one in container.images] == ["executable"] * 2
    assert [one.load for one in container.images] == [0x80000000, 0x80100000]
    assert {one.hash_name for one in container.images} == {"sha384"}
    for one in container.images:
        assert plain[one.offset : one.offset + len(CODE)] == CODE
        assert not one.encrypted
    assert held(plain) == {"digest of image 0": True, "digest of image 1": True}
    assert container.size == len(plain)


def test_a_container_without_a_signature_says_so(plain: bytes) -> None:
    container = imx_ahab.parse(reader(plain))
    assert container.signing.signed is Signed.NO
    assert set(container.payloads) <= set(container.signing.uncovered)


def test_the_fuse_value_is_that_of_srktool(signed: bytes, tmp_path: Path) -> None:
    container = imx_ahab.parse(reader(signed))
    _, fuses = nxp.ahab_table(tmp_path)
    assert container.fuses["sha512"] == fuses
    assert [(key.size, key.numbers[0].bit_length(), key.numbers[1]) for key in container.root_keys] == [
        (5, 2048, 65537)
    ] * 4


@pytest.mark.parametrize("key", [0, 3])
@pytest.mark.parametrize("options", [nxp.PSS, ()])
def test_a_signature_by_any_root_key_holds(key: int, options: tuple[str, ...], tmp_path: Path, plain: bytes) -> None:
    data = nxp.signed_container(tmp_path, key, options)
    container = imx_ahab.parse(reader(data))
    assert (container.key_set, container.key_index) == ("oem", key)
    assert container.signing.signed is Signed.YES
    assert not container.signing.uncovered
    assert held(data) == {"digest of image 0": True, "digest of image 1": True, "signature": True}


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        (0x2000, {"digest of image 0"}),
        (0x4000, {"digest of image 1"}),
        (16 + 32, {"digest of image 0", "signature"}),
        (16 + 8, {"signature"}),  # where the first image is loaded
        (8, {"signature"}),  # the version that fuses are compared with
        (5, {"signature"}),  # which root keys are revoked
    ],
)
def test_each_tampering_is_told_by_what_it_breaks(place: int, broken: set[str], signed: bytes) -> None:
    assert {what for what, holds in held(changed(signed, place)).items() if not holds} == broken


def test_a_signature_that_no_flag_asks_for_is_unknown(signed: bytes) -> None:
    container = imx_ahab.parse(reader(signed[:4] + bytes(4) + signed[8:]))
    assert container.signing.signed is Signed.UNKNOWN


def test_containers_follow_each_other_and_all_must_be_signed(plain: bytes) -> None:
    """The first one's header is copied to the second place, so that both have images."""
    medium = plain[:0x400] + plain[:0x400] + plain[0x800:]
    flash = imx_ahab.parse_flash(reader(medium), len(medium))
    assert [place for place, _ in flash.containers] == [0, 0x400]
    assert len(flash.payloads) == 4
    assert flash.signing.signed is Signed.NO


def test_the_flags_say_what_is_encrypted(plain: bytes) -> None:
    data = bytearray(plain)
    data[16 + 24 + 1] |= 0x08
    assert imx_ahab.parse(reader(bytes(data))).images[0].encrypted


@pytest.mark.parametrize(("at", "value"), [(3, 0), (0, 9), (11, 255), (1, 0), (13, 0xFF)])
def test_what_is_no_container_is_malformed(at: int, value: int, plain: bytes) -> None:
    with pytest.raises(Malformed):
        imx_ahab.parse(reader(plain[:at] + bytes((value,)) + plain[at + 1 :]))


def test_one_signed_container_does_not_speak_for_another(plain: bytes, signed: bytes) -> None:
    each = (imx_ahab.parse(reader(signed)), imx_ahab.parse(reader(plain)))
    assert imx_ahab.Flash(((0, each[0]), (0x400, each[1]))).signing.signed is Signed.NO
    assert imx_ahab.Flash(((0, each[0]), (0x400, each[0]))).signing.signed is Signed.YES


def test_images_that_are_more_than_any_medium_are_not_computed(plain: bytes) -> None:
    """They may lie over each other, and each may be nearly all that there is."""
    container = imx_ahab.parse(reader(plain))
    large = replace(container.images[0], size=imx_ahab.HASHED_LIMIT)
    with pytest.raises(Malformed, match="in all"):
        imx_ahab.verify(reader(plain), replace(container, images=(large, *container.images)))
