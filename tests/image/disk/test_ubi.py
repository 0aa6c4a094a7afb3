import random
import time
from pathlib import Path

import mending
import pytest
import samples

from firmward.formats import ubi
from firmward.image import carve
from firmward.image.budget import Budget, Damaged
from firmward.image.disk.ubi import FORMAT
from firmward.image.format import Child
from firmward.image.source import Bytes
from firmward.model.tree import Tree

BLOCK = 16 << 10
KERNEL = bytes(range(256)) * 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ubi")


@pytest.fixture(scope="module")
def image(folder: Path) -> bytes:
    try:
        return next(samples.samples("ubi", folder))
    except samples.NoProgramError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def file_system(folder: Path, image: bytes) -> bytes:
    """What the samples put into the volume."""
    return (folder / "fs").read_bytes()


def volumes(data: bytes) -> dict[str, Child]:
    opened = FORMAT.open(Bytes(data), Budget())
    assert not isinstance(opened, Tree)
    return {child.name: child for child in opened}


def content(child: Child) -> bytes:
    assert child.source is not None
    return child.source.read(0, child.source.size)


def test_volumes_come_out_as_they_went_in(image: bytes, file_system: bytes) -> None:
    found = volumes(image)
    assert list(found) == ["rootfs", "kernel"]
    assert content(found["kernel"]) == KERNEL
    assert content(found["rootfs"]).startswith(file_system)
    assert all(child.problem is None for child in found.values())


def test_blocks_stand_in_any_order_with_bad_and_erased_ones_between(image: bytes, file_system: bytes) -> None:
    blocks = [image[at : at + BLOCK] for at in range(0, len(image), BLOCK)]
    first, *rest = [*blocks, *[b"\xff" * BLOCK] * 5, *[b"\0" * BLOCK] * 3]
    random.Random(1).shuffle(rest)
    found = volumes(b"".join((first, blocks[1], *rest)))
    assert content(found["kernel"]) == KERNEL
    assert content(found["rootfs"]).startswith(file_system)


def test_of_two_that_claim_a_place_the_later_whole_one_counts(image: bytes) -> None:
    blocks = [image[at : at + BLOCK] for at in range(0, len(image), BLOCK)]
    place = next(at for at, block in enumerate(blocks) if (found := identifier(block)) and found.volume == 3)
    later = claimed(blocks[place], b"later".ljust(BLOCK, b"!"), 99, crc=None)
    torn = claimed(blocks[place], b"torn!".ljust(BLOCK, b"!"), 100, crc=1)
    found = volumes(b"".join([*blocks, later, torn]))
    assert content(found["kernel"]).startswith(b"later!")


def identifier(block: bytes) -> ubi.Identifier | None:
    counter = ubi.parse_counter(block)
    return None if counter is None else ubi.parse_identifier(block[counter.identifier :])


def claimed(block: bytes, data: bytes, sequence: int, crc: int | None) -> bytes:
    """The block again with other data, as a copy when it is given a checksum."""
    counter = ubi.parse_counter(block)
    assert counter is not None
    head = bytearray(block[counter.identifier : counter.identifier + ubi.HEADER_SIZE])
    if crc is not None:
        head[6] = 1
        head[32:36] = crc.to_bytes(4, "big")
    head[40:48] = sequence.to_bytes(8, "big")
    head[60:64] = ubi.checksum(bytes(head[:60])).to_bytes(4, "big")
    made = block[: counter.identifier] + bytes(head)
    return made.ljust(counter.data, b"\xff") + data[: BLOCK - counter.data]


def changed(image: bytes, volume: int, at: int, value: bytes) -> bytes:
    """The identifier of a volume's last block with another value, as if it had been written so."""
    starts = [at for at in range(0, len(image), BLOCK) if (found := identifier(image[at:])) and found.volume == volume]
    counter = ubi.parse_counter(image[starts[-1] :])
    assert counter is not None
    data = bytearray(image)
    place = starts[-1] + counter.identifier + at
    data[place : place + len(value)] = value
    mend = mending.find("ubi")
    assert mend is not None
    mend(data)
    return bytes(data)


@pytest.mark.parametrize(("volume", "name"), [(0, "rootfs"), (3, "kernel")])
def test_a_block_that_says_that_it_stands_terabytes_behind_the_others_makes_no_volume_of_terabytes(
    image: bytes, volume: int, name: str
) -> None:
    found = volumes(changed(image, volume, 12, b"\x7f\xff\xff\xf0"))[name]
    assert found.source is not None
    assert found.source.size < 1 << 20
    assert found.problem is not None
    assert "far behind" in found.problem


def test_a_copy_is_read_no_further_than_its_block(image: bytes) -> None:
    block = next(image[at : at + BLOCK] for at in range(0, len(image), BLOCK) if identifier(image[at:]))
    place = changed(block, ubi.LAYOUT, 20, b"\x00\x80\x00\x00")  # 8 MiB
    started = time.monotonic()
    volumes(image + claimed(place, bytes(BLOCK), 5, crc=1) * 3000)
    assert time.monotonic() - started < 5


def test_a_lost_block_of_a_static_volume_is_told(image: bytes) -> None:
    blocks = [image[at : at + BLOCK] for at in range(0, len(image), BLOCK)]
    place = next(at for at, block in enumerate(blocks) if (found := identifier(block)) and found.volume == 3)
    blocks[place] = b"\xff" * BLOCK
    assert volumes(b"".join(blocks))["kernel"].problem == "1 of its blocks are missing"


def test_without_a_volume_table_it_is_damaged(image: bytes) -> None:
    blocks = [image[at : at + BLOCK] for at in range(0, len(image), BLOCK)]
    kept = [block for block in blocks if (found := identifier(block)) and found.volume != ubi.LAYOUT]
    with pytest.raises(Damaged, match="volume table"):
        volumes(b"".join(kept))


def test_in_a_dump_it_ends_with_its_last_block(image: bytes) -> None:
    dump = bytes(BLOCK) + image + b"\xff" * BLOCK * 100 + b"#" * BLOCK
    (found,) = carve.carve(Bytes(dump), Budget())
    assert (found.offset, found.size) == (BLOCK, len(image))
