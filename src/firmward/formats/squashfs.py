"""Squashfs 4.0, little endian: superblock, tables, inodes, directories and block lists.

The rules this file holds:

- Metadata lies in blocks of at most 8 KiB, each behind a 16-bit header (bit 15 set: stored as it is). A reference into
  a table is (start of a block relative to the table, offset in its content); a record may run over into the next block.
- The fragment, id and xattr id tables are found through arrays of 64-bit block positions.
- A file's block sizes stand behind its inode: 0 is a hole, bit 24 set means stored. The tail may lie in a fragment.
- A directory's size counts three bytes that are not there (`.` and `..` of old); its listing is runs of at most 256
  names that share one inode block.

Nothing here reads a file or knows a compressor: reading and unpacking come in as functions, so that the image reader
and the delta engine use the same parser. Every count and size is held against a bound before anything is allocated.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from firmward.formats.malformed import Malformed
from firmward.model.tree import Kind

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

Unpack = Callable[[bytes, int], bytes]
"""A compressed block and the most it may expand to, to its content. Raises Malformed."""

MAGIC = b"hsqs"
SUPERBLOCK_SIZE = 96
METADATA_SIZE = 8192
METADATA_STORED = 0x8000
DATA_STORED = 1 << 24
NO_FRAGMENT = 0xFFFFFFFF
NO_XATTR = 0xFFFFFFFF
NO_TABLE = 0xFFFFFFFFFFFFFFFF

COMPRESSORS = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}

LISTING_LIMIT = 64 << 20
"""Bytes of one directory's listing: some two million names."""
TARGET_LIMIT = 4096
"""Bytes of a symbolic link; Linux follows no longer one (PATH_MAX)."""
XATTR_COUNT_LIMIT = 256
XATTR_SET_LIMIT = 1 << 20
"""Bytes of all extended attributes of one file."""
XATTR_VALUE_LIMIT = 64 << 10
"""Bytes of one extended attribute, as in Linux (XATTR_SIZE_MAX)."""
CACHED_BLOCKS = 512
"""Unpacked metadata blocks kept per table: 4 MiB."""

_SUPERBLOCK = struct.Struct("<4s4I6H8Q")
_HEADER = struct.Struct("<HHHHII")
_DIRECTORY = struct.Struct("<IIHHI")
_LONG_DIRECTORY = struct.Struct("<IIIIHHI")
_FILE = struct.Struct("<IIII")
_LONG_FILE = struct.Struct("<QQQIIII")
_SYMLINK = struct.Struct("<II")
_DEVICE = struct.Struct("<II")
_LONG_DEVICE = struct.Struct("<III")
_IPC = struct.Struct("<I")
_LONG_IPC = struct.Struct("<II")
_WORD = struct.Struct("<I")
_RUN = struct.Struct("<IIi")
_NAME = struct.Struct("<HhHH")
_FRAGMENT = struct.Struct("<QII")
_XATTR_TABLE = struct.Struct("<QII")
_XATTR_ID = struct.Struct("<QII")
_XATTR_KEY = struct.Struct("<HH")

_INODE_SPAN = _HEADER.size + _LONG_FILE.size
"""Bytes that hold the fixed part of any inode."""

_KINDS = (
    None,
    Kind.DIRECTORY,
    Kind.FILE,
    Kind.SYMLINK,
    Kind.BLOCK,
    Kind.CHARACTER,
    Kind.FIFO,
    Kind.SOCKET,
)
_LONG = 7
"""An inode type with this added is the long form of the same kind."""

_XATTR_PREFIXES = ("user.", "trusted.", "security.")
_XATTR_ELSEWHERE = 0x100


@dataclass(frozen=True, slots=True)
class Superblock:
    inodes: int
    mtime: int
    block_size: int
    fragments: int
    compressor: int
    flags: int
    ids: int
    root: int
    """A reference: see `Reference` below."""
    size: int
    """Bytes of the whole file system, padding not counted."""
    id_table: int
    xattr_table: int
    inode_table: int
    directory_table: int
    fragment_table: int
    export_table: int

    @property
    def inode_end(self) -> int:
        return self.directory_table

    @property
    def directory_end(self) -> int:
        """Where the directory table must have ended: at the nearest table behind it."""
        behind = (self.fragment_table, self.export_table, self.id_table, self.xattr_table, self.size)
        return min(at for at in behind if at > self.directory_table)


