"""EROFS in place: the listing is read at once, contents extent by extent when asked for.

What is damaged inside costs only itself: `problems` tells what is missing from the listing, `chunks` raises for
contents. Content on another device is told, file by file.
"""

import lzma
from collections.abc import Callable, Iterator
from functools import partial

from firmward.formats.erofs import (
    DEFLATE,
    LZ4,
    LZMA,
    MAGIC,
    MAGIC_OFFSET,
    SUPERBLOCK_SIZE,
    ZERO_PADDING,
    ZSTD,
    Erofs,
    Extent,
    Inode,
    Superblock,
    check_features,
    checksum_holds,
    parse_superblock,
)
from firmward.formats.malformed import Malformed
from firmward.image import inflate
from firmward.image.block_codecs import unpack_lz4
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk, WalkedTree
from firmward.model.tree import Entry, Kind

LZ4_WORST = 255
"""Bytes that one byte of lz4 can make."""

DICTIONARY = 8 << 20
"""Bytes of the largest dictionary of MicroLZMA here (Z_EROFS_LZMA_MAX_DICT_SIZE)."""

LZMA_MEMORY = 64 << 20


def measure(source: Source) -> int | None:
    """Blocks by the superblock, when an inode of a folder stands where it puts the root."""
    try:
        superblock = _superblock(source)
        if not superblock.incompatible & ~0xFF and _image(superblock, source).inode(superblock.root).kind is not (
            Kind.DIRECTORY
        ):
            return None
    except Malformed:
        return None
    return min(superblock.size, source.size)


def open_erofs(source: Source, budget: Budget) -> "ErofsTree":
    try:
        superblock = _superblock(source)
        check_features(superblock)
        image = _image(superblock, source)
        if image.inode(superblock.root).kind is not Kind.DIRECTORY:
            raise Malformed("the root is not a folder")
    except Malformed as error:
        raise Damaged(f"erofs: {error}") from None
    length = superblock.block_size
    length -= MAGIC_OFFSET if length > MAGIC_OFFSET else 0
    return ErofsTree(image, checksum_holds(superblock, source.read(MAGIC_OFFSET, length)), budget)


def _superblock(source: Source) -> Superblock:
    return parse_superblock(source.read(MAGIC_OFFSET, SUPERBLOCK_SIZE))


def _image(superblock: Superblock, source: Source) -> Erofs:
    return Erofs(superblock, source.read, partial(unpack, superblock))


def unpack(superblock: Superblock, extent: Extent, data: bytes) -> bytes:
    """An extent's content. Raises Malformed.

    The compressed bytes fill their blocks from behind, zeros before them; early lz4 images have the zeros behind.
    """
    if extent.way == LZ4 and not superblock.incompatible & ZERO_PADDING:
        block, made = _lz4_start(data, extent.length)
        return unpack_lz4(block, made + SPARE)[: extent.length]
    packed = data.lstrip(b"\0")
    if not packed:
        raise Malformed("an extent of which nothing is stored")
    return WAYS[extent.way](packed, extent)


def _lz4(data: bytes, extent: Extent) -> bytes:
    if extent.partial:
        return unpack_lz4(data, len(data) * LZ4_WORST)[: extent.length]
    return unpack_lz4(data, extent.length)


def _micro_lzma(data: bytes, extent: Extent) -> bytes:
    """MicroLZMA: raw LZMA whose first byte, always zero, gives way to the inverted properties.

    With the header of the `.lzma` format it is read by any decoder; a partial one says no size, so that it may end
    anywhere.
    """
    size = (1 << 64) - 1 if extent.partial else extent.length
    header = bytes([data[0] ^ 0xFF]) + DICTIONARY.to_bytes(4, "little") + size.to_bytes(8, "little") + b"\0"
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_ALONE, LZMA_MEMORY).decompress(header + data[1:], extent.length)
    except (lzma.LZMAError, EOFError, MemoryError) as error:
        raise Malformed(f"an lzma extent is damaged: {error}") from None


def _deflate(data: bytes, extent: Extent) -> bytes:
    try:
        return inflate.inflater(inflate.BARE).decompress(data, extent.length)
    except inflate.ERRORS as error:
        raise Malformed(f"a deflate extent is damaged: {error}") from None


