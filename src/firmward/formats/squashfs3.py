"""Squashfs 1, 2 and 3, little and big endian: what routers of the years before 4.0 (2009) carry.

The rules this file holds, where they are not those of 4.0 (`formats/squashfs.py`):

- Records are packed bit fields, from the low end in a little-endian image, from the high end in a big-endian one.
- Before 3 positions have 32 bits, and only files and folders have a time of their own; the others show the image's.
- In 1 there are no fragments, a block's size has 16 bits, and an owner's index is drawn from the inode's type.
- A group's index of all ones means that the group has the number of the owner.
- Owners are two plain arrays of numbers. A flag puts one byte more behind the header of a metadata block.
- Which compressor was used is not told: zlib, unless a vendor changed it.

Vendors also changed the magic, so that the version tells the byte order.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from firmward.formats.malformed import Malformed
from firmward.formats.squashfs import (
    DATA_STORED,
    LISTING_LIMIT,
    METADATA_SIZE,
    NO_FRAGMENT,
    NO_XATTR,
    TARGET_LIMIT,
    Block,
    Inode,
    Metadata,
    Read,
    Reference,
    Unpack,
    split_reference,
)
from firmward.model.tree import Kind

MAGICS = (b"hsqs", b"sqsh", b"shsq", b"qshs", b"hsqt", b"tqsh", b"sqlz", b"zlqs")
"""The magic in both byte orders, and those of vendors who changed the compressor."""
SUPERBLOCK_SIZE = 119
CHECKED = 1 << 2
"""The flag that puts a byte behind the header of every metadata block."""
_STORED_SHORT = 0x8000
_ALL_ONES = {1: 15, 2: 255, 3: 255}
_ROOM = 64
"""Bytes that hold the fixed part of any inode."""

_KINDS = (
    Kind.DIRECTORY,
    Kind.FILE,
    Kind.SYMLINK,
    Kind.BLOCK,
    Kind.CHARACTER,
    Kind.FIFO,
    Kind.SOCKET,
    Kind.DIRECTORY,
    Kind.FILE,
)
"""By the inode's type, from 1 on; the last two are long forms."""
_LONG_DIRECTORY, _LONG_FILE = 8, 9
_IPC = 0
_TYPES_OF_1 = 5


@dataclass(frozen=True, slots=True)
class Superblock:
    order: Literal["little", "big"]
    major: int
    minor: int
    inodes: int
    mtime: int
    block_size: int
    fragments: int
    flags: int
    uids: int
    gids: int
    root: Reference
    size: int
    uid_table: int
    gid_table: int
    inode_table: int
    directory_table: int
    fragment_table: int

    @property
    def directory_end(self) -> int:
        behind = (self.fragment_table if self.fragments else self.size, self.uid_table, self.gid_table, self.size)
        return min(at for at in behind if at > self.directory_table)


def version(data: bytes) -> tuple[Literal["little", "big"], int, int] | None:
    """Byte order, major and minor version of what bears one of the magics; None when they are none."""
    if len(data) < SUPERBLOCK_SIZE or data[:4] not in MAGICS:
        return None
    for order in ("little", "big"):
        major, minor = struct.unpack_from("<HH" if order == "little" else ">HH", data, 28)
        if 1 <= major <= 4 and minor <= 3:
            return order, major, minor
    return None


def parse_superblock(data: bytes) -> Superblock:
    """Raises Malformed when the bytes are no squashfs 1 to 3, or contradict themselves."""
    found = version(data)
    if found is None:
        raise Malformed("no squashfs superblock")
    order, major, minor = found
    if major == 4:
        raise Malformed(f"squashfs {major}.{minor}")
    sign = "<" if order == "little" else ">"
    inodes, *old = struct.unpack_from(f"{sign}7I", data, 4)[:6]
    short, log, flags, uids, gids, mtime, root, size, fragments, fragment_table = struct.unpack_from(
        f"{sign}HHBBBiQIII", data, 32
    )
    total, uid_table, gid_table, inode_table, directory_table = old
    if major == 3:
        total, uid_table, gid_table, inode_table, directory_table, fragment_table = struct.unpack_from(
            f"{sign}6Q", data, 63
        )
    if major == 1:
        size, fragments, fragment_table = short, 0, 0
    parsed = Superblock(
        order, major, minor, inodes, max(mtime, 0), size, fragments, flags, uids, gids, root, total, uid_table,
        gid_table, inode_table, directory_table, fragment_table,
    )  # fmt: skip
    _hold(parsed, log)
    return parsed


