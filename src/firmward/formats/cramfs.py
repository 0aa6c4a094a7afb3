"""cramfs: superblock, inodes that stand in their folder's listing, and contents in zlib blocks.

The rules this file holds:

- An inode is 12 bytes of bit fields, packed from the low end in a little-endian image and from the high end in a
  big-endian one; its name follows, padded with zeros to four bytes.
- A file's content begins with one pointer a block: where the block ends. The next one begins there, and a block
  without bytes is a hole. With extended pointers (execute in place) a block may lie anywhere, and as it is.
- The size of a block is not told. It is the page size of the device, 4 KiB nearly everywhere, and shows in the number
  of blocks that version 2 counts.
- The CRC of version 2 covers all of the image, itself as zero.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

Unpack = Callable[[bytes, int], bytes]
"""A compressed block and the most it may expand to, to its content. Raises Malformed."""

MAGIC = 0x28CD3D45
SIGNATURE = b"Compressed ROMFS"
SUPERBLOCK_SIZE = 76
PADDING = 512
"""Bytes for boot code that may stand before the superblock."""
BLOCK_SIZES = (4096, 8192, 16384, 32768, 65536)
TARGET_LIMIT = 4096
VERSION_2 = 0x1
SHIFTED_ROOT = 0x400
EXTENDED_POINTERS = 0x800
_KNOWN_FLAGS = 0xFFF
_UNCOMPRESSED, _DIRECT = 1 << 31, 1 << 30
_PIECE = 1 << 20


class Inode(NamedTuple):
    mode: int
    uid: int
    gid: int
    size: int
    """Of a device node its number."""
    offset: int


@dataclass(frozen=True, slots=True)
class Superblock:
    order: str
    """`<` or `>`."""
    start: int
    """Where it stands: 0, or PADDING."""
    size: int
    """Bytes of the image; a version 1 need not tell."""
    flags: int
    checksum: int
    blocks: int
    files: int
    root: Inode

    @property
    def is_version_2(self) -> bool:
        return bool(self.flags & VERSION_2)


def parse_inode(data: bytes, at: int, order: str) -> tuple[Inode, int]:
    """An inode and the length of its name."""
    first, second, third = struct.unpack_from(f"{order}III", data, at)
    if order == "<":
        inode = Inode(first & 0xFFFF, first >> 16, second >> 24, second & 0xFFFFFF, third >> 6 << 2)
        return inode, (third & 0x3F) << 2
    inode = Inode(first >> 16, first & 0xFFFF, second & 0xFF, second >> 8, (third & 0x3FFFFFF) << 2)
    return inode, third >> 26 << 2


def parse_superblock(read: Read) -> Superblock:
    """Raises Malformed when there is none, or one that contradicts itself."""
    for start in (0, PADDING):
        data = read(start, SUPERBLOCK_SIZE)
        for order in "<>":
            if len(data) == SUPERBLOCK_SIZE and data[:4] == struct.pack(f"{order}I", MAGIC):
                return _superblock(data, start, order)
    raise Malformed("no cramfs superblock")


def _superblock(data: bytes, start: int, order: str) -> Superblock:
    _magic, size, flags, _future, signature, checksum, _edition, blocks, files = struct.unpack_from(
        f"{order}IIII16sIIII", data
    )
    root, _ = parse_inode(data, 64, order)
    found = Superblock(order, start, size, flags, checksum, blocks, files, root)
    if signature != SIGNATURE or flags & ~_KNOWN_FLAGS:
        raise Malformed("a superblock without its signature, or with unknown features")
    if root.mode & 0o170000 != 0o040000:
        raise Malformed("the root is not a folder")
    fitting = start + SUPERBLOCK_SIZE
    if root.offset and root.offset != fitting and not (flags & SHIFTED_ROOT and root.offset > fitting):
        raise Malformed("the root does not lie behind the superblock")
    if start and not root.offset and not flags & SHIFTED_ROOT:
        raise Malformed("a superblock in the wrong place")
    if found.is_version_2 and (size < fitting or not files or root.offset + root.size > size):
        raise Malformed("a superblock that contradicts itself")
    return found


class Cramfs:
    """One file system. Every method raises Malformed when what it was asked for is damaged."""

    def __init__(self, superblock: Superblock, read: Read, unpack: Unpack) -> None:
        self.superblock = superblock
        self.block_size = BLOCK_SIZES[0]
        self._read = read
        self._unpack = unpack

    def holds(self) -> bool:
        """Whether the checksum over the whole image is what the superblock says; it is read through."""
        found = self.superblock
        at = found.start
        total = 0
        place = found.start + 32
        while at < found.size:
            data = self._read(at, min(_PIECE, found.size - at))
            if not data:
                return False
            if at == found.start:
                data = data[: place - at] + bytes(4) + data[place - at + 4 :]
            total = zlib.crc32(data, total)
            at += len(data)
        return total == found.checksum

    def fit_blocks(self, sizes: list[int]) -> None:
        """Take the size of a block that makes as many blocks of these contents as the superblock counts."""
        for size in BLOCK_SIZES:
            if sum(-(-one // size) for one in sizes) == self.superblock.blocks:
                self.block_size = size
                return

    def listing(self, folder: Inode) -> Iterator[tuple[bytes, Inode]]:
        """Names and inodes in a folder; what comes before a damage is given before Malformed is raised."""
        data = self._read(folder.offset, folder.size) if folder.size else b""
        at = 0
        while at + 12 <= len(data):
            inode, length = parse_inode(data, at, self.superblock.order)
            name = data[at + 12 : at + 12 + length].rstrip(b"\0")
            if not name or len(data) - at - 12 < length:
                raise Malformed("a folder ends inside a name")
            yield name, inode
            at += 12 + length
        if at < folder.size:
            raise Malformed("a folder ends inside an inode")

    def content(self, file: Inode) -> Iterator[bytes]:
        """The content, a block at a time."""
        count = -(-file.size // self.block_size)
        data = self._read(file.offset, 4 * count)
        if len(data) < 4 * count:
            raise Malformed("the image ends inside the pointers to blocks")
        pointers = struct.unpack(f"{self.superblock.order}{count}I", data)
        position = file.offset + 4 * count
        for index, pointer in enumerate(pointers):
            length = min(self.block_size, file.size - index * self.block_size)
            start, packed, is_plain = self._place(pointer, position, length)
            yield self._block(start, packed, length, is_plain)
            position = start + packed

    def _place(self, pointer: int, position: int, length: int) -> tuple[int, int, bool]:
        """Where a block begins, its bytes there, and whether they are its content as it is."""
        if not self.superblock.flags & EXTENDED_POINTERS:
            return position, pointer - position, False
        is_plain = bool(pointer & _UNCOMPRESSED)
        value = pointer & ~(_UNCOMPRESSED | _DIRECT)
        if not pointer & _DIRECT:
            return position, value - position, is_plain
        start = value << 2
        if is_plain:
            return start, length, True
        head = self._read(start, 2)
        return start + 2, int.from_bytes(head, "little" if self.superblock.order == "<" else "big"), False

    def _block(self, start: int, packed: int, length: int, is_plain: bool) -> bytes:
        if packed == 0:
            return bytes(length)
        if not 0 < packed <= 2 * self.block_size:
            raise Malformed(f"a block of {packed} bytes")
        data = self._read(start, packed)
        if len(data) < packed:
            raise Malformed("the image ends inside a block")
        content = data if is_plain else self._unpack(data, self.block_size)
        if len(content) != length:
            raise Malformed(f"a block holds {len(content)} bytes where {length} were expected")
        return content
