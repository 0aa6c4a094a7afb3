"""EROFS: superblock, inodes, folders, extended attributes, and the maps from a file's bytes to where they lie.

The rules this file holds:

- The superblock stands 1024 bytes in. An inode is its own address: 32 bytes times its number, behind the start of the
  metadata. Behind it stand its extended attributes, then what its layout needs: inline content, chunks, or an index.
- Flat content is one run of blocks; of an inline one the tail stands behind the inode. Chunks have an address each.
- Compressed content is divided in logical clusters of a block or more. The index says of each whether an extent begins
  in it, and where; an extent ends where the next begins. Compact indexes hold 2 clusters in 8 bytes or 16 in 32, with
  one block address for all.
- A tail may stand behind the index (ztailpacking), or in a hidden inode that holds the tails of many (fragments).
- Newer images may list extents instead of clusters, by byte address.

Nothing here opens a file: reading comes in as a function, and so does unpacking.
"""

import stat
import struct
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from firmward.formats.crc32c import crc32c
from firmward.formats.malformed import Malformed
from firmward.model.tree import KINDS, Kind

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"\xe2\xe1\xf5\xe0"
MAGIC_OFFSET = 1024
SUPERBLOCK_SIZE = 144

LISTING_LIMIT = 64 << 20
"""Bytes of one folder."""
TARGET_LIMIT = 4096
"""Bytes of a symbolic link (PATH_MAX)."""
XATTR_SET_LIMIT = 1 << 20
"""Bytes of all extended attributes of one file."""
CHUNK = 256 << 10
"""Bytes given at a time."""
PACKED_LIMIT = 1 << 20
"""Bytes of one compressed extent (Z_EROFS_PCLUSTER_MAX_SIZE)."""
EXTENT_LIMIT = 12 << 20
"""Bytes that it may expand to (Z_EROFS_PCLUSTER_MAX_DSIZE)."""
EXTENTS_LIMIT = 1 << 20
"""Extents of the inode that holds fragments."""
KEPT = 4 << 20
"""Bytes of unpacked extents kept of the inode that holds fragments."""

_CHECKSUM = 0x1
_PLAIN_PREFIXES = 0x10

ZERO_PADDING = 0x1
COMPRESSION_CONFIGS = 0x2
CHUNKED = 0x4
DEVICES = 0x8
TAIL_PACKING = 0x10
FRAGMENTS = 0x20
PREFIXES = 0x40
WIDE = 0x80
METABOX = 0x100
_KNOWN = 0xFF

FLAT, FULL_INDEX, INLINE, COMPACT_INDEX, CHUNKS = range(5)
"""Layouts of an inode."""

LZ4, LZMA, DEFLATE, ZSTD, PLAIN, INTERLACED = range(6)
"""Ways an extent is stored. Interlaced: the bytes stand in their block at the offset that they have in the file, and
what does not fit behind that stands at the block's start."""

_COMPACT_2B = 0x1
_EXTENT_RECORDS = 0x1
_BIG_1, _BIG_2, _INLINE_TAIL, _INTERLACED, _FRAGMENT = 0x2, 0x4, 0x8, 0x10, 0x20
_HEAD_PLAIN, _HEAD_1, _NO_HEAD, _HEAD_2 = range(4)
_BLOCK_COUNT = 0x800
_PARTIAL = 0x8000

_NULL_32 = 0xFFFFFFFF
_NULL_48 = 0xFFFFFFFFFFFF


_XATTR_NAMES = {
    1: "user.",
    2: "system.posix_acl_access",
    3: "system.posix_acl_default",
    4: "trusted.",
    5: "lustre.",
    6: "security.",
}
_LONG_PREFIX = 0x80

_SUPERBLOCK = struct.Struct("<4sIIBBHQQIIII16s16sIHHHBBIQ")
_COMPACT_INODE = struct.Struct("<HHHHII4sIHHI")
_EXTENDED_INODE = struct.Struct("<HHHHQ4sIIIQII")
_DIRENT = struct.Struct("<QHBB")
_MAP = struct.Struct("<IHBB")
_CLUSTER = struct.Struct("<HHI")