def parse_superblock(data: bytes) -> Superblock:
    """Raises Malformed when the bytes are no squashfs 4.0 superblock or contradict themselves."""
    if len(data) < SUPERBLOCK_SIZE:
        raise Malformed("the superblock is cut off")
    (magic, inodes, mtime, block_size, fragments, compressor, log, flags, ids, major, minor, root, *positions) = (
        _SUPERBLOCK.unpack_from(data)
    )
    if magic != MAGIC:
        raise Malformed("no squashfs magic")
    if (major, minor) != (4, 0):
        raise Malformed(f"squashfs {major}.{minor} is not read, only 4.0")
    if not 12 <= log <= 20 or block_size != 1 << log:
        raise Malformed(f"a block size of {block_size} (log {log})")
    if compressor not in COMPRESSORS:
        raise Malformed(f"compressor {compressor} is not known")
    found = Superblock(inodes, mtime, block_size, fragments, compressor, flags, ids, root, *positions)
    if not SUPERBLOCK_SIZE <= found.inode_table < found.directory_table < found.size:
        raise Malformed("the inode and directory tables lie outside the file system")
    if not ids or not found.directory_table < found.id_table < found.size:
        raise Malformed("the id table lies outside the file system")
    if found.fragments and not found.directory_table <= found.fragment_table < found.size:
        raise Malformed("the fragment table lies outside the file system")
    return found


Reference = int
"""Position of a record in a table: start of its metadata block << 16 | offset in its content."""


def split_reference(reference: Reference) -> tuple[int, int]:
    return reference >> 16, reference & 0xFFFF


def data_size(word: int) -> int:
    """Bytes on disk of a data or fragment block, by its size word."""
    return word & (DATA_STORED - 1)


def is_stored(word: int) -> bool:
    """Whether a data or fragment block lies there uncompressed, by its size word."""
    return bool(word & DATA_STORED)


class Metadata:
    """A run of metadata blocks from `start` to `end`, unpacked when needed; positions are relative to `start`."""

    def __init__(self, read: Read, unpack: Unpack, start: int, end: int) -> None:
        self._read = read
        self._unpack = unpack
        self._start = start
        self._end = end
        self._cache: OrderedDict[int, tuple[bytes, int]] = OrderedDict()

    def block(self, at: int) -> tuple[bytes, int]:
        """The content of the block at `at` and where the next one begins."""
        known = self._cache.get(at)
        if known is not None:
            return known
        known = self._load(at)
        self._cache[at] = known
        if len(self._cache) > CACHED_BLOCKS:
            self._cache.popitem(last=False)
        return known

    def _load(self, at: int) -> tuple[bytes, int]:
        position = self._start + at
        if at < 0 or position + 2 > self._end:
            raise Malformed("a metadata block lies outside its table")
        header = int.from_bytes(self._read(position, 2), "little")
        size = header & (METADATA_STORED - 1)
        if not 0 < size <= METADATA_SIZE or position + 2 + size > self._end:
            raise Malformed(f"a metadata block of {size} bytes does not fit its table")
        content = self._read(position + 2, size)
        if len(content) < size:
            raise Malformed("the image ends inside a metadata block")
        if not header & METADATA_STORED:
            content = self._unpack(content, METADATA_SIZE)
        if not content:
            raise Malformed("a metadata block is empty")
        return content, at + 2 + size

    def window(self, at: int, offset: int, length: int) -> tuple[bytes, int]:
        """Bytes and the position in them of a record of at most `length` bytes; shorter when the table ends."""
        content, after = self.block(at)
        while len(content) - offset < length and self._start + after < self._end:
            more, after = self.block(after)
            content = content[offset:] + more
            offset = 0
        return content, offset

    def read(self, at: int, offset: int, length: int) -> tuple[bytes, int, int]:
        """Exactly `length` bytes from a position, which may lie past its block, and the position behind them."""
        pieces = []
        while True:
            content, after = self.block(at)
            piece = content[offset : offset + length]
            pieces.append(piece)
            length -= len(piece)
            if not length:
                return b"".join(pieces), at, offset + len(piece)
            at, offset = after, max(0, offset - len(content))


