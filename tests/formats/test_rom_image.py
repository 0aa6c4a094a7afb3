"""What holds for every header that boot ROMs read: it may lie, and what it leaves out is told."""

import random
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import samples

from firmward.formats import (
    allwinner,
    imx_ahab,
    imx_csf,
    imx_ivt,
    kwbimage,
    raspberry_pi,
    rockchip,
    stm32,
    ti_boot,
    zynq_boot,
)
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Extent, Read, RomImage, Signed, exactly, left_out, pieces

SECONDS = 2.0
MUTATIONS = 120


def ivt(read: Read, size: int) -> RomImage:
    table = imx_ivt.parse(read)
    imx_ivt.dcd(read, table)
    imx_ivt.find(read, size)
    imx_ivt.behind(read, size)
    if table.csf:
        csf = imx_csf.parse(read, table)
        csf.signing(table)
        imx_csf.verify(read, table, csf)
    return table


def ahab(read: Read, size: int) -> RomImage:
    flash = imx_ahab.parse_flash(read, size)
    imx_ahab.verify_flash(read, flash)
    return flash


def verified(parse: Callable[..., RomImage], verify: Callable[..., object], *, sized: bool = False):
    def call(read: Read, size: int) -> RomImage:
        image = parse(read, size) if sized else parse(read)
        verify(read, image)
        return image

    return call


def id_block(read: Read, size: int) -> RomImage:
    block = rockchip.parse_id_block(read, size)
    for extent in block.payloads:
        assert len(rockchip.content(read, block, extent)) <= extent.size
    return block


def eeprom(read: Read, size: int) -> RomImage:
    image = raspberry_pi.parse_eeprom(read, size)
    raspberry_pi.verify(image)
    return image


def mlo(read: Read, _: int) -> RomImage:
    image = ti_boot.parse_mlo(read)
    ti_boot.content(read, image)
    return image


READERS: dict[str, Callable[[Read, int], RomImage]] = {
    "imx_ivt": ivt,
    "imx_ahab": ahab,
    "stm32": verified(stm32.parse, stm32.verify),
    "ti_k3": verified(ti_boot.parse_k3, ti_boot.verify),
    "ti_mlo": mlo,
    "allwinner_egon": verified(allwinner.parse_egon, allwinner.verify),
    "allwinner_toc0": verified(allwinner.parse_toc0, allwinner.verify),
    "rockchip_id": id_block,
    "rockchip_rkns": verified(rockchip.parse_new_id_block, rockchip.verify),
    "rockchip_loader": lambda read, _: rockchip.parse_loader(read),
    "rockchip_trust": verified(rockchip.parse_trust, rockchip.verify),
    "raspberry_pi_eeprom": eeprom,
    "kwbimage": verified(kwbimage.parse, kwbimage.verify),
    "zynq_boot": verified(zynq_boot.parse, zynq_boot.verify, sized=True),
}
every_header = pytest.mark.parametrize("name", sorted(READERS))


@cache
def images(name: str) -> tuple[bytes, ...]:
    with TemporaryDirectory() as folder:
        try:
            return tuple(samples.samples(name, Path(folder)))
        except samples.NoProgramError as error:
            pytest.skip(str(error))


def read_from(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length] if offset >= 0 and length > 0 else b""


@every_header
def test_it_says_where_the_code_is_and_shows_what_it_says_of_signatures(name: str) -> None:
    for data in images(name):
        image = READERS[name](read_from(data), len(data))
        assert 0 < image.size <= len(data)
        assert image.payloads
        assert all(one.offset >= 0 and one.offset + one.size <= len(data) for one in image.payloads)
        assert image.signing.evidence
        assert all(one.says and 0 <= one.offset <= len(data) for one in image.signing.evidence)
        if image.signing.signed is Signed.NO:
            assert image.signing.uncovered or name == "raspberry_pi_eeprom"


@every_header
def test_broken_headers_end_in_words_and_soon(name: str) -> None:
    chance = random.Random(name)
    for data in images(name):
        for _ in range(MUTATIONS):
            exercise(name, broken(data, chance))


@every_header
def test_headers_cut_off_anywhere_end_in_words(name: str) -> None:
    data = images(name)[-1]
    for length in {*range(0, 700, 13), *range(700, len(data), max(1, len(data) // 40))}:
        exercise(name, data[:length])


@every_header
def test_chance_behind_the_first_bytes_ends_in_words(name: str) -> None:
    chance = random.Random(name)
    data = images(name)[-1]
    for kept in (8, 16, 40, 72, 136, 260):
        for _ in range(10):
            exercise(name, data[:kept] + chance.randbytes(4000))


def broken(image: bytes, chance: random.Random) -> bytes:
    """Flipped, cut, spliced; mostly near the start, where headers are."""
    copy = bytearray(image)
    for _ in range(chance.choice((1, 2, 8))):
        at = chance.randrange(min(len(copy), 2600) if chance.random() < 0.7 else len(copy))
        match chance.randrange(4):
            case 0:
                copy[at] ^= 1 << chance.randrange(8)
            case 1:
                width = chance.choice((1, 2, 4, 8))
                copy[at : at + width] = chance.choice((b"\xff" * width, bytes(width), chance.randbytes(width)))
            case 2:
                other = chance.randrange(len(image))
                copy[at : at + 64] = image[other : other + 64]
            case 3:
                del copy[at : at + chance.choice((1, 4, 64))]
    return bytes(copy[: len(image)])


def exercise(name: str, data: bytes) -> None:
    started = time.monotonic()
    try:
        image = READERS[name](read_from(data), len(data))
        assert image.size > 0
        assert all(one.size > 0 for one in image.payloads)
        assert image.signing.evidence
    except Malformed:
        pass
    assert time.monotonic() - started < SECONDS


def runs() -> Iterator[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
    """Covered runs, and what they leave out of the bytes 10 to 20."""
    yield [], [(10, 10)]
    yield [(10, 10)], []
    yield [(0, 100)], []
    yield [(0, 10), (20, 5)], [(10, 10)]
    yield [(12, 3)], [(10, 2), (15, 5)]
    yield [(18, 9), (5, 6)], [(11, 7)]
    yield [(10, 6), (12, 2), (15, 5)], []


@pytest.mark.parametrize(("covered", "left"), list(runs()))
def test_what_is_covered_is_taken_away(covered: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    found = left_out([Extent("code", 10, 10)], [Extent("", *one) for one in covered])
    assert [(one.offset, one.size) for one in found] == left


@pytest.mark.parametrize(("offset", "length"), [(0, 5), (3, 2), (-1, 1), (9, 1)])
def test_bytes_that_are_not_all_there_are_told(offset: int, length: int) -> None:
    with pytest.raises(Malformed, match="header: cut off"):
        exactly(read_from(b"1234"), offset, length, "header")


def test_pieces_are_all_of_it() -> None:
    data = bytes(range(256)) * 9000
    assert b"".join(pieces(read_from(data), 5, len(data) - 9, "data")) == data[5:-4]
