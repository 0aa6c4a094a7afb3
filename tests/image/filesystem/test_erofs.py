import lzma
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmward.formats.erofs import DEFLATE, INTERLACED, LZ4, LZMA, MAGIC_OFFSET, ZERO_PADDING, ZSTD, Extent
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.erofs import FORMAT, ErofsTree, unpack
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable

OPTIONS = (
    "",
    "-zlz4",
    "-zlz4hc,9",
    "-zlz4 -C65536",
    "-zlz4hc -C1048576",
    "-zlz4hc,12 -C65536 --max-extent-bytes=65536",
    "-zlz4 -Elegacy-compress",
    "-zlz4hc -Elegacy-compress,force-inode-extended",
    "-zlz4 -Eztailpacking",
    "-zlz4hc -C16384 -Eztailpacking",
    "-zlz4 -Eztailpacking --all-root -T1700000000",
    "-Eforce-inode-extended",
    "-Enoinline_data",
    "-Enoinline_data,nosbcrc",
    "--chunksize=4096",
    "--chunksize=65536 -Eforce-chunk-indexes",
    "-x1",
    "-x1000",
)
LONGEST = "etc/" + "n" * 255
"""mkfs.erofs 1.5 cuts a name of 255 bytes."""
PLAIN, COMPRESSED = "", "-zlz4hc -C16384 -Eztailpacking"


