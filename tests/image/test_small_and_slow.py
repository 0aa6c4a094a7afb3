"""Small images made to cost much: what one of them may make a reader do stays in proportion to its size."""

import struct
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from yaffs2_image import FILE, HARD_LINK
from yaffs2_image import Image as Yaffs2Image

from firmward.formats import erofs, ext4, iso9660, ubifs
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, BudgetExceeded, Limits
from firmward.image.carve import carve
from firmward.image.disk.ubi import FORMAT as UBI
from firmward.image.filesystem.cpio import FORMAT as CPIO
from firmward.image.filesystem.tar import FORMAT as TAR
from firmward.image.filesystem.ubifs import FORMAT as UBIFS
from firmward.image.filesystem.yaffs2 import FORMAT as YAFFS2
from firmward.image.format import Format
from firmward.image.opening import Image, Opening
from firmward.image.pairing import paired
from firmward.image.source import Bytes
from firmward.image.walk import Walk
from firmward.model.report import Part, Role
from firmward.model.tree import Entry, Kind, Tree

SECONDS = 10.0
"""Of CPU; what is tested here took minutes."""


@contextmanager
def in_time() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < SECONDS


def tree_of(kind: Format, data: bytes, limits: Limits | None = None) -> Tree:
    tree = kind.open(Bytes(data), Budget(limits or Limits()))
    assert isinstance(tree, Tree)
    return tree


def problems_of(tree: Any) -> str:
    return "; ".join(tree.problems)


def opened(data: bytes) -> Image:
    return Opening(Budget(), lambda _: None).file("test", Bytes(data))


# UBIFS


def node(kind: int, body: bytes, sequence: int) -> bytes:
    rest = struct.pack("<QIB3x", sequence, ubifs.HEADER_SIZE + len(body), kind) + body
    data = ubifs.MAGIC + (zlib.crc32(rest) ^ 0xFFFFFFFF).to_bytes(4, "little") + rest
    return data + bytes(-len(data) % 8)


def inode(number: int, mode: int, size: int = 0) -> bytes:
    return node(ubifs.INODE, struct.pack("<I20xQ16xQ12x6I", number, size, 0, 1, 0, 0, mode, 0, 0).ljust(136, b"\0"), 2)


def named(kind: int, parent: int, number: int, name: bytes) -> bytes:
    return node(kind, struct.pack("<I12xQxxH4x", parent, number, len(name)) + name, 3)


def ubifs_of(*nodes: bytes) -> bytes:
    block = 8 << 20
    head = node(ubifs.SUPERBLOCK, bytes(8) + struct.pack("<III", 8, block, 1) + bytes(4096 - 44), 1)
    return head + inode(1, 0o40755) + inode(2, 0o100644, 1 << 30) + b"".join(nodes)


def test_a_file_of_ubifs_that_was_cut_as_often_as_it_has_pieces() -> None:
    count = 20_000
    pieces = (node(ubifs.DATA, struct.pack("<II8xIH2x", 2, place, 1, 0) + b"x", 10) for place in range(count))
    cut = struct.pack("<I20xQ", 2, 1 << 40)
    cuts = (node(ubifs.TRUNCATION, cut, 100 + place) for place in range(count))
    with in_time():
        tree_of(UBIFS, ubifs_of(*pieces, *cuts, named(ubifs.NAME, 1, 2, b"f")))


@pytest.mark.parametrize(
    ("cuts", "kept"), [([(5, 0)], 4), ([(20, 8192)], 2), ([(20, 4096), (30, 1 << 20)], 1), ([(20, 12288), (5, 0)], 3)]
)
def test_a_cut_takes_what_is_older_and_behind_it(cuts: list[tuple[int, int]], kept: int) -> None:
    pieces = [node(ubifs.DATA, struct.pack("<II8xIH2x", 2, place, 1, 0) + b"x", 10) for place in range(4)]
    nodes = [node(ubifs.TRUNCATION, struct.pack("<I20xQ", 2, size), sequence) for sequence, size in cuts]
    tree = tree_of(UBIFS, ubifs_of(*pieces, *nodes, named(ubifs.NAME, 1, 2, b"f")))
    entry = tree.lstat("f")
    assert entry is not None
    assert b"".join(piece for piece, _ in zip(tree.chunks(entry), range(8), strict=False)).count(b"x") == kept


