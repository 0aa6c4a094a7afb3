"""A device makes the same tree as a build, block by block, and a witness takes it."""

from pathlib import Path
from random import Random

import pytest
from power.medium import PlayedDisk
from power.timeline import Timeline
from program import find_program, run_program

from firmward.formats.verity import Shape
from firmward.formats.verity_tree import hash_tree, superblock
from firmward.model.errors import TrustError
from firmward.update.hash_tree import HashTree, shape_of, whole_size
from firmward.update.manifest import Payload, Verity
from firmward.update.region import Region

BLOCK = 4096
BLOCKS = (1, 2, 127, 128, 129, 255, 256, 257, 300)
VERITYSETUP = find_program("veritysetup") or "veritysetup"


def shape(blocks: int) -> Shape:
    return shape_of(Payload("root", blocks * BLOCK, "", ()), Verity("", "5a" * 32))


def region(size: int) -> tuple[PlayedDisk, Region]:
    disk = PlayedDisk(Timeline(), Random(0), {"root_b": b"\xee" * size})
    disk.running = "a"
    return disk, Region(disk, "root_b")


def written(blocks: int, pieces: int = 16) -> tuple[bytes, bytes, str]:
    """Data, what stands behind them, and the root hash that the build has."""
    data, of = Random(blocks).randbytes(blocks * BLOCK), shape(blocks)
    root_hash, levels = hash_tree(of, list(of.digests(data, BLOCK)))
    disk, there = region(whole_size(of))
    tree = HashTree(there, of)
    for at in range(0, len(data), pieces * BLOCK):
        tree.take(data[at : at + pieces * BLOCK])
    tree.finish(root_hash.hex())
    found = disk.read("root_b", len(data), 1 << 30)
    assert found == superblock(of).ljust(BLOCK, b"\0") + b"".join(levels)
    return data, found, root_hash.hex()


@pytest.mark.parametrize("blocks", BLOCKS)
def test_it_is_the_tree_that_a_build_makes(blocks: int) -> None:
    written(blocks)


@pytest.mark.parametrize("pieces", [1, 3, 128, 1000])
def test_it_does_not_depend_on_how_the_data_come(pieces: int) -> None:
    written(300, pieces)


class Forgetful:
    """A disk that keeps where was written, and in what order, but not what lies in between."""

    def __init__(self) -> None:
        self.blocks: dict[int, bytes] = {}

    def size(self, _partition: str) -> int:
        return 1 << 40

    def read(self, _partition: str, offset: int, length: int) -> bytes:
        return b"".join(self.blocks[at] for at in range(offset, offset + length, BLOCK))

    def write(self, _partition: str, offset: int, data: bytes) -> int:
        assert offset not in self.blocks
        self.blocks[offset] = data
        return len(data)

    def sync(self, _partition: str) -> None:
        return None


@pytest.mark.parametrize("blocks", [128 * 128, 128 * 128 + 1])
def test_a_tree_of_three_levels(blocks: int) -> None:
    disk, of = Forgetful(), shape(blocks)
    leaf = of.digest(bytes(BLOCK))
    root_hash, levels = hash_tree(of, [leaf] * blocks)
    tree = HashTree(Region(disk, "root_b"), of)
    for _ in range(blocks):
        tree._add(0, leaf)  # hashing 64 MiB of zeros would tell nothing more
    tree.finish(root_hash.hex())
    assert disk.read("root_b", of.data_size + BLOCK, of.tree_size) == b"".join(levels)


@pytest.mark.parametrize("blocks", [2, 129])
def test_the_witness_takes_it(blocks: int, tmp_path: Path) -> None:
    data, behind, root_hash = written(blocks)
    path = tmp_path / "root"
    path.write_bytes(data + behind)
    command = [VERITYSETUP, "verify", str(path), str(path), root_hash, f"--hash-offset={len(data)}"]
    assert run_program(command).returncode == 0


def test_another_root_hash_is_refused_before_there_is_a_superblock() -> None:
    of = shape(3)
    disk, there = region(whole_size(of))
    tree = HashTree(there, of)
    tree.take(bytes(3 * BLOCK))
    with pytest.raises(TrustError, match="the root hash is"):
        tree.finish("0" * 64)
    assert disk.read("root_b", 3 * BLOCK, BLOCK) == b"\xee" * BLOCK


def test_a_root_without_blocks_is_refused() -> None:
    with pytest.raises(TrustError, match="a number of blocks that cannot be"):
        shape(0)
