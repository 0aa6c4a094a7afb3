"""The hash tree behind the root, beside what veritysetup says of it."""

import random
import re
from pathlib import Path

import pytest
from program import find_program, run_program

from firmward.build.verity import BLOCK, VerityRoot, write_verity
from firmward.formats import verity
from firmward.model.errors import InputError

VERITYSETUP = find_program("veritysetup") or "veritysetup"


def made(folder: Path, size: int, seed: int = 0, **of: str) -> VerityRoot:
    image = folder / f"{size}.squashfs"
    image.write_bytes(random.Random(seed).randbytes(size))
    names = {"product": "camera", "version": "1.4.0", **of}
    return write_verity(image, folder / f"{size}.root", product=names["product"], version=names["version"])


def verified(root: VerityRoot) -> bool:
    path = str(root.path)
    command = [VERITYSETUP, "verify", path, path, root.root_hash, f"--hash-offset={root.hash_offset}"]
    return run_program(command).returncode == 0


SIZES = (1, 4095, 4096, 4097, 128 * BLOCK, 128 * BLOCK + 1, 129 * BLOCK, 300 * BLOCK - 7, (128 * 128 + 1) * BLOCK)
"""One block, one full hash block, one more, and a tree of three levels."""


@pytest.mark.parametrize("size", SIZES)
def test_the_witness_verifies_every_size(tmp_path: Path, size: int) -> None:
    root = made(tmp_path, size)
    assert verified(root)
    assert root.path.stat().st_size == root.size
    assert root.data_size == -(-size // BLOCK) * BLOCK
    image = root.path.with_suffix(".squashfs").read_bytes()
    assert root.path.read_bytes()[: root.data_size] == image.ljust(root.data_size, b"\0")


@pytest.mark.parametrize("place", [0, 4096 * 77 + 5, 300 * BLOCK - 1])
def test_a_changed_byte_is_found(tmp_path: Path, place: int) -> None:
    root = made(tmp_path, 300 * BLOCK)
    image = bytearray(root.path.read_bytes())
    image[place] ^= 1
    root.path.write_bytes(image)
    assert not verified(root)


def test_the_witness_reads_the_superblock_as_the_table_says(tmp_path: Path) -> None:
    root = made(tmp_path, 300 * BLOCK)
    command = [VERITYSETUP, "dump", str(root.path), f"--hash-offset={root.hash_offset}"]
    words = dict(re.findall(r"(.*?):\s+(.*)", run_program(command).stdout.decode()))
    assert words["Data blocks"] == str(root.blocks)
    assert words["Data block size"].startswith("4096")
    assert words["Hash algorithm"] == "sha256"
    assert words["Salt"].strip() == root.salt
    assert len(words["UUID"].strip()) == 36


def test_the_table_is_read_back_and_computes_the_root_hash(tmp_path: Path) -> None:
    root = made(tmp_path, 300 * BLOCK - 7)
    line = root.table("/dev/vda4")
    start, sectors, kind, words = line.split(" ", 3)
    assert (start, sectors, kind) == ("0", str(root.data_size // 512), "verity")
    table = verity.parse_table(words)
    assert (table.data_device, table.hash_device) == ("/dev/vda4", "/dev/vda4")
    assert (table.root_hash, table.shape.salt.hex()) == (root.root_hash, root.salt)
    assert table.options == ("panic_on_corruption",)
    image = root.path.read_bytes()
    tree = image[table.hash_start * BLOCK :]
    computed = verity.compute(
        table.shape, lambda at, length: image[at : at + length], lambda at, length: tree[at : at + length]
    )
    assert (computed.root_hash, computed.differs) == (root.root_hash, None)


def test_the_same_image_gives_the_same_bytes_and_another_one_another_salt(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, again = made(tmp_path / "one", 50_000), made(tmp_path / "two", 50_000)
    assert first.path.read_bytes() == again.path.read_bytes()
    assert first.root_hash == again.root_hash
    others = (
        made(tmp_path / "two", 50_000, seed=1),
        made(tmp_path / "two", 50_000, version="1.4.1"),
        made(tmp_path / "two", 50_000, product="gateway"),
    )
    assert len({first.salt, *(other.salt for other in others)}) == 4
    assert len({first.root_hash, *(other.root_hash for other in others)}) == 4


def test_an_empty_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the root file system is empty"):
        made(tmp_path, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["0.squashfs"]