def test_a_file_of_ubifs_with_thousands_of_names_and_of_attributes() -> None:
    count = 5_000
    names = (named(ubifs.NAME, 1, 2, b"f%d" % number) for number in range(count))
    attributes = (named(ubifs.ATTRIBUTE, 2, 3, b"user.%d" % number) for number in range(count))
    data = ubifs_of(inode(3, 0o100644), *names, *attributes)
    tracemalloc.start()
    tree = tree_of(UBIFS, data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(1 for _ in tree.entries()) == count
    assert peak < 64 << 20


# YAFFS2


def test_a_file_of_yaffs2_with_as_many_names_as_pieces() -> None:
    image = Yaffs2Image(512, 16)
    image.root()
    image.header(300, FILE, 1, b"f", mode=0o100644, size=0)
    image.sequence += 1
    for number in range(4000):
        image.chunk(b"x", 300, number + 1, 1)
        image.header(400 + number, HARD_LINK, 1, b"l%d" % number, equivalent=300)
    with in_time():
        tree = tree_of(YAFFS2, bytes(image.data))
    assert {entry.size for entry in tree.entries()} == {3999 * 512 + 1}


# folders without names


class Endless(Walk[int, int]):
    """Folders whose listing takes an hour by the clock and holds no name."""

    def __init__(self, budget: Budget, hours: list[float]) -> None:
        super().__init__(budget)
        self._hours = hours

    def load(self, reference: int) -> int:
        return reference

    def listing(self, folder: int) -> Iterator[tuple[bytes, int]]:
        if folder:
            self._hours[0] += 3600
            raise Malformed("damaged")
        yield from ((b"%d" % number, number) for number in range(1, 100))

    def describe(self, path: str, reference: int, node: int) -> Entry:
        return Entry(path, Kind.DIRECTORY)


def test_the_clock_is_looked_at_before_each_folder() -> None:
    hours = [0.0]
    walk = Endless(Budget(Limits(seconds=1800), clock=lambda: hours[0]), hours)
    with pytest.raises(BudgetExceeded):
        list(walk.entries(0))
    assert hours[0] <= 7200


def test_a_folder_of_erofs_without_end() -> None:
    root = erofs.Inode(1, Kind.DIRECTORY, 0o755, 0, 0, 1 << 60, 0, erofs.FLAT, b"\xff" * 4, 0, 0, 0)
    with pytest.raises(Malformed, match="a folder of"):
        list(erofs.Erofs(EROFS, lambda _, length: bytes(length), lambda *_: b"").listing(root))


EROFS = erofs.Superblock(12, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "")


def test_a_folder_of_iso_9660_in_thousands_of_extents() -> None:
    folder = iso9660.Record(b"", Kind.DIRECTORY, ((0, 64 << 20),) * 4096, 0o555)
    image = iso9660.Iso.__new__(iso9660.Iso)
    with pytest.raises(Malformed, match="a folder of"):
        list(image.listing(folder))


def test_a_file_of_ext_whose_pointers_lead_to_holes_without_end() -> None:
    """A block of pointers that all lead to the next level, and the last of them nowhere: 2^42 holes."""
    block = 65536
    levels = {number: struct.pack("<I", number + 1) * (block // 4) for number in (10, 11)} | {12: bytes(block)}
    geometry = ext4.Superblock(32, 64, 0, block, 1 << 19, 32, 256, 11, 32, 0, 0, 0, 0, (0, 0), "")
    image = ext4.Ext(geometry, lambda offset, length: levels.get(offset // block, b"")[:length])
    pointers = struct.pack("<15I", *(0,) * 14, 10)
    file = ext4.Inode(12, Kind.FILE, 0o644, 0, 0, 1 << 58, 0, 0, pointers, 0, b"")
    with in_time():
        pieces = image.content(file)
        assert sum(len(next(pieces)) for _ in range(100)) == 100 * ext4.CHUNK


# archives


def header(name: bytes, content: bytes = b"", kind: bytes = b"0") -> bytes:
    head = bytearray(512)
    head[: len(name)] = name
    head[100:107], head[124:135], head[136:147] = b"0000644", b"%011o" % len(content), b"0" * 11
    head[148:157] = b" " * 8 + kind
    head[257:265] = b"ustar\x0000"
    head[148:155] = b"%06o\0" % sum(head)
    return bytes(head) + content + bytes(-len(content) % 512)


def attribute(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    while len(record := b"%d %s=%s\n" % (length, key, value)) != length:
        length = len(record)
    return record


def test_attributes_of_all_members_of_a_tar_are_few() -> None:
    every = b"".join(attribute(b"SCHILY.xattr.user.%d" % number, b"") for number in range(30_000))
    data = header(b"g", every, b"g") + b"".join(header(b"f%d" % number) for number in range(2000)) + bytes(1024)
    with in_time():
        tree = tree_of(TAR, data)
    assert "attributes for every member" in problems_of(tree)


def test_a_map_of_a_sparse_file_is_no_other_files() -> None:
    pieces = b",".join(b"%d,1" % number for number in range(50_000))
    every = attribute(b"GNU.sparse.map", pieces) + attribute(b"GNU.sparse.size", b"99999")
    data = header(b"g", every, b"g") + b"".join(header(b"f%d" % number) for number in range(1000)) + bytes(1024)
    with in_time():
        tree = tree_of(TAR, data)
    assert {entry.size for entry in tree.entries()} == {0}


def test_attributes_and_pieces_of_a_tar_are_charged() -> None:
    many = b"".join(attribute(b"SCHILY.xattr.user.%d" % number, b"") for number in range(20_000))
    pieces = b",".join(b"%d,1" % number for number in range(50_000))
    sparse = attribute(b"GNU.sparse.map", pieces) + attribute(b"GNU.sparse.size", b"99999")
    for content in (many, sparse):
        data = (header(b"x", content, b"x") + header(b"f")) * 10 + bytes(1024)
        tree = tree_of(TAR, data, Limits(expanded_bytes=16 << 20))
        assert "expands to more" in problems_of(tree)


def newc(name: bytes, data: bytes = b"", mode: int = 0o100644) -> bytes:
    numbers = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def test_the_folders_that_paths_imply_are_charged() -> None:
    paths = (b"%04d/" % number + b"/".join([b"a" * 125] * 31) for number in range(500))
    data = b"".join(newc(path) for path in paths) + newc(b"TRAILER!!!", mode=0)
    assert "expands to more" in problems_of(tree_of(CPIO, data, Limits(expanded_bytes=16 << 20)))


def test_sorting_deep_paths_takes_no_more_than_the_paths() -> None:
    folder = b"/".join([b"ab"] * 100)
    data = b"".join(newc(folder + b"/%d" % number) for number in range(10_000)) + newc(b"TRAILER!!!", mode=0)
    tracemalloc.start()
    tree = tree_of(CPIO, data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(1 for _ in tree.entries()) == 10_100
    assert peak < 24 << 20


def test_entries_stand_in_the_order_of_their_names() -> None:
    names = (b"a/b", b"a-/b", b"a", b"a b", b"a/\x01", b"b", b"a!/x", "é/x".encode(), b"a/b/c")
    data = b"".join(newc(name) for name in names) + newc(b"TRAILER!!!", mode=0)
    paths = [entry.path for entry in tree_of(CPIO, data).entries()]
    assert paths == sorted(paths, key=lambda path: path.split("/"))


def test_files_that_cannot_be_read_are_no_more_parts_than_others() -> None:
    unreadable = attribute(b"GNU.sparse.map", b"") + attribute(b"GNU.sparse.size", b"%d" % (1 << 50))
    data = b"".join(
        header(b"L", b"x" * 140 + b"%d.img\0" % number, b"L") + header(b"x", unreadable, b"x") + header(b"f")
        for number in range(5000)
    )
    with in_time():
        image = opened(data + bytes(1024))
    assert len(image.parts) <= Limits().parts + 1
    assert image.budget.exhausted == (f"more than {Limits().parts} parts",)
    assert len({part.id for part in image.parts}) == len(image.parts)


# many roots


def root(number: int) -> bytes:
    folders = newc(b"bin", mode=0o40755) + newc(b"etc", mode=0o40755)
    files = newc(b"etc/n", b"%06d" % number) + newc(b"init", b"x", 0o100755) + newc(b"pad", bytes(700))
    return folders + files + newc(b"TRAILER!!!", mode=0) + b"\1" * 512


def test_a_thousand_roots_are_read_once_each_to_be_compared() -> None:
    with in_time():
        image = opened(b"\1" * 512 + b"".join(root(number) for number in range(1000)))
    assert len(image.roots) == 1000


def test_thousands_of_kernels_and_roots_are_paired() -> None:
    parts = [Part(f"image/a/b/c/d/{number}", "ext", role=Role.ROOT) for number in range(2000)]
    parts += [Part(f"image/a/b/c/e/{number}", "uimage", role=Role.KERNEL) for number in range(2000)]
    with in_time():
        assert all(part.belongs_to is None for part in paired(parts))


# headers without end


def test_a_dump_made_of_the_magic_of_lz4() -> None:
    data = b"\1" * 512 + b"\x02\x21\x4c\x18" * (1 << 17)
    with in_time():
        assert list(carve(Bytes(data), Budget())) == []


def test_a_volume_of_ubi_whose_last_block_lies_terabytes_away() -> None:
    counter = struct.pack(">4sB3xQIII32x", b"UBI#", 1, 0, 64, 128, 1)
    counter += (zlib.crc32(counter) ^ 0xFFFFFFFF).to_bytes(4, "big")

    def block(volume: int, number: int, data: bytes) -> bytes:
        head = struct.pack(">4sBBBBII4xIIII4xQ12x", b"UBI!", 1, 1, 0, 0, volume, number, 0, 0, 0, 0, 1)
        head += (zlib.crc32(head) ^ 0xFFFFFFFF).to_bytes(4, "big")
        return (counter + head + data).ljust(16384, b"\xff")

    row = struct.pack(">IIIBBH128sB23x", 1 << 31, 1, 0, 1, 0, 3, b"far", 0)
    row += (zlib.crc32(row) ^ 0xFFFFFFFF).to_bytes(4, "big")
    data = block(0x7FFFEFFF, 0, row) + block(0, 0, b"a") + block(0, (1 << 31) - 1, b"z")
    opened_ubi = UBI.open(Bytes(data), Budget())
    assert not isinstance(opened_ubi, Tree)
    child = next(iter(opened_ubi))  # behind it the rows that are not there are told
    assert child.name == "far"
    assert child.source is not None
    assert child.source.size == 16384 - 128
    assert "1 of its blocks say" in (child.problem or "")