@dataclass(frozen=True, slots=True)
class Superblock:
    """What the header says. Addresses are blocks."""

    block_bits: int
    root: int
    inodes: int
    epoch: int
    blocks: int
    metadata: int
    xattrs: int
    compatible: int
    incompatible: int
    devices: int
    device_slots: int
    prefixes: int
    prefix_start: int
    packed: int
    checksum: int
    size_in_bytes: int
    """Bytes of the superblock itself."""
    label: str

    @property
    def block_size(self) -> int:
        return 1 << self.block_bits

    @property
    def size(self) -> int:
        return self.blocks << self.block_bits


def parse_superblock(data: bytes) -> Superblock:
    """From the bytes at MAGIC_OFFSET. Raises Malformed when they contradict themselves."""
    if len(data) < SUPERBLOCK_SIZE or data[:4] != MAGIC:
        raise Malformed("no superblock")
    fields = _SUPERBLOCK.unpack_from(data)
    _, checksum, compatible, bits, slots, root, inodes, epoch, _nsec, blocks, metadata, xattrs = fields[:12]
    _uuid, label, incompatible, _algorithms, devices, device_slots, dir_bits, prefixes, prefix_start, packed = fields[
        12:
    ]
    if incompatible & WIDE:
        wide_root = int.from_bytes(data[112:120], "little")
        if wide_root:
            root, blocks = wide_root, blocks | root << 32
    holds = (
        9 <= bits <= 16 and not dir_bits and blocks and metadata < max(blocks, 1) and slots <= 64 and root and inodes
    )
    if not holds:
        raise Malformed("a superblock that contradicts itself")
    return Superblock(
        bits,
        root,
        inodes,
        epoch,
        blocks,
        metadata,
        xattrs,
        compatible,
        incompatible,
        devices if incompatible & DEVICES else 0,
        device_slots,
        prefixes if incompatible & PREFIXES else 0,
        prefix_start,
        packed if incompatible & FRAGMENTS else 0,
        checksum,
        128 + 16 * slots,
        label.split(b"\0")[0].decode("utf-8", "replace"),
    )


def check_features(superblock: Superblock) -> None:
    """Raises Malformed when the file system holds something that this reader would misread."""
    if superblock.incompatible & METABOX:
        raise Malformed("its metadata is compressed (metabox), which is not read")
    unknown = superblock.incompatible & ~_KNOWN
    if unknown:
        raise Malformed(f"features {unknown:#x} are not read")


def checksum_holds(superblock: Superblock, block: bytes) -> bool:
    """`block` is what stands from MAGIC_OFFSET to the end of its block; true where no checksum is kept."""
    if not superblock.compatible & _CHECKSUM:
        return True
    return crc32c(block[:4] + bytes(4) + block[8:], 0xFFFFFFFF) == superblock.checksum


@dataclass(frozen=True, slots=True)
class Inode:
    number: int
    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    layout: int
    union: bytes
    """Four bytes that are an address, a device, or the form of chunks."""
    high: int
    """The address above 32 bits."""
    body: int
    """Where the extended attributes begin."""
    tail: int
    """Where they end."""

    @property
    def device(self) -> tuple[int, int] | None:
        if self.kind not in (Kind.BLOCK, Kind.CHARACTER):
            return None
        number = int.from_bytes(self.union, "little")
        return (number >> 8) & 0xFFF, (number & 0xFF) | ((number >> 12) & 0xFFF00)


HOLE = -1


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of a file's bytes, from `start`: `packed` bytes at `at`, stored as `way` says; a hole when `at` is HOLE.

    A partial one expands to more than belongs to the file.
    """

    start: int
    length: int
    way: int = PLAIN
    at: int = HOLE
    packed: int = 0
    partial: bool = False
    is_fragment: bool = False
    """Whether `at` counts in the inode that holds fragments."""


Unpack = Callable[[Extent, bytes], bytes]
"""A compressed extent and what is stored of it to its content, which the caller holds against the extent's length."""