def _zstd(data: bytes, extent: Extent) -> bytes:
    import zstandard

    try:
        with zstandard.ZstdDecompressor(max_window_size=DICTIONARY).stream_reader(data) as reader:
            return reader.read(extent.length)
    except (zstandard.ZstdError, MemoryError) as error:
        raise Malformed(f"a zstd extent is damaged: {error}") from None


MORE = 16
"""Literals put behind what is needed of an lz4 block."""
SPARE = 64
"""Bytes of room that lz4 wants behind a match."""

WAYS: dict[int, Callable[[bytes, Extent], bytes]] = {LZ4: _lz4, LZMA: _micro_lzma, DEFLATE: _deflate, ZSTD: _zstd}


def _lz4_start(data: bytes, length: int) -> tuple[bytes, int]:
    """As much of an lz4 block as makes `length` bytes, and how many it makes: found by stepping over its sequences.

    A block ends with at least five literals: the last sequence that is needed is written anew, with some more of them.
    """
    at = made = 0
    try:
        while made < length:
            start = at
            count, begin = _lz4_count(data, at + 1, data[at] >> 4)
            at = begin + count
            made += count
            if made >= length:
                return data[:start] + _lz4_literals(data[begin:at] + bytes(MORE)), made + MORE
            matched, at = _lz4_count(data, at + 2, data[start] & 15)
            made += matched + 4
    except IndexError:
        raise Malformed("an lz4 extent is cut off") from None
    return data[:at] + _lz4_literals(bytes(MORE)), made + MORE


def _lz4_literals(text: bytes) -> bytes:
    """A last sequence: literals alone."""
    if len(text) < 15:
        return bytes([len(text) << 4]) + text
    full, rest = divmod(len(text) - 15, 255)
    return b"\xf0" + b"\xff" * full + bytes([rest]) + text


def _lz4_count(data: bytes, at: int, count: int) -> tuple[int, int]:
    if count == 15:
        while data[at] == 255:
            count += 255
            at += 1
        count += data[at]
        at += 1
    return count, at


class ErofsTree(WalkedTree[int]):
    """An EROFS. `problems` says what could not be listed, `superblock` what its header says."""

    def __init__(self, image: Erofs, is_checked: bool, budget: Budget) -> None:
        self._image = image
        walk = _Walk(image, budget)
        if not is_checked:
            walk.problems.add("the superblock's checksum does not hold")
        if image.superblock.devices:
            walk.problems.add(f"content on {image.superblock.devices} other devices cannot be read")
        super().__init__(walk, image.superblock.root)
        self.superblock: Superblock = image.superblock

    def content(self, reference: int, entry: Entry) -> Iterator[bytes]:
        return self._image.content(self._image.inode(reference))


class _Walk(Walk[int, Inode]):
    def __init__(self, image: Erofs, budget: Budget) -> None:
        super().__init__(budget)
        self._image = image

    def load(self, reference: int) -> Inode:
        return self._image.inode(reference)

    def listing(self, folder: Inode) -> Iterator[tuple[bytes, int]]:
        return self._image.listing(folder)

    def describe(self, path: str, reference: int, node: Inode) -> Entry:
        target = None
        if node.kind is Kind.SYMLINK:
            self.budget.expand(min(node.size, 4096))
            target = self._image.target(node).decode("utf-8", "surrogateescape")
        size = node.size if node.kind in (Kind.FILE, Kind.SYMLINK) else 0
        xattrs = self.xattrs(path, reference, lambda: self._image.xattrs(node))
        return Entry(path, node.kind, node.mode, node.uid, node.gid, size, node.mtime, target, node.device, xattrs)


ABOUT = About(
    title="EROFS",
    reads=(
        "Compact and extended inodes, flat, inline and chunked files, compressed ones by every index (full, compact, "
        "extent records), lz4, lzma, deflate and zstd, large clusters, packed tails, fragments, shared and inline "
        "extended attributes with long prefixes, 48-bit addresses."
    ),
    limits="Content on other devices and compressed metadata (metabox) are told and not read.",
    witness="mkfs.erofs, fsck.erofs",
)

FORMAT = Format("erofs", (Magic(MAGIC, MAGIC_OFFSET),), measure, open_erofs, ABOUT)