class Inode(NamedTuple):
    """One inode; what its kind does not have is zero. `tail` is where its variable part begins, from its start.

    A tuple, since a listing makes tens of thousands and a frozen dataclass costs three times as much to make.
    """

    kind: Kind
    mode: int
    uid_index: int
    gid_index: int
    mtime: int
    number: int
    tail: int
    size: int = 0
    """Bytes of a file, of a link's target, or of a directory's listing."""
    start: int = 0
    """A file's first data block, or the metadata block of a directory's listing."""
    offset: int = 0
    """In the fragment, or in the listing's metadata block."""
    fragment: int = NO_FRAGMENT
    xattr: int = NO_XATTR
    device: tuple[int, int] | None = None
    is_long: bool = False


def device_numbers(value: int) -> tuple[int, int]:
    """Major and minor, as Linux packs them into 32 bits."""
    return (value >> 8) & 0xFFF, (value & 0xFF) | ((value >> 12) & 0xFFF00)


def parse_inode(data: bytes, at: int = 0) -> Inode:
    """The fixed part of the inode at `at`. Raises Malformed for an unknown type or a cut."""
    try:
        number, mode, uid, gid, mtime, serial = _HEADER.unpack_from(data, at)
        is_long = number > _LONG
        kind = _KINDS[number - _LONG if is_long else number]
        if kind is None:
            raise Malformed("an inode of type 0")
        return _BODIES[kind](data, at + _HEADER.size, is_long, (kind, mode & 0o7777, uid, gid, mtime, serial))
    except IndexError:
        raise Malformed(f"an inode of unknown type {number}") from None
    except struct.error:
        raise Malformed("the table ends inside an inode") from None


_Common = tuple[Kind, int, int, int, int, int]


def _file(data: bytes, at: int, is_long: bool, common: _Common) -> Inode:
    if is_long:
        start, size, _sparse, _links, fragment, offset, xattr = _LONG_FILE.unpack_from(data, at)
        return Inode(*common, _HEADER.size + _LONG_FILE.size, size, start, offset, fragment, xattr, None, True)
    start, fragment, offset, size = _FILE.unpack_from(data, at)
    return Inode(*common, _HEADER.size + _FILE.size, size, start, offset, fragment)


def _directory(data: bytes, at: int, is_long: bool, common: _Common) -> Inode:
    if is_long:
        _links, size, start, _parent, _indexes, offset, xattr = _LONG_DIRECTORY.unpack_from(data, at)
        tail = _HEADER.size + _LONG_DIRECTORY.size
        return Inode(*common, tail, max(0, size - 3), start, offset, xattr=xattr, is_long=True)
    start, _links, size, offset, _parent = _DIRECTORY.unpack_from(data, at)
    return Inode(*common, _HEADER.size + _DIRECTORY.size, max(0, size - 3), start, offset)


def _symlink(data: bytes, at: int, is_long: bool, common: _Common) -> Inode:
    _links, size = _SYMLINK.unpack_from(data, at)
    if size > TARGET_LIMIT:
        raise Malformed(f"a symbolic link of {size} bytes")
    return Inode(*common, _HEADER.size + _SYMLINK.size, size, is_long=is_long)


def _device(data: bytes, at: int, is_long: bool, common: _Common) -> Inode:
    if is_long:
        _links, device, xattr = _LONG_DEVICE.unpack_from(data, at)
        return Inode(*common, 0, xattr=xattr, device=device_numbers(device), is_long=True)
    _links, device = _DEVICE.unpack_from(data, at)
    return Inode(*common, 0, device=device_numbers(device))


def _ipc(data: bytes, at: int, is_long: bool, common: _Common) -> Inode:
    if is_long:
        _links, xattr = _LONG_IPC.unpack_from(data, at)
        return Inode(*common, 0, xattr=xattr, is_long=True)
    _IPC.unpack_from(data, at)
    return Inode(*common, 0)


_BODIES: dict[Kind, Callable[[bytes, int, bool, _Common], Inode]] = {
    Kind.FILE: _file,
    Kind.DIRECTORY: _directory,
    Kind.SYMLINK: _symlink,
    Kind.BLOCK: _device,
    Kind.CHARACTER: _device,
    Kind.FIFO: _ipc,
    Kind.SOCKET: _ipc,
}