def _hold(found: Superblock, log: int) -> None:
    if not 9 <= log <= 20 or found.block_size != 1 << log:
        raise Malformed(f"a block size of {found.block_size} (log {log})")
    start = {1: 51, 2: 63, 3: SUPERBLOCK_SIZE}[found.major]
    if not start <= found.inode_table < found.directory_table < found.size or not found.inodes:
        raise Malformed("the inode and directory tables lie outside the file system")
    if not found.uids or not found.directory_table < found.uid_table <= found.size - 4 * found.uids:
        raise Malformed("the table of owners lies outside the file system")
    if found.gids and not found.directory_table < found.gid_table <= found.size - 4 * found.gids:
        raise Malformed("the table of groups lies outside the file system")
    if found.fragments and not found.directory_table < found.fragment_table < found.size:
        raise Malformed("the fragment table lies outside the file system")


class _OldMetadata(Metadata):
    """Metadata blocks in either byte order; a flag puts a byte behind each header."""

    def __init__(self, superblock: Superblock, read: Read, unpack: Unpack, bounds: tuple[int, int]) -> None:
        super().__init__(read, unpack, *bounds)
        self._order = superblock.order
        self._header = 3 if superblock.flags & CHECKED else 2

    def _load(self, at: int) -> tuple[bytes, int]:
        position = self._start + at
        if at < 0 or position + self._header > self._end:
            raise Malformed("a metadata block lies outside its table")
        header = int.from_bytes(self._read(position, 2), self._order)
        size = header & ~_STORED_SHORT or _STORED_SHORT
        position += self._header
        if size > METADATA_SIZE or position + size > self._end:
            raise Malformed(f"a metadata block of {size} bytes does not fit its table")
        content = self._read(position, size)
        if len(content) < size:
            raise Malformed("the image ends inside a metadata block")
        if not header & _STORED_SHORT:
            content = self._unpack(content, METADATA_SIZE)
        if not content:
            raise Malformed("a metadata block is empty")
        return content, at + self._header + size


class _Bits:
    """Fields in the order they were declared: from the low end in little endian, from the high end in big endian."""

    def __init__(self, data: bytes, at: int, order: Literal["little", "big"]) -> None:
        self._data = data
        self._bit = at * 8
        self._order = order

    @property
    def at(self) -> int:
        return self._bit >> 3

    def take(self, width: int) -> int:
        """The next field. Raises Malformed at the end of the bytes."""
        first, last = self._bit >> 3, self._bit + width + 7 >> 3
        piece = self._data[first:last]
        if len(piece) < last - first:
            raise Malformed("the table ends inside a record")
        skipped = self._bit & 7
        self._bit += width
        shift = skipped if self._order == "little" else (last - first) * 8 - skipped - width
        return int.from_bytes(piece, self._order) >> shift & (1 << width) - 1


