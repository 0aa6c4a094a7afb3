"""ID blocks as mkimage makes them, loader and trust images by Rockchip's published structures."""

from pathlib import Path

import pytest
import samples
from rom import CODE, changed, rockchip_image

from firmward.formats import rockchip
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Read, Signed


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


@pytest.fixture
def make(tmp_path: Path):
    def call(chip: str, kind: str = "rksd", boot: bytes = b"") -> bytes:
        try:
            return rockchip_image.id_block(tmp_path, chip, kind, boot)
        except samples.NoProgramError as error:
            pytest.skip(str(error))

    return call


@pytest.mark.parametrize("kind", ["rksd", "rkspi"])
@pytest.mark.parametrize(
    ("chip", "mark", "encrypted"), [("rk3399", "RK33", False), ("rk3288", "RK32", False), ("rk3066", "RK30", True)]
)
def test_both_stages_come_out_as_they_went_in(chip: str, mark: str, encrypted: bool, kind: str, make) -> None:
    data = make(chip, kind, CODE[::-1])
    block = rockchip.parse_id_block(reader(data), len(data))
    assert (block.chip, block.encrypted, block.is_spi) == (mark, encrypted, kind == "rkspi")
    init, boot = block.payloads
    # the mark stands over the first word, or before it
    found = rockchip.content(reader(data), block, init)
    assert CODE[4:4096] in found
    assert rockchip.content(reader(data), block, boot)[: len(CODE)] == CODE[::-1]
    assert block.signing.signed is Signed.NO


def test_without_a_second_stage_none_is_named(make) -> None:
    data = make("rk3399")
    block = rockchip.parse_id_block(reader(data), len(data))
    assert [one.name for one in block.payloads] == ["init"]


def test_what_was_appended_by_hand_is_the_second_stage(make) -> None:
    data = make("rk3399") + CODE
    block = rockchip.parse_id_block(reader(data), len(data))
    boot = block.payloads[1]
    assert data[boot.offset : boot.offset + boot.size] == CODE
    assert block.size == len(data)


def test_rc4_is_that_of_the_test_vectors() -> None:
    """RFC 6229, key of 128 bits."""
    key = bytes(range(1, 17))
    assert rockchip.rc4(bytes(16), key).hex() == "9ac7cc9a609d1ef7b2932899cde41b97"


def test_a_new_block_holds_digests_that_anybody_can_make(make) -> None:
    data = make("rk3568", boot=CODE[::-1])
    block = rockchip.parse_new_id_block(reader(data))
    assert [data[one.extent.offset : one.extent.offset + one.extent.size] for one in block.images] == [CODE, CODE[::-1]]
    assert block.signing.signed is Signed.NO
    assert [one.holds for one in rockchip.verify(reader(data), block)] == [True] * 3


@pytest.mark.parametrize(("at", "wrong"), [(2048, 0), (2048 + len(CODE), 1), (130, 2)])
def test_a_changed_byte_of_a_new_block_is_told(at: int, wrong: int, make) -> None:
    data = changed(make("rk3568", boot=CODE[::-1]), at)
    found = [one.holds for one in rockchip.verify(reader(data), rockchip.parse_new_id_block(reader(data)))]
    assert found == [place != wrong for place in range(3)]


def test_what_is_longer_than_a_digest_is_a_signature(tmp_path: Path) -> None:
    try:
        data = rockchip_image.signed_rkns(tmp_path)
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    block = rockchip.parse_new_id_block(reader(data))
    assert block.signing.signed is Signed.YES
    assert [one.what for one in rockchip.verify(reader(data), block)] == ["digest of init"]


@pytest.mark.parametrize("later", [True, False])
@pytest.mark.parametrize("kind", [rockchip.LOADER, rockchip.TRUST_OS])
def test_loader_images_of_both_ages(kind: bytes, later: bool) -> None:
    for signature, signed in ((b"", Signed.NO), (b"s" * 256, Signed.YES)):
        data = rockchip_image.loader(kind, signature=signature, later=later)
        image = rockchip.parse_loader(reader(data))
        (payload,) = image.payloads
        assert data[payload.offset : payload.offset + payload.size] == CODE
        assert (image.load, image.kind, len(image.digest)) == (0x200000, kind.decode().strip(), 32)
        assert (image.signing.signed, image.signature) == (signed, signature)


def test_trust_images_name_their_parts() -> None:
    data = rockchip_image.trust()
    image = rockchip.parse_trust(reader(data))
    assert [one.extent.name for one in image.images] == ["bl31-0", "bl32-1"]
    assert image.signing.signed is Signed.NO
    assert [one.holds for one in rockchip.verify(reader(data), image)] == [True, True]
    assert [one.holds for one in rockchip.verify(reader(changed(data, 5000)), image)] == [False, True]
    assert rockchip.parse_trust(reader(rockchip_image.trust(b"s" * 256))).signing.signed is Signed.YES


@pytest.mark.parametrize("at", [0, 3, 506])
def test_what_is_no_id_block_is_malformed(at: int, make) -> None:
    data = make("rk3399")
    with pytest.raises(Malformed):
        rockchip.parse_id_block(reader(changed(data, at, 0xFF) if at < 500 else data[:at]), len(data))


@pytest.mark.parametrize(("at", "value"), [(0, b"BL4X"), (12, b"\xff\xff"), (14, b"\x11"), (14, b"\0")])
def test_what_is_no_trust_image_is_malformed(at: int, value: bytes) -> None:
    data = rockchip_image.trust()
    with pytest.raises(Malformed):
        rockchip.parse_trust(reader(data[:at] + value + data[at + len(value) :]))
