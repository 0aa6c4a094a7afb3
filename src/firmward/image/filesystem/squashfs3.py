"""Squashfs 1 to 3, and what vendors made of these and of 4.0 with another magic, compressor or byte order.

The tree is that of 4.0. Which compressor was used nothing says: each that is known is tried on the root folder, which
is believed when all of its listing holds.
"""

import lzma
from collections.abc import Iterator
from typing import cast

from firmward.formats import squashfs, squashfs3
from firmward.formats.malformed import Malformed
from firmward.formats.squashfs import COMPRESSORS, Squashfs, Unpack
from firmward.formats.squashfs3 import MAGICS, SUPERBLOCK_SIZE, Squashfs3, version
from firmward.image.block_codecs import CODECS, unpack_lzma, unpack_zlib
from firmward.image.budget import Budget, Damaged
from firmward.image.filesystem.squashfs import SquashfsTree
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.model.tree import Kind

MEMORY = 1 << 23
"""Bytes of dictionary, as vendors' decoders take; no block is larger than 1 MiB."""


def _marked(data: bytes, limit: int) -> bytes:
    """zlib, or LZMA alone with its usual properties: sqlzma takes for each block what makes it smaller."""
    return unpack_lzma(data, limit) if data[:1] == b"\x5d" else unpack_zlib(data, limit)


def _bare(data: bytes, limit: int, start: int, properties: tuple[int, int, int]) -> bytes:
    """An LZMA stream without header or end mark, from `start` on; `properties` are lc, lp and pb."""
    lc, lp, pb = properties
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": MEMORY, "lc": lc, "lp": lp, "pb": pb}]
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters).decompress(data[start:], limit)
    except (lzma.LZMAError, MemoryError, ValueError) as error:
        raise Malformed(f"an lzma block is damaged: {error}") from None


def _packed_properties(byte: int) -> tuple[int, int, int]:
    return byte % 9, byte // 9 % 5, byte // 45


def _headed(at: int) -> Unpack:
    """The properties in one byte at `at`, four bytes of dictionary size, then the stream."""

    def unpack(data: bytes, limit: int) -> bytes:
        if len(data) < at + 5:
            raise Malformed("an lzma block is cut off")
        return _bare(data, limit, at + 5, _packed_properties(data[at]))

    return unpack


def _spelled(data: bytes, limit: int) -> bytes:
    """pb, lc and lp in a byte each and one more, then the stream: DD-WRT."""
    if len(data) < 5:
        raise Malformed("an lzma block is cut off")
    return _bare(data, limit, 4, (data[1], data[2], data[0]))


def _agreed(*properties: int) -> Unpack:
    """Nothing but the stream."""
    lc, lp, pb = properties
    return lambda data, limit: _bare(data, limit, 0, (lc, lp, pb))


UNPACKS: tuple[Unpack, ...] = (
    _marked,
    unpack_lzma,
    _headed(0),
    _headed(4),
    _spelled,
    _agreed(3, 0, 2),
    _agreed(0, 2, 2),
    _agreed(0, 0, 0),
    _agreed(1, 2, 2),
    _agreed(3, 0, 0),
)
"""zlib, and LZMA as it was put into squashfs: alone, with a shorter header, or with none."""


def measure(source: Source) -> int | None:
    head = source.read(0, SUPERBLOCK_SIZE)
    found = version(head)
    if found is None:
        return None
    if found[1] == 4:
        size = _size_of_4(head, found[0])
        return None if size is None else min(size, source.size)
    try:
        return min(squashfs3.parse_superblock(head).size, source.size)
    except Malformed:
        return None


def _size_of_4(head: bytes, order: str) -> int | None:
    """The size by a superblock of 4.0 whose block size and tables hold together, in either byte order."""
    number = "little" if order == "little" else "big"
    block_size, log = (int.from_bytes(head[at:end], number) for at, end in ((12, 16), (22, 24)))  # type: ignore[arg-type]
    size, inodes, folders = (int.from_bytes(head[at : at + 8], number) for at in (40, 64, 72))  # type: ignore[arg-type]
    holds = 12 <= log <= 20 and block_size == 1 << log and 96 <= inodes < folders < size
    return size if holds else None


def open_squashfs3(source: Source, budget: Budget) -> SquashfsTree:
    head = source.read(0, SUPERBLOCK_SIZE)
    found = version(head)
    if found is None:
        raise Damaged("squashfs: no superblock")
    order, major, minor = found
    name = f"squashfs {major}.{minor}, {order}-endian"
    if major == 4 and order == "big":
        raise Damaged(f"{name}: not read")
    try:
        images = _images_of_4(source, head) if major == 4 else _images(source, head)
        for image in images:
            if _holds(image):
                return SquashfsTree(image, budget)
    except Malformed as error:
        raise Damaged(f"{name}: {error}") from None
    raise Damaged(f"{name}: its root folder cannot be read, neither as zlib nor as a known kind of LZMA")


def _images(source: Source, head: bytes) -> Iterator[Squashfs]:
    superblock = squashfs3.parse_superblock(head)
    for unpack in UNPACKS:
        # it has every method that the tree of a squashfs calls
        yield cast(Squashfs, Squashfs3(superblock, source.read, unpack))


def _images_of_4(source: Source, head: bytes) -> Iterator[Squashfs]:
    """A 4.0 with a vendor's magic, read with its own compressor or with one of the old ways."""
    number = int.from_bytes(head[20:22], "little")
    known = head[20:22] if number in COMPRESSORS else b"\2\0"
    superblock = squashfs.parse_superblock(squashfs.MAGIC + head[4:20] + known + head[22:])
    own = (CODECS[COMPRESSORS[number]],) if number in COMPRESSORS else ()
    for unpack in (*own, *UNPACKS):
        yield Squashfs(superblock, source.read, unpack)


def _holds(image: Squashfs) -> bool:
    """Whether the root is a folder whose listing can be read, and the first file in it too."""
    try:
        root = image.inode(image.superblock.root)
        if root.kind is not Kind.DIRECTORY:
            return False
        listed = list(image.listing(root))
        if listed:
            image.inode(listed[0][1])
    except Malformed:
        return False
    return True


ABOUT = About(
    title="squashfs 1 to 3, and vendors' squashfs",
    reads="Both byte orders, zlib, and the LZMA framings that vendors used; magics of vendors, with 4.0 too.",
    limits="A big-endian 4.0, and a compressor that is none of these, are told by version and byte order.",
    witness="mksquashfs of 2.1, 3.0 and 3.2, unsquashfs",
)

FORMAT = Format("squashfs", tuple(Magic(data) for data in MAGICS), measure, open_squashfs3, ABOUT)