@pytest.fixture(scope="module")
def folder(archive: bytes, run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root as a folder, which needs privilege to hold owners and devices."""
    if os.geteuid():
        pytest.skip("owners and devices want root")
    folder = tmp_path_factory.mktemp("erofs-root")
    run("tar", "-xpf", "-", "-C", folder, "--xattrs", "--xattrs-include=*", "--same-owner", feed=archive)
    (folder / LONGEST).unlink()
    os.utime(folder / "etc", (1_700_000_000, 1_700_000_000))
    return folder


@pytest.fixture(scope="module")
def make(folder: Path, run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    base = tmp_path_factory.mktemp("erofs")
    known: dict[str, bytes] = {}

    def make_image(options: str) -> bytes:
        if options not in known:
            image = base / "image"
            image.unlink(missing_ok=True)
            run("mkfs.erofs", *options.split(), image, folder)
            known[options] = image.read_bytes()
        return known[options]

    return make_image


def opened(data: bytes) -> ErofsTree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, ErofsTree)
    return tree


@pytest.mark.parametrize("options", OPTIONS)
def test_what_went_in_comes_out(
    options: str, make: Callable[[str], bytes], root: list[Any], check: Callable[..., None]
) -> None:
    image = make(options)
    assert FORMAT.measure(Bytes(image + bytes(9000))) == len(image)
    tree = opened(image)
    assert tree.problems == ()
    if "-T" in options:
        assert {entry.mtime for entry in tree.entries()} == {1_700_000_000}
        assert len(list(tree.entries())) == len(root) - 1
        return
    check(tree, [item for item in root if item.path != LONGEST])


def test_owners_may_all_be_root(make: Callable[[str], bytes]) -> None:
    tree = opened(make("--all-root -x-1"))
    assert {(entry.uid, entry.gid, entry.xattrs) for entry in tree.entries()} == {(0, 0, ())}


def test_content_on_another_device_is_told(folder: Path, run: Callable[..., str], work: Path) -> None:
    run("mkfs.erofs", f"--blobdev={work / 'blob'}", "--chunksize=4096", work / "image", folder)
    tree = opened((work / "image").read_bytes())
    assert tree.problems == ("content on 1 other devices cannot be read",)
    with pytest.raises(Unavailable, match="device 1, which is not here"):
        tree.read("opt/large")
    assert "etc/sshd_config" in {entry.path for entry in tree.entries()}


@pytest.mark.parametrize(
    ("options", "size", "unit"), [("--chunksize=4096", 4096, 4), ("--chunksize=65536 -Eforce-chunk-indexes", 65536, 8)]
)
def test_a_hole_among_chunks_is_zero(options: str, size: int, unit: int, make: Callable[[str], bytes]) -> None:
    """The address of the second chunk becomes the one that is none."""
    image = bytearray(make(options))
    tree = opened(bytes(image))
    whole = tree.read("opt/tail") or b""
    second = -(-tree._image.inode(tree._references["opt/tail"]).tail // unit) * unit + unit
    image[second : second + unit] = b"\xff" * unit
    assert opened(bytes(image)).read("opt/tail") == whole[:size] + bytes(size) + whole[2 * size :]


def test_a_checksum_that_does_not_hold_is_told(make: Callable[[str], bytes]) -> None:
    data = bytearray(make(PLAIN))
    data[MAGIC_OFFSET + 64] ^= 1  # the volume's name
    assert FORMAT.measure(Bytes(bytes(data))) == len(data)
    assert opened(bytes(data)).problems == ("the superblock's checksum does not hold",)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, b"\0"),
        (12, b"\x08"),
        (12, b"\x11"),
        (13, b"\xff"),
        (14, b"\0\0"),
        (16, bytes(8)),
        (36, bytes(4)),
        (40, b"\xff\xff\xff\x7f"),
        (90, b"\x01"),
    ],
)
def test_a_superblock_that_contradicts_itself_is_none(make: Callable[[str], bytes], at: int, value: bytes) -> None:
    data = bytearray(make(PLAIN))
    data[MAGIC_OFFSET + at : MAGIC_OFFSET + at + len(value)] = value
    assert FORMAT.measure(Bytes(bytes(data))) is None
    with pytest.raises(Damaged):
        opened(bytes(data))


@pytest.mark.parametrize(("bit", "words"), [(0x100, "metabox"), (0x8000, "features 0x8000")])
def test_what_is_newer_than_this_reader_is_damaged_in_words(make: Callable[[str], bytes], bit: int, words: str) -> None:
    data = bytearray(make(PLAIN))
    features = struct.unpack_from("<I", data, MAGIC_OFFSET + 80)[0]
    struct.pack_into("<I", data, MAGIC_OFFSET + 80, features | bit)
    assert FORMAT.measure(Bytes(bytes(data))) == len(data)
    with pytest.raises(Damaged, match=words):
        opened(bytes(data))


def test_a_damaged_extent_costs_its_file(make: Callable[[str], bytes]) -> None:
    image = make("-zlz4")
    tree = opened(image)
    extent = next(tree._image.extents(tree._image.inode(tree._references["opt/large"])))
    assert extent.way == LZ4
    data = bytearray(image)
    data[extent.at : extent.at + 4096] = b"\xff" * 4096
    hurt = opened(bytes(data))
    with pytest.raises(Unavailable, match="damaged"):
        hurt.read("opt/large")
    assert hurt.read("etc/sshd_config") == tree.read("etc/sshd_config")


CONTENT = b"a rule of the firewall, and another one; " * 300


def _superblock(make: Callable[[str], bytes]) -> Any:
    return opened(make("-zlz4")).superblock


def _micro_lzma(content: bytes) -> bytes:
    alone = lzma.compress(content, lzma.FORMAT_ALONE, preset=6)
    return bytes([alone[0] ^ 0xFF]) + alone[14:]


def _raw_deflate(content: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(content) + engine.flush()


def _zstd_frame(content: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(write_content_size=False).compress(content)


@pytest.mark.parametrize(
    ("way", "pack"),
    [(LZMA, _micro_lzma), (DEFLATE, _raw_deflate), (ZSTD, _zstd_frame)],
    ids=["lzma", "deflate", "zstd"],
)
@pytest.mark.parametrize("length", [len(CONTENT), 5000])
def test_compression_that_the_tool_at_hand_does_not_know(
    way: int, pack: Callable[[bytes], bytes], length: int, make: Callable[[str], bytes]
) -> None:
    packed = pack(CONTENT).rjust(4096, b"\0")
    extent = Extent(0, length, way, 0, 4096, partial=length < len(CONTENT))
    assert unpack(_superblock(make), extent, packed) == CONTENT[:length]
    with pytest.raises(Malformed, match="nothing"):
        unpack(_superblock(make), extent, bytes(4096))


def test_a_part_of_an_lz4_extent(make: Callable[[str], bytes]) -> None:
    import lz4.block  # type: ignore[import-untyped]

    packed = lz4.block.compress(CONTENT, store_size=False).rjust(4096, b"\0")
    assert unpack(_superblock(make), Extent(0, 777, LZ4, 0, 4096, partial=True), packed) == CONTENT[:777]


def test_an_interlaced_extent_turns_in_its_block(make: Callable[[str], bytes]) -> None:
    image = opened(make("-zlz4"))._image
    block = image.bytes_at(0, 4096)
    found = image.unpacked(Extent(4096 * 3 + 1000, 4096, INTERLACED, 0, 4096))
    assert found == block[1000:] + block[:1000]
    with pytest.raises(Malformed):
        image.unpacked(Extent(1000, 4097, INTERLACED, 0, 4096))


@pytest.mark.parametrize("length", [1, 5, 40, 41, 45, 777, 778, 779, 780, 12_000, len(CONTENT)])
def test_an_early_lz4_extent_may_end_anywhere(length: int, make: Callable[[str], bytes]) -> None:
    import lz4.block

    chance = random.Random(length)
    content = b"".join(chance.choice((b"a rule ", b"of the firewall ", chance.randbytes(3))) for _ in range(2000))[
        :12_300
    ]
    packed = lz4.block.compress(content, store_size=False) + bytes(500)
    superblock = opened(make("-zlz4 -Elegacy-compress")).superblock
    for end in range(length, min(length + 12, 12_300)):
        assert unpack(superblock, Extent(0, end, LZ4, 0, len(packed)), packed) == content[:end]
    with pytest.raises(Malformed):
        unpack(superblock, Extent(0, 1 << 20, LZ4, 0, 4096), packed[:90])


def test_the_zeros_of_an_early_image_stand_behind(make: Callable[[str], bytes]) -> None:
    assert not opened(make("-zlz4 -Elegacy-compress")).superblock.incompatible & ZERO_PADDING


def test_too_many_entries_end_it(make: Callable[[str], bytes]) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(make(PLAIN)), Budget(Limits(entries=100)))


@pytest.mark.parametrize("options", [PLAIN, COMPRESSED])
def test_every_cut_ends_in_words(options: str, make: Callable[[str], bytes], exercise: Callable[..., str]) -> None:
    image = make(options)
    ends = {exercise(FORMAT, image[: len(image) * step // 40]) for step in range(40)}
    assert ends >= {"Damaged", "partly"}


@pytest.mark.parametrize("options", [PLAIN, COMPRESSED, "-zlz4 -Elegacy-compress", "--chunksize=4096"])
def test_mutations_end_in_words(
    options: str, make: Callable[[str], bytes], exercise: Callable[..., str], mutations: Callable[..., Any]
) -> None:
    image = make(options)
    tree = opened(image)
    nodes = random.Random(1).sample(sorted(tree._references.values()), 40)
    base = tree.superblock.metadata << tree.superblock.block_bits
    regions = [(MAGIC_OFFSET, MAGIC_OFFSET + 130), *((base + 32 * node, base + 32 * node + 200) for node in nodes)]
    ends = [exercise(FORMAT, data) for data in mutations(image, regions, 60)]
    assert ends.count("partly") > 10