class Erofs:
    """One file system. Every method raises Malformed when what it was asked for is damaged."""

    def __init__(self, superblock: Superblock, read: Read, unpack: Unpack) -> None:
        self.superblock = superblock
        self._read = read
        self._unpack = unpack
        self._packed: _Packed | None = None
        self._prefixes: list[str] | None = None

    def bytes_at(self, offset: int, length: int) -> bytes:
        data = self._read(offset, length)
        if len(data) < length:
            raise Malformed("the image ends before its file system")
        return data

    def inode(self, number: int) -> Inode:
        superblock = self.superblock
        if not 0 <= number < 1 << 59:
            raise Malformed(f"there is no inode {number}")
        offset = (superblock.metadata << superblock.block_bits) + number * 32
        data = self._read(offset, 64)
        if len(data) < 32:
            raise Malformed("the image ends before its inodes")
        form = data[0] | data[1] << 8
        if form & 1:
            if len(data) < 64:
                raise Malformed("the image ends before its inodes")
            _, xattrs, mode, high, size, union, _ino, uid, gid, mtime, _nsec, _links = _EXTENDED_INODE.unpack_from(data)
            body = offset + 64
        else:
            _, xattrs, mode, high, size, mtime, union, _ino, uid, gid, _ = _COMPACT_INODE.unpack_from(data)
            mtime += superblock.epoch
            body = offset + 32
        kind = KINDS.get(stat.S_IFMT(mode))
        layout = form >> 1 & 7
        if kind is None or form >> 5 or layout > CHUNKS:
            raise Malformed(f"inode {number} is damaged")
        if not form & 1 and (kind is Kind.DIRECTORY or not form & 0x10):
            high = 0  # the field counts links here
        if mtime >> 63:
            mtime -= 1 << 64
        tail = body + (12 + 4 * (xattrs - 1) if xattrs else 0)
        return Inode(number, kind, mode & 0o7777, uid, gid, size, mtime, layout, union, high, body, tail)

    def listing(self, folder: Inode) -> Iterator[tuple[bytes, int]]:
        """Names and inode numbers, `.` and `..` left out; what is whole is given before Malformed is raised."""
        size = self.superblock.block_size
        if folder.size > LISTING_LIMIT:
            raise Malformed(f"a folder of {folder.size} bytes")
        problem = None
        for piece in self._blocks(folder, size):
            for at in range(0, len(piece), size):
                try:
                    yield from _names(piece[at : at + size])
                except Malformed as error:
                    problem = error
        if problem:
            raise problem

    def _blocks(self, folder: Inode, size: int) -> Iterator[bytes]:
        """A folder's content in pieces of whole blocks; extents need not end where blocks do."""
        rest = b""
        for piece in self.content(folder):
            data = rest + piece if rest else piece
            whole = len(data) - len(data) % size
            if whole:
                yield data[:whole]
            rest = data[whole:]
        if rest:
            yield rest

    def target(self, link: Inode) -> bytes:
        if link.size > TARGET_LIMIT:
            raise Malformed(f"a symbolic link of {link.size} bytes")
        return b"".join(self.content(link))

    def content(self, file: Inode) -> Iterator[bytes]:
        """A file's content, piece by piece."""
        for extent in self.extents(file):
            yield from self._extent_content(extent)

    def extents(self, file: Inode) -> Iterator[Extent]:
        """Where a file's bytes lie, in order and without gaps."""
        if not file.size:
            return iter(())
        if file.layout in (FLAT, INLINE):
            return self._flat(file)
        if file.layout == CHUNKS:
            return self._chunks(file)
        return self._compressed(file)

    def _extent_content(self, extent: Extent) -> Iterator[bytes]:
        if extent.is_fragment:
            yield from self._fragment(extent)
        elif extent.at == HOLE or extent.way == PLAIN:
            for offset in range(0, extent.length, CHUNK):
                length = min(CHUNK, extent.length - offset)
                yield bytes(length) if extent.at == HOLE else self._stored(extent.at + offset, length)
        else:
            yield self.unpacked(extent)

    def unpacked(self, extent: Extent) -> bytes:
        """The content of an extent that is compressed or interlaced."""
        if extent.length > EXTENT_LIMIT or extent.packed > PACKED_LIMIT:
            raise Malformed(f"an extent of {extent.packed} bytes that expands to {extent.length}")
        data = self._stored(extent.at, extent.packed)
        if extent.way == INTERLACED:
            return self._turned(extent, data)
        content = self._unpack(extent, data)
        if len(content) != extent.length:
            raise Malformed(f"an extent holds {len(content)} bytes where {extent.length} were expected")
        return content

    def _turned(self, extent: Extent, data: bytes) -> bytes:
        size = self.superblock.block_size
        first = extent.start % size
        behind = min(size - first, extent.length)
        content = data[first : first + behind] + data[: extent.length - behind]
        if len(content) != extent.length or not extent.length <= extent.packed <= size:
            raise Malformed("an extent is longer than what is stored of it")
        return content

    def _stored(self, at: int, length: int) -> bytes:
        if self.superblock.devices:
            self._check_device(at)
        return self.bytes_at(at, length)

    def _check_device(self, at: int) -> None:
        """With a table of devices, addresses may count on behind this one."""
        if at >= self.superblock.size:
            raise Malformed("it lies on another device, which is not here")

    def _flat(self, file: Inode) -> Iterator[Extent]:
        bits = self.superblock.block_bits
        low = int.from_bytes(file.union, "little")
        is_hole = low == _NULL_32 and file.high in (0, 0xFFFF) and file.layout == FLAT
        start = HOLE if is_hole else (low | file.high << 32) << bits
        if file.layout == FLAT:
            yield Extent(0, file.size, PLAIN, start, file.size)
            return
        inline = (file.size - 1) % (1 << bits) + 1
        before = file.size - inline
        if before:
            yield Extent(0, before, PLAIN, start, before)
        if file.tail % (1 << bits) + inline > 1 << bits:
            raise Malformed("the content behind an inode runs out of its block")
        yield Extent(before, inline, PLAIN, file.tail, inline)

    def _chunks(self, file: Inode) -> Iterator[Extent]:
        """Neighbouring chunks that follow each other on disk as one."""
        last: Extent | None = None
        for extent in self._single_chunks(file):
            if last is None:
                last = extent
            elif extent.at == (HOLE if last.at == HOLE else last.at + last.length):
                last = replace(last, length=last.length + extent.length, packed=last.packed + extent.packed)
            else:
                yield last
                last = extent
        if last is not None:
            yield last

    def _single_chunks(self, file: Inode) -> Iterator[Extent]:
        bits = self.superblock.block_bits
        form = file.union[0] | file.union[1] << 8
        if form >> 7 or file.union[2:] != b"\0\0":
            raise Malformed("chunks of an unknown form")
        size = 1 << bits + (form & 0x1F)
        unit = 8 if form & 0x20 else 4
        null = _NULL_48 if form & 0x40 else _NULL_32
        index = -(-file.tail // unit) * unit
        for first in range(0, -(-file.size // size), CHUNK // 8):
            count = min(CHUNK // 8, -(-file.size // size) - first)
            data = self._read(index + first * unit, count * unit)
            for number in range(len(data) // unit):
                start = (first + number) * size
                length = min(size, file.size - start)
                yield self._chunk(data[number * unit : number * unit + unit], start, length, null)
            if len(data) < count * unit:
                raise Malformed("the image ends inside a list of chunks")

    def _chunk(self, entry: bytes, start: int, length: int, null: int) -> Extent:
        address = int.from_bytes(entry, "little")
        if len(entry) == 8:
            high, device, low = struct.unpack("<HHI", entry)
            address = (high << 32 | low) & null
            if address == null:
                return Extent(start, length)
            mask = (1 << self.superblock.devices.bit_length()) - 1
            if device & mask:
                raise Malformed(f"it lies on device {device & mask}, which is not here")
        return Extent(start, length, PLAIN, HOLE if address == null else address << self.superblock.block_bits, length)

    def _compressed(self, file: Inode) -> Iterator[Extent]:
        header = -(-file.tail // 8) * 8
        first, advice, algorithms, cluster = _MAP.unpack(self.bytes_at(header, 8))
        if cluster & 0x80:
            offset = int.from_bytes(self.bytes_at(header, 8), "little") ^ 1 << 63
            return iter((self._fragment_extent(0, file.size, offset),))
        bits = self.superblock.block_bits + (cluster & 15)
        if file.layout == FULL_INDEX and advice & _EXTENT_RECORDS:
            return self._records(file, header + 8, bits, advice, first | algorithms << 32 | cluster << 40)
        index = _Index(self, file, header + 8, bits, advice, (algorithms & 15, algorithms >> 4))
        tail = 0
        if advice & _FRAGMENT:
            tail = first
        elif advice & _INLINE_TAIL:
            tail = first >> 16
        return index.extents(tail)

    def _fragment_extent(self, start: int, length: int, offset: int) -> Extent:
        return Extent(start, length, PLAIN, offset, length, is_fragment=True)

    def _fragment(self, extent: Extent) -> Iterator[bytes]:
        if self._packed is None:
            if not self.superblock.packed:
                raise Malformed("there is no inode that holds fragments")
            self._packed = _Packed(self)
        yield from self._packed.content(extent.at, extent.length)

    def _records(self, file: Inode, at: int, bits: int, advice: int, count: int) -> Iterator[Extent]:
        """Extents listed by byte address, in records of 4 to 32 bytes: the short ones leave out what follows."""
        size = 4 << (advice >> 1 & 3)
        at = -(-at // size) * size
        clusters = -(-file.size >> bits)
        position: int | None = None
        if size <= 8:
            if size == 4:
                position = int.from_bytes(self.bytes_at(at, 8), "little")
                at += 8
            count = clusters
        previous: tuple[int, int, int] | None = None
        for number in range(count):
            record = self.bytes_at(at + number * size, size) + bytes(32 - size)
            stored, low, high, start, start_high = struct.unpack_from("<IIIII", record)
            if size <= 8:
                start = number << bits
                place = low if position is None else position
                position = None if position is None else position + (stored & 0x1FFFFF)
            else:
                place = low | high << 32
                start |= start_high << 32
            if previous is not None:
                yield self._record(previous, start, advice)
            previous = start, stored, place
        if previous is None:
            raise Malformed("a file without extents")
        if advice & _FRAGMENT:
            start, stored, place = previous
            offset = stored | (place << 32 if size > 4 else 0)
            yield self._fragment_extent(start, file.size - start, offset)
        else:
            yield self._record(previous, file.size, advice)

    def _record(self, found: tuple[int, int, int], end: int, advice: int) -> Extent:
        start, stored, place = found
        length = end - start
        packed = stored & 0x1FFFFF
        if length <= 0:
            raise Malformed("extents overlap")
        if not packed:
            return Extent(start, length)
        form = stored >> 28
        way = form - 1
        if form > 4:
            raise Malformed(f"compression {form - 1} is not known")
        if not form:
            mask = self.superblock.block_size - 1
            way = INTERLACED if advice & _INTERLACED and not (place | packed) & mask else PLAIN
            if length > packed:
                raise Malformed("an extent is longer than what is stored of it")
        return Extent(start, length, way, place, packed, bool(stored & 1 << 27))

    def xattrs(self, inode: Inode) -> tuple[tuple[str, bytes], ...]:
        """Extended attributes by full name, sorted."""
        if inode.tail == inode.body:
            return ()
        data = self.bytes_at(inode.body, inode.tail - inode.body)
        found = {}
        shared = data[4]
        at = 12 + 4 * shared
        if at > len(data):
            raise Malformed("the list of shared attributes is cut off")
        base = self.superblock.xattrs << self.superblock.block_bits
        for number in struct.unpack_from(f"<{shared}I", data, 12):
            head = self.bytes_at(base + 4 * number, 4)
            length = 4 + head[0] + int.from_bytes(head[2:4], "little")
            name, value = self._attribute(self.bytes_at(base + 4 * number, length))
            found[name] = value
            if sum(map(len, found.values())) > XATTR_SET_LIMIT:
                raise Malformed(f"more than {XATTR_SET_LIMIT} bytes of extended attributes on one file")
        while at + 4 <= len(data) and data[at : at + 4] != bytes(4):
            length = 4 + data[at] + int.from_bytes(data[at + 2 : at + 4], "little")
            name, value = self._attribute(data[at : at + length])
            found[name] = value
            at += -(-length // 4) * 4
        return tuple(sorted(found.items()))

    def _attribute(self, entry: bytes) -> tuple[str, bytes]:
        if len(entry) < 4 or len(entry) < 4 + entry[0] + int.from_bytes(entry[2:4], "little"):
            raise Malformed("an extended attribute is cut off")
        end = 4 + entry[0]
        name = entry[4:end].decode("utf-8", "surrogateescape")
        return self._prefix(entry[1]) + name, entry[end:]

    def _prefix(self, index: int) -> str:
        if index & _LONG_PREFIX:
            if self._prefixes is None:
                self._prefixes = list(self._long_prefixes())
            index &= ~_LONG_PREFIX
            if index >= len(self._prefixes):
                raise Malformed("an extended attribute with a prefix that there is not")
            return self._prefixes[index]
        found = _XATTR_NAMES.get(index)
        if found is None:
            raise Malformed(f"an extended attribute of unknown kind {index}")
        return found

    def _long_prefixes(self) -> Iterator[str]:
        """Each as two bytes of length, a short prefix by number, and what stands between it and the name."""
        superblock = self.superblock
        in_packed = superblock.packed and not superblock.compatible & _PLAIN_PREFIXES
        at = superblock.prefix_start << 2
        for _ in range(superblock.prefixes):
            length = int.from_bytes(self._metadata(at, 2, in_packed), "little")
            entry = self._metadata(at + 2, length, in_packed)
            if not 1 <= length <= 256 or entry[0] not in _XATTR_NAMES:
                raise Malformed("the list of attribute prefixes is damaged")
            yield _XATTR_NAMES[entry[0]] + entry[1:].decode("utf-8", "surrogateescape")
            at += -(-(length + 2) // 4) * 4

    def _metadata(self, at: int, length: int, in_packed: int) -> bytes:
        if in_packed:
            return b"".join(self._fragment(self._fragment_extent(0, length, at)))
        return self.bytes_at(at, length)


def _names(block: bytes) -> Iterator[tuple[bytes, int]]:
    """A block of a folder: records, then the names; the first record's name says how many records there are."""
    first = int.from_bytes(block[8:10], "little")
    count = first // _DIRENT.size
    if len(block) < _DIRENT.size or not _DIRENT.size <= first <= len(block):
        raise Malformed("a block of a folder is damaged")
    records = [_DIRENT.unpack_from(block, number * _DIRENT.size) for number in range(count)]
    ends = [record[1] for record in records[1:]] + [len(block)]
    for (number, start, _kind, _), end in zip(records, ends, strict=True):
        if not first <= start <= end <= len(block):
            raise Malformed("an entry is damaged")
        name = block[start:end]
        if end == len(block):
            name = name.split(b"\0", 1)[0]
        if name not in (b".", b".."):
            yield name, number


class _Index:
    """The index of one compressed file, read from its first cluster on."""

    def __init__(self, image: Erofs, file: Inode, at: int, bits: int, advice: int, algorithms: tuple[int, int]) -> None:
        self._image = image
        self._file = file
        self._at = at
        self._bits = bits
        self._advice = advice
        self._algorithms = algorithms
        self._count = -(-file.size >> bits)
        if file.layout == COMPACT_INDEX:
            if bits > 14 or bool(advice & _BIG_1) != bool(advice & _BIG_2):
                raise Malformed("a compact index of an unknown form")
            self._compact_layout()
        else:
            self._at += 8
            self._end = self._at + 8 * self._count

    def _compact_layout(self) -> None:
        """Clusters in 4 bytes each up to an address divisible by 32, then in 2 bytes as far as 16 fit, then in 4."""
        first = (32 - self._at % 32) // 4 & 7
        first = min(first, self._count)
        dense = 0
        if self._advice & _COMPACT_2B and first < self._count and self._bits <= 12:
            dense = (self._count - first) // 16 * 16
        rest = self._count - first - dense
        self._packs = (first + 1) // 2, dense // 16, (rest + 1) // 2
        self._end = self._at + 8 * self._packs[0] + 32 * self._packs[1] + 8 * self._packs[2]

    def extents(self, tail: int) -> Iterator[Extent]:
        """`tail` says where the last extent stands among fragments, or how long it is when behind the index."""
        size = self._file.size
        previous: tuple[int, int, int, int, bool] | None = None
        for start, head, block, blocks, partial in self._heads():
            if start >= size:  # the last cluster says where the content ends
                break
            if previous is None:
                if start:
                    raise Malformed("an index that does not begin with an extent")
            elif start <= previous[0]:
                raise Malformed("extents overlap")
            else:
                yield self._extent(previous, start)
            previous = start, head, block, blocks, partial
        if previous is None:
            raise Malformed("an index without extents")
        yield self._last(previous, tail)

    def _last(self, head: tuple[int, int, int, int, bool], tail: int) -> Extent:
        start, _, block, _, _ = head
        size = self._file.size
        if self._advice & _FRAGMENT:
            high = block << 32 if self._file.layout == FULL_INDEX else 0
            return Extent(start, size - start, PLAIN, tail | high, size - start, is_fragment=True)
        extent = self._extent(head, size)
        if not (self._advice & _INLINE_TAIL and tail):
            return extent
        if extent.way == PLAIN and extent.length > tail:
            raise Malformed("an extent is longer than what is stored of it")
        return replace(extent, at=self._end, packed=tail)

    def _extent(self, head: tuple[int, int, int, int, bool], end: int) -> Extent:
        start, kind, block, blocks, partial = head
        size = self._image.superblock.block_bits
        if kind == _HEAD_PLAIN:
            way = INTERLACED if self._advice & _INTERLACED else PLAIN
            if end - start > blocks << size and not self._advice & _INLINE_TAIL:
                raise Malformed("an extent is longer than what is stored of it")
        else:
            way = self._algorithms[0 if kind == _HEAD_1 else 1]
            if way > ZSTD:
                raise Malformed(f"compression {way} is not known")
        return Extent(start, end - start, way, block << size, blocks << size, partial)

    def _heads(self) -> Iterator[tuple[int, int, int, int, bool]]:
        """Where each extent begins, its kind, its first block, its number of blocks, and whether it is partial.

        The number of blocks, where it may be more than one, stands in the cluster behind the one the extent begins in.
        """
        waiting: tuple[int, int, int, bool] | None = None
        for number, (kind, low, block, partial) in enumerate(self._clusters()):
            blocks = 1
            if kind == _NO_HEAD and low & _BLOCK_COUNT and self._advice & (_BIG_1 | _BIG_2):
                blocks = low & ~_BLOCK_COUNT
            if waiting is not None:
                yield waiting[0], waiting[1], waiting[2], blocks, waiting[3]
                waiting = None
            if kind == _NO_HEAD:
                continue
            if low >= 1 << self._bits:
                raise Malformed("an index is damaged")
            waiting = (number << self._bits) + low, kind, block, partial
        if waiting is not None:
            yield waiting[0], waiting[1], waiting[2], 1, waiting[3]

    def _clusters(self) -> Iterator[tuple[int, int, int, bool]]:
        """Of each cluster its kind, offset (or distance), block and whether it is partial."""
        if self._file.layout == FULL_INDEX:
            yield from self._full()
            return
        left = self._count
        at = self._at
        for packs, length, count in zip(self._packs, (8, 32, 8), (2, 16, 2), strict=True):
            for first in range(0, packs, 512):
                some = min(512, packs - first)
                data = self._image.bytes_at(at, some * length)
                for place in range(0, some * length, length):
                    yield from self._pack(data[place : place + length], min(count, left), count)
                    left -= min(count, left)
                at += some * length

    def _full(self) -> Iterator[tuple[int, int, int, bool]]:
        for first in range(0, self._count, 2048):
            some = min(2048, self._count - first)
            data = self._image.bytes_at(self._at + 8 * first, 8 * some)
            for advice, low, block in _CLUSTER.iter_unpack(data):
                kind = advice & 3
                yield kind, block & 0xFFFF if kind == _NO_HEAD else low, block, bool(advice & _PARTIAL)

    def _pack(self, pack: bytes, wanted: int, count: int) -> Iterator[tuple[int, int, int, bool]]:
        """Clusters that share one block address: that of the first extent which begins among them, less one where an
        extent is always one block."""
        low_bits = max(self._bits, 12)
        step = (len(pack) - 4) * 8 // count
        bits = int.from_bytes(pack[:-4], "little")
        mask = (1 << low_bits) - 1
        cells = [(bits >> step * number >> low_bits & 3, bits >> step * number & mask) for number in range(wanted)]
        block = int.from_bytes(pack[-4:], "little")
        is_big = bool(self._advice & _BIG_1)
        if not is_big:
            block += 1
        for number, (kind, low) in enumerate(cells):
            yield kind, low, block & 0xFFFFFFFF, False
            if kind != _NO_HEAD:
                followed = is_big and number + 1 < wanted and cells[number + 1][0] == _NO_HEAD
                block += 0 if followed else 1
            elif is_big and low & _BLOCK_COUNT:
                block += low & ~_BLOCK_COUNT


class _Packed:
    """The inode that holds fragments: its extents by position, those unpacked last kept."""

    def __init__(self, image: Erofs) -> None:
        self._image = image
        inode = image.inode(image.superblock.packed)
        self._extents: list[Extent] = []
        for extent in image.extents(inode):
            if extent.is_fragment or len(self._extents) >= EXTENTS_LIMIT:
                raise Malformed("the inode that holds fragments is damaged")
            self._extents.append(extent)
        self._starts = [extent.start for extent in self._extents]
        self._size = inode.size
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._room = 0

    def content(self, offset: int, length: int) -> Iterator[bytes]:
        if offset + length > self._size:
            raise Malformed("a fragment lies outside the inode that holds them")
        while length:
            number = bisect_right(self._starts, offset) - 1
            extent = self._extents[number]
            inside = offset - extent.start
            count = min(length, extent.length - inside, CHUNK)
            if extent.at == HOLE:
                yield bytes(count)
            elif extent.way == PLAIN:
                yield self._image.bytes_at(extent.at + inside, count)
            else:
                yield self._unpacked(number, extent)[inside : inside + count]
            offset += count
            length -= count

    def _unpacked(self, number: int, extent: Extent) -> bytes:
        known = self._kept.get(number)
        if known is None:
            known = self._kept[number] = self._image.unpacked(extent)
            self._room += len(known)
            while self._room > KEPT and len(self._kept) > 1:
                self._room -= len(self._kept.popitem(last=False)[1])
        return known
