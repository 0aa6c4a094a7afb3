"""Android's sparse images as img2simg writes them: the disk reads as the one that went in."""

import random
import struct
import time
from pathlib import Path

import pytest

from firmward.image.budget import Budget
from firmward.image.container.android_sparse import FORMAT
from firmward.image.opening import open_image
from firmward.image.source import Bytes, Source
from firmward.model.report import Role

MIB = 1 << 20


def chunk(kind: int, blocks: int, data: bytes = b"") -> bytes:
    return struct.pack("<HHII", kind, 0, blocks, 12 + len(data)) + data


def sparse(*chunks: bytes, blocks: int, block: int = 4096) -> bytes:
    head = struct.pack("<4sHHHHIIII", b"\x3a\xff\x26\xed", 1, 0, 28, 12, block, blocks, len(chunks), 0)
    return head + b"".join(chunks)


def disk(data: bytes) -> tuple[Source, str | None]:
    (child,) = FORMAT.open(Bytes(data), Budget())
    assert child.source is not None
    return child.source, child.problem


@pytest.fixture
def ext4(tmp_path: Path, rootfs: Path, tool) -> bytes:
    tool("mkfs.ext4", "-q", "-d", rootfs, tmp_path / "ext4", "24M")
    return (tmp_path / "ext4").read_bytes()


@pytest.fixture
def make(tmp_path: Path, tool):
    def call(data: bytes, block: int = 4096) -> bytes:
        (tmp_path / "disk").write_bytes(data)
        tool("img2simg", tmp_path / "disk", tmp_path / "sparse", block)
        return (tmp_path / "sparse").read_bytes()

    return call


def test_the_disk_is_the_one_that_went_in(ext4: bytes, make) -> None:
    image = make(ext4)
    assert len(image) < len(ext4) // 4
    found, problem = disk(image)
    assert (found.size, problem) == (len(ext4), None)
    assert b"".join(found.chunks()) == ext4
    assert found.sha256() == Bytes(ext4).sha256()


@pytest.mark.parametrize("block", [1024, 4096, 65536])
def test_any_range_reads_as_on_the_disk(block: int, make) -> None:
    chance = random.Random(1)
    pieces = [
        chance.randbytes(block),
        bytes(3 * block),
        b"\xff" * block,
        b"fill" * (block // 2),
        chance.randbytes(2 * block),
    ]
    raw = b"".join(chance.choices(pieces, k=40))
    found, _ = disk(make(raw, block))
    for _ in range(300):
        start, length = chance.randrange(len(raw)), chance.randrange(4 * block)
        assert found.read(start, length) == raw[start : start + length]
        needle = raw[start : start + chance.choice((4, 8, 300))]
        begin = chance.randrange(len(raw))
        assert found.find(needle, begin) == raw.find(needle, begin)
        assert found.find(needle, begin, start + 2) == raw.find(needle, begin, start + 2)
        assert found.first_written(begin, start) == Bytes(raw).first_written(begin, start)
    assert found.read(-1, 4) == found.read(len(raw), 4) == b""


@pytest.mark.parametrize("fill", [b"\xff" * 4, b"\0\xff\0\xff"])
def test_a_fill_of_terabytes_costs_no_look_at_each_byte(fill: bytes) -> None:
    blocks = 1 << 20
    image = sparse(chunk(0xCAC1, 1, b"-rom1fs-".ljust(MIB, b"\xff")), chunk(0xCAC2, blocks, fill), blocks=1, block=MIB)
    started = time.monotonic()
    found, _ = disk(image)
    assert found.size == (blocks + 1) * MIB
    assert found.first_written(8) is None
    assert found.find(b"none of it") == -1
    assert found.find(fill * 9, 2 * MIB + 1) in range(2 * MIB + 1, 2 * MIB + 5)
    assert time.monotonic() - started < 5


def test_holes_are_left_out_of_the_data() -> None:
    image = sparse(
        chunk(0xCAC1, 1, b"a" * 4096),
        chunk(0xCAC3, 5),
        chunk(0xCAC2, 2, b"\0\0\0\0"),
        chunk(0xCAC2, 1, b"abcd"),
        chunk(0xCAC1, 1, b"b" * 4096),
        chunk(0xCAC4, 0, b"\0\0\0\0"),
        blocks=10,
    )
    found, problem = disk(image)
    assert (found.size, problem) == (10 * 4096, None)
    assert list(found.data()) == [(0, 4096), (8 * 4096, 10 * 4096)]
    assert list(found.data(100, 8 * 4096 + 5)) == [(100, 4096), (8 * 4096, 8 * 4096 + 5)]
    assert found.first_written(4096) == 8 * 4096
    assert found.find(b"dabc") == 8 * 4096 + 3
    assert found.find(b"cdbb") == 9 * 4096 - 2
    assert found.find(bytes(9), 4096) == 4096


def test_the_system_inside_is_opened(ext4: bytes, make, tmp_path: Path) -> None:
    make(ext4)
    image = open_image(tmp_path / "sparse")
    assert [(part.id, part.role) for part in image.parts] == [("image", Role.OTHER), ("image/content", Role.ROOT)]
    assert image.roots[0].tree.read("etc/passwd") == b"root:x:0:0:root:/root:/bin/sh\n"


def test_a_large_empty_disk_costs_nothing() -> None:
    found, _ = disk(sparse(chunk(0xCAC3, 1 << 31), chunk(0xCAC1, 1, b"x" * 4096), blocks=(1 << 31) + 1))
    assert found.size == (1 << 43) + 4096
    assert found.first_written() == 1 << 43
    assert found.find(b"xx") == 1 << 43


@pytest.mark.parametrize(
    ("image", "size", "words"),
    [
        (sparse(chunk(0xCAC1, 2, b"a" * 8192), blocks=2)[:-5000], 3192, "cut off in the data"),
        (sparse(chunk(0xCAC1, 1, b"a" * 4096), chunk(0xCAC9, 1), blocks=2), 4096, "chunk 1 of 2 contradicts itself"),
        (sparse(chunk(0xCAC1, 1, b"a" * 4096), blocks=7), 4096, "4096 bytes of 28672"),
        (sparse(chunk(0xCAC1, 1, b"a" * 4096), chunk(0xCAC3, 1), blocks=2)[:-5], 4096, "cut off before chunk 1"),
    ],
)
def test_a_damaged_chunk_ends_the_disk(image: bytes, size: int, words: str) -> None:
    found, problem = disk(image)
    assert found.size == size
    assert words in (problem or "")
    assert found.read(0, 5) == b"aaaaa"


def test_what_follows_the_last_chunk_is_not_its_own() -> None:
    image = sparse(chunk(0xCAC1, 1, b"a" * 4096), blocks=1)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