def parse_listing(data: bytes) -> Iterator[tuple[bytes, Reference]]:
    """Name and inode reference of every entry of a directory. Raises Malformed where the listing breaks off."""
    at = 0
    end = len(data)
    while at < end:
        if end - at < _RUN.size:
            raise Malformed("a directory ends inside a header")
        count, start, _number = _RUN.unpack_from(data, at)
        at += _RUN.size
        if count >= 256:
            raise Malformed(f"a directory header of {count + 1} names")
        for _ in range(count + 1):
            if end - at < _NAME.size:
                raise Malformed("a directory ends inside an entry")
            offset, _delta, _type, length = _NAME.unpack_from(data, at)
            at += _NAME.size
            if length >= 256 or end - at < length + 1:
                raise Malformed("a directory ends inside a name")
            yield data[at : at + length + 1], start << 16 | offset
            at += length + 1


class Block(NamedTuple):
    """A data or fragment block on disk: where, how many bytes, whether compressed. A hole has a size of 0."""

    start: int
    size: int
    is_stored: bool


class Squashfs:
    """The tables of one file system. Every method raises Malformed when what it was asked for is damaged."""

    def __init__(self, superblock: Superblock, read: Read, unpack: Unpack) -> None:
        self.superblock = superblock
        self._read = read
        self.unpack = unpack
        whole = superblock.size
        self._inodes = Metadata(read, unpack, superblock.inode_table, superblock.inode_end)
        self._directories = Metadata(read, unpack, superblock.directory_table, superblock.directory_end)
        self._anywhere = Metadata(read, unpack, 0, whole)
        self._ids: tuple[int, ...] | None = None
        self._xattr_table: tuple[int, int] | None = None

    def inode(self, reference: Reference) -> Inode:
        at, offset = split_reference(reference)
        return parse_inode(*self._inodes.window(at, offset, _INODE_SPAN))

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
        yield from parse_listing(b"".join(pieces))
        if problem is not None:
            raise problem

    def target(self, reference: Reference, link: Inode) -> bytes:
        at, offset = split_reference(reference)
        return self._inodes.read(at, offset + link.tail, link.size)[0]

    def xattr_index(self, reference: Reference, inode: Inode) -> int:
        """The index of an inode's extended attributes; a long symbolic link has it behind its target."""
        if inode.kind is not Kind.SYMLINK or not inode.is_long:
            return inode.xattr
        at, offset = split_reference(reference)
        found: int = _WORD.unpack(self._inodes.read(at, offset + inode.tail + inode.size, 4)[0])[0]
        return found

    def owner(self, index: int) -> int:
        """The uid or gid behind an index into the id table."""
        if self._ids is None:
            self._ids = self._load_ids()
        if index >= len(self._ids):
            raise Malformed(f"owner {index} is not in the id table")
        return self._ids[index]

    def _load_ids(self) -> tuple[int, ...]:
        length = self.superblock.ids * 4
        pieces = []
        for position in self._positions(self.superblock.id_table, length):
            content, _ = self._anywhere.block(position)
            pieces.append(content)
        data = b"".join(pieces)
        if len(data) < length:
            raise Malformed("the id table is cut off")
        return struct.unpack_from(f"<{self.superblock.ids}I", data)

    def _positions(self, table: int, length: int) -> tuple[int, ...]:
        """The block positions of a table of `length` bytes, whose array begins at `table`."""
        count = -(-length // METADATA_SIZE)
        data = self._read(table, 8 * count) if table + 8 * count <= self.superblock.size else b""
        if len(data) < 8 * count:
            raise Malformed("a table lies outside the image")
        return struct.unpack(f"<{count}Q", data)

    def _row(self, table: int, index: int, row: struct.Struct) -> tuple[int, ...]:
        """One row of a table that is found through an array of block positions."""
        block, offset = divmod(index * row.size, METADATA_SIZE)
        (position,) = self._positions(table + 8 * block, 1)
        content, _ = self._anywhere.block(position)
        if len(content) < offset + row.size:
            raise Malformed("a table is cut off")
        return row.unpack_from(content, offset)

    def fragment(self, index: int) -> Block:
        if index >= self.superblock.fragments:
            raise Malformed(f"fragment {index} is not in the fragment table")
        start, word, _unused = self._row(self.superblock.fragment_table, index, _FRAGMENT)
        return Block(start, self._block_size(word), is_stored(word))

    def _block_size(self, word: int) -> int:
        size = data_size(word)
        if size > self.superblock.block_size:
            raise Malformed(f"a block of {size} bytes where {self.superblock.block_size} is the most")
        return size

    def blocks(self, reference: Reference, file: Inode) -> Iterator[Block]:
        """A file's whole blocks in order; its tail in a fragment, if it has one, is not among them."""
        size = self.superblock.block_size
        count = file.size // size if file.fragment != NO_FRAGMENT else -(-file.size // size)
        at, offset = split_reference(reference)
        offset += file.tail
        start = file.start
        while count:
            some = min(count, METADATA_SIZE // 4)
            words, at, offset = self._inodes.read(at, offset, 4 * some)
            for (word,) in _WORD.iter_unpack(words):
                length = self._block_size(word)
                yield Block(start, length, is_stored(word))
                start += length
            count -= some

    def content(self, block: Block, limit: int, unpack: Unpack | None = None) -> bytes:
        """A block's content of at most `limit` bytes, unpacked by the image's own way or another; a hole has none."""
        if not block.size:
            return b""
        if block.start + block.size > self.superblock.size:
            raise Malformed("a block lies outside the file system")
        data = self._read(block.start, block.size)
        if len(data) < block.size:
            raise Malformed("the image ends inside a block")
        return data if block.is_stored else (unpack or self.unpack)(data, limit)

    def xattrs(self, index: int) -> tuple[tuple[str, bytes], ...]:
        """Extended attributes by full name, sorted, of an index from `xattr_index`."""
        if index == NO_XATTR or self.superblock.xattr_table == NO_TABLE:
            return ()
        start, ids = self._load_xattr_table()
        if index >= ids:
            raise Malformed(f"extended attributes {index} are not in the table")
        table = self.superblock.xattr_table + _XATTR_TABLE.size
        reference, count, _size = self._row(table, index, _XATTR_ID)
        if count > XATTR_COUNT_LIMIT:
            raise Malformed(f"{count} extended attributes on one file")
        at, offset = split_reference(reference)
        at += start
        found = []
        total = 0
        for _ in range(count):
            name, value, at, offset = self._xattr(at, offset, start)
            found.append((name, value))
            total += len(value)
            if total > XATTR_SET_LIMIT:
                raise Malformed(f"more than {XATTR_SET_LIMIT} bytes of extended attributes on one file")
        return tuple(sorted(found))

    def _load_xattr_table(self) -> tuple[int, int]:
        """Where the attributes lie and how many sets there are."""
        if self._xattr_table is None:
            position = self.superblock.xattr_table
            data = self._read(position, _XATTR_TABLE.size)
            if position + _XATTR_TABLE.size > self.superblock.size or len(data) < _XATTR_TABLE.size:
                raise Malformed("the table of extended attributes lies outside the image")
            start, ids, _unused = _XATTR_TABLE.unpack(data)
            self._xattr_table = start, ids
        return self._xattr_table

    def _xattr(self, at: int, offset: int, start: int) -> tuple[str, bytes, int, int]:
        """One attribute and the position behind it. A value that several files share is stored once, elsewhere."""
        data, at, offset = self._anywhere.read(at, offset, _XATTR_KEY.size)
        kind, length = _XATTR_KEY.unpack(data)
        prefix = kind & 0xFF
        if prefix >= len(_XATTR_PREFIXES) or length > 255:
            raise Malformed("an extended attribute of an unknown kind")
        name, at, offset = self._anywhere.read(at, offset, length)
        value, at, offset = self._value(at, offset)
        if kind & _XATTR_ELSEWHERE:
            if len(value) != 8:
                raise Malformed("a reference to an extended attribute is cut off")
            block, within = split_reference(int.from_bytes(value, "little"))
            value, _, _ = self._value(start + block, within)
        return _XATTR_PREFIXES[prefix] + name.decode("utf-8", "surrogateescape"), value, at, offset

    def _value(self, at: int, offset: int) -> tuple[bytes, int, int]:
        data, at, offset = self._anywhere.read(at, offset, 4)
        (length,) = _WORD.unpack(data)
        if length > XATTR_VALUE_LIMIT:
            raise Malformed(f"an extended attribute of {length} bytes")
        return self._anywhere.read(at, offset, length)