class Squashfs3:
    """The tables of one file system, as `squashfs.Squashfs` gives them for 4.0. Methods raise Malformed."""

    def __init__(self, superblock: Superblock, read: Read, unpack: Unpack) -> None:
        self.superblock = superblock
        self._read = read
        self._unpack = unpack
        self._inodes = self._table(superblock.inode_table, superblock.directory_table)
        self._directories = self._table(superblock.directory_table, superblock.directory_end)
        self._anywhere = self._table(0, superblock.size)
        self._uids = self._numbers(superblock.uid_table, superblock.uids, 4)
        self._gids = self._numbers(superblock.gid_table, superblock.gids, 4)
        self._fragments: tuple[int, ...] | None = None

    def _table(self, start: int, end: int) -> Metadata:
        return _OldMetadata(self.superblock, self._read, self._unpack, (start, end))

    def _numbers(self, at: int, count: int, width: int) -> tuple[int, ...]:
        data = self._read(at, count * width)
        if len(data) < count * width or at + len(data) > self.superblock.size:
            raise Malformed("a table lies outside the image")
        return tuple(
            int.from_bytes(data[place : place + width], self.superblock.order) for place in range(0, len(data), width)
        )

    def inode(self, reference: Reference) -> Inode:
        """The inode, its owners' numbers in the place of their indexes."""
        at, offset = split_reference(reference)
        data, start = self._inodes.window(at, offset, _ROOM)
        bits = _Bits(data, start, self.superblock.order)
        number, mode = bits.take(4), bits.take(12)
        width = 4 if self.superblock.major == 1 else 8
        owner, group = bits.take(width), bits.take(width)
        if self.superblock.major == 1:
            number, owner = self._of_1(number, owner, bits)
        if owner >= len(self._uids):
            raise Malformed(f"owner {owner} is not in its table")
        uid = self._uids[owner]
        gid = uid if group == _ALL_ONES[self.superblock.major] else self._group(group)
        inode = self._body(number, bits)
        return inode._replace(mode=mode, uid_index=uid, gid_index=gid, tail=bits.at - start)

    def _of_1(self, number: int, owner: int, bits: _Bits) -> tuple[int, int]:
        """Kind and owner as version 1 weaves them together."""
        if number == _IPC:
            kind, more = bits.take(4), bits.take(4)
            if kind not in (6, 7):
                raise Malformed(f"an inode of unknown type {kind}")
            return kind, more * 16 + owner
        more, kind = divmod(number - 1, _TYPES_OF_1)
        return kind + 1, more * 16 + owner

    def _group(self, index: int) -> int:
        if index >= len(self._gids):
            raise Malformed(f"group {index} is not in its table")
        return self._gids[index]

    def _body(self, number: int, bits: _Bits) -> Inode:
        """What follows the owners."""
        if not 1 <= number <= _LONG_FILE or (number > 7 and self.superblock.major == 1):
            raise Malformed(f"an inode of unknown type {number}")
        kind = _KINDS[number - 1]
        inode = Inode(kind, 0, 0, 0, self.superblock.mtime, 0, 0)
        is_3 = self.superblock.major == 3
        if is_3:
            inode = inode._replace(mtime=bits.take(32), number=bits.take(32))
        if is_3 and number != 2:
            bits.take(32)  # links
        if kind is Kind.DIRECTORY:
            return self._directory(inode, bits, 27 if number == _LONG_DIRECTORY else 19)
        if kind is Kind.FILE:
            return self._file(inode, bits, 64 if number == _LONG_FILE else 32)
        if kind is Kind.SYMLINK:
            size = bits.take(16)
            if size > TARGET_LIMIT:
                raise Malformed(f"a symbolic link of {size} bytes")
            return inode._replace(size=size)
        if kind in (Kind.BLOCK, Kind.CHARACTER):
            device = bits.take(16)
            return inode._replace(device=(device >> 8, device & 0xFF))
        return inode

    def _directory(self, inode: Inode, bits: _Bits, width: int) -> Inode:
        size, offset = bits.take(width), bits.take(13)
        if self.superblock.major == 3:
            return inode._replace(size=max(0, size - 3), offset=offset, start=bits.take(32))
        return inode._replace(size=size, offset=offset, mtime=bits.take(32), start=bits.take(24))

    def _file(self, inode: Inode, bits: _Bits, width: int) -> Inode:
        if self.superblock.major == 3:
            start, fragment, offset = bits.take(64), bits.take(32), bits.take(32)
            return inode._replace(start=start, fragment=fragment, offset=offset, size=bits.take(width))
        inode = inode._replace(mtime=bits.take(32), start=bits.take(32))
        if self.superblock.major == 2:
            inode = inode._replace(fragment=bits.take(32), offset=bits.take(32))
        return inode._replace(size=bits.take(32))

    def listing(self, directory: Inode) -> Iterator[tuple[bytes, Reference]]:
        """A directory's names and inode references; what comes before a damage is given before Malformed is raised."""
        if directory.size > LISTING_LIMIT:
            raise Malformed(f"a directory of {directory.size} bytes")
        pieces = []
        length = directory.size
        at, offset = directory.start, directory.offset
        problem = None
        try:
            while length > 0:
                content, after = self._directories.block(at)
                piece = content[offset : offset + length]
                pieces.append(piece)
                length -= len(piece)
                at, offset = after, max(0, offset - len(content))
        except Malformed as error:
            problem = error
        yield from self._parse_listing(b"".join(pieces))
        if problem is not None:
            raise problem

    def _parse_listing(self, data: bytes) -> Iterator[tuple[bytes, Reference]]:
        order = self.superblock.order
        position_bytes, head, fixed = (4, 9, 5) if self.superblock.major == 3 else (3, 4, 3)
        at = 0
        while at < len(data):
            if len(data) - at < head:
                raise Malformed("a directory ends inside a header")
            count = data[at] + 1
            start = int.from_bytes(data[at + 1 : at + 1 + position_bytes], order)
            at += head
            for _ in range(count):
                if len(data) - at < fixed:
                    raise Malformed("a directory ends inside an entry")
                word, length = int.from_bytes(data[at : at + 2], order), data[at + 2] + 1
                offset = word & 0x1FFF if order == "little" else word >> 3
                at += fixed
                if len(data) - at < length:
                    raise Malformed("a directory ends inside a name")
                yield data[at : at + length], start << 16 | offset
                at += length

    def target(self, reference: Reference, link: Inode) -> bytes:
        at, offset = split_reference(reference)
        return self._inodes.read(at, offset + link.tail, link.size)[0]

    def fragment(self, index: int) -> Block:
        if index >= self.superblock.fragments:
            raise Malformed(f"fragment {index} is not in the fragment table")
        width, row = (8, 16) if self.superblock.major == 3 else (4, 8)
        block, offset = divmod(index * row, METADATA_SIZE)
        (position,) = self._numbers(self.superblock.fragment_table + block * width, 1, width)
        content, _ = self._anywhere.block(position)
        if len(content) < offset + row:
            raise Malformed("the fragment table is cut off")
        order = self.superblock.order
        start = int.from_bytes(content[offset : offset + width], order)
        return self._block(start, int.from_bytes(content[offset + width : offset + width + 4], order))

    def _block(self, start: int, word: int) -> Block:
        if self.superblock.major == 1:
            size, is_stored = word & ~_STORED_SHORT or _STORED_SHORT, bool(word & _STORED_SHORT)
        else:
            size, is_stored = word & DATA_STORED - 1, bool(word & DATA_STORED)
        if size > 2 * self.superblock.block_size:
            raise Malformed(f"a block of {size} bytes where {self.superblock.block_size} is the most")
        return Block(start, size, is_stored)

    def blocks(self, reference: Reference, file: Inode) -> Iterator[Block]:
        """A file's whole blocks in order; its tail in a fragment, if it has one, is not among them."""
        size = self.superblock.block_size
        count = file.size // size if file.fragment != NO_FRAGMENT else -(-file.size // size)
        width = 2 if self.superblock.major == 1 else 4
        at, offset = split_reference(reference)
        offset += file.tail
        start = file.start
        while count:
            some = min(count, METADATA_SIZE // 4)
            words, at, offset = self._inodes.read(at, offset, width * some)
            for place in range(0, len(words), width):
                block = self._block(start, int.from_bytes(words[place : place + width], self.superblock.order))
                yield block
                start += block.size
            count -= some

    def content(self, block: Block, limit: int) -> bytes:
        """A block's content of at most `limit` bytes; a hole has none."""
        if not block.size:
            return b""
        if block.start + block.size > self.superblock.size:
            raise Malformed("a block lies outside the file system")
        data = self._read(block.start, block.size)
        if len(data) < block.size:
            raise Malformed("the image ends inside a block")
        return data if block.is_stored else self._unpack(data, limit)

    def owner(self, number: int) -> int:
        """The number itself: `inode` has looked it up."""
        return number

    def xattr_index(self, reference: Reference, inode: Inode) -> int:
        """There were no extended attributes yet."""
        return NO_XATTR

    def xattrs(self, index: int) -> tuple[tuple[str, bytes], ...]:
        return ()
