"""ext2, ext3 and ext4: superblock, group descriptors, inodes, block maps and extents, folders, extended attributes.

The rules this file holds:

- The superblock stands 1024 bytes in. An inode is found through its group's descriptor; descriptors follow the
  superblock, or with META_BG stand in the first block of each meta group.
- Content is found through 12 + 3 levels of block pointers, or through a tree of extents; what neither names is a hole,
  and so is an extent that was reserved but never written. Content of up to some 150 bytes may stand in the inode.
- A folder is read from front to back: the hash tree of large folders hides in entries without an inode.
- Extended attributes stand behind the inode's fields, in a block of their own, or (EA_INODE) in an inode of their own.
- Checksums are not verified: what matters here is what Linux would see, and a wrong sum is no other content.

Nothing here opens a file: reading comes in as a function. Every count is held against a bound before it is followed.
"""

import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.model.tree import KINDS, Kind

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"\x53\xef"
MAGIC_OFFSET = 1080
SUPERBLOCK_OFFSET = 1024
SUPERBLOCK_SIZE = 1024
ROOT_INODE = 2

LISTING_LIMIT = 64 << 20
"""Bytes of one folder."""
TARGET_LIMIT = 4096
"""Bytes of a symbolic link (PATH_MAX)."""
XATTR_VALUE_LIMIT = 64 << 10
"""Bytes of one extended attribute (XATTR_SIZE_MAX)."""
XATTR_COUNT_LIMIT = 256
XATTR_SET_LIMIT = 1 << 20
"""Bytes of all extended attributes of one file."""
CHUNK = 256 << 10
"""Bytes given at a time."""
JOINED = 1 << 14
"""Blocks that follow each other and are read as one run."""

COMPRESSION = 0x1
FILETYPE = 0x2
RECOVER = 0x4
JOURNAL_DEVICE = 0x8
META_BG = 0x10
EXTENTS = 0x40
WIDE = 0x80
INLINE_DATA = 0x8000
ENCRYPT = 0x10000
_KNOWN = (
    FILETYPE | RECOVER | META_BG | EXTENTS | WIDE | INLINE_DATA | ENCRYPT
    | 0x100  # MMP: a lock for several hosts
    | 0x200  # FLEX_BG: tables may lie anywhere, where the descriptors say
    | 0x400  # EA_INODE
    | 0x2000  # CSUM_SEED
    | 0x4000  # LARGEDIR: deeper hash trees
    | 0x20000  # CASEFOLD
)  # fmt: skip
_HAS_JOURNAL = 0x4
_SPARSE_SUPER_2 = 0x200
_SPARSE_SUPER = 0x1
_BIGALLOC = 0x200

_COMPRESSED_FILE = 0x4
_ENCRYPTED_FILE = 0x800
_EXTENTS_FILE = 0x80000
_INLINE_FILE = 0x10000000

_EXTENT_MAGIC = 0xF30A
_EXTENT_DEPTH = 5
_UNWRITTEN = 32768
_XATTR_MAGIC = 0xEA020000

_EXTENT_HEADER = struct.Struct("<HHHHI")
_EXTENT = struct.Struct("<IHHI")
_EXTENT_INDEX = struct.Struct("<IIHH")
_NAME = struct.Struct("<IHBB")
_XATTR = struct.Struct("<BBHIII")


_XATTR_NAMES = {
    1: "user.",
    2: "system.posix_acl_access",
    3: "system.posix_acl_default",
    4: "trusted.",
    6: "security.",
    7: "system.",
    8: "system.richacl",
}
_INLINE_REST = (7, b"data")
"""The attribute that holds what of an inline file does not fit in the inode's block pointers."""


@dataclass(frozen=True, slots=True)
class Superblock:
    inodes: int
    blocks: int
    first_block: int
    block_size: int
    blocks_per_group: int
    inodes_per_group: int
    inode_size: int
    first_inode: int
    descriptor_size: int
    first_meta_group: int
    compatible: int
    incompatible: int
    read_only_compatible: int
    backup_groups: tuple[int, int]
    label: str

    @property
    def size(self) -> int:
        return self.blocks * self.block_size

    @property
    def groups(self) -> int:
        return -(-(self.blocks - self.first_block) // self.blocks_per_group)

    @property
    def variant(self) -> str:
        """What it is called: ext2 has no journal, ext3 none of what came with ext4."""
        if self.incompatible & ~(FILETYPE | RECOVER | META_BG | COMPRESSION) or self.read_only_compatible & ~0x7:
            return "ext4"
        return "ext3" if self.compatible & _HAS_JOURNAL else "ext2"

    def has_backup(self, group: int) -> bool:
        """Whether a copy of the superblock stands at the start of a group."""
        if group == 0:
            return True
        if self.compatible & _SPARSE_SUPER_2:
            return group in self.backup_groups
        if not self.read_only_compatible & _SPARSE_SUPER or group == 1:
            return True
        return any(_is_power(group, base) for base in (3, 5, 7))


def _is_power(number: int, base: int) -> bool:
    while number > 1 and number % base == 0:
        number //= base
    return number == 1


def parse_superblock(data: bytes) -> Superblock:
    """From the 1024 bytes at SUPERBLOCK_OFFSET. Raises Malformed when they contradict themselves.

    The magic has two bytes only, so that what the numbers say of each other decides.
    """
    if len(data) < SUPERBLOCK_SIZE or data[0x38:0x3A] != MAGIC:
        raise Malformed("no ext superblock")
    inodes, blocks, _reserved, _free, _free_inodes, first_block, log, log_cluster = struct.unpack_from("<8I", data)
    blocks_per_group, clusters_per_group, inodes_per_group = struct.unpack_from("<3I", data, 0x20)
    state, _errors, _minor = struct.unpack_from("<3H", data, 0x3A)
    revision, _uid, _gid, first_inode, inode_size, group = struct.unpack_from("<IHHIHH", data, 0x4C)
    compatible, incompatible, read_only_compatible = struct.unpack_from("<3I", data, 0x5C)
    (descriptor_size,) = struct.unpack_from("<H", data, 0xFE)
    (first_meta_group,) = struct.unpack_from("<I", data, 0x104)
    if revision == 0:
        first_inode, inode_size, compatible, incompatible, read_only_compatible = 11, 128, 0, 0, 0
    if incompatible & WIDE:
        blocks |= int.from_bytes(data[0x150:0x154], "little") << 32
    else:
        descriptor_size = 32
    if log > 6 or revision > 1 or group or state > 7:
        raise Malformed("an ext superblock that contradicts itself")
    found = Superblock(
        inodes,
        blocks,
        first_block,
        1024 << log,
        blocks_per_group,
        inodes_per_group,
        inode_size,
        first_inode,
        descriptor_size,
        first_meta_group,
        compatible,
        incompatible,
        read_only_compatible,
        struct.unpack_from("<2I", data, 0x24C),
        data[0x78:0x88].split(b"\0")[0].decode("utf-8", "surrogateescape"),
    )
    is_clustered = bool(read_only_compatible & _BIGALLOC)
    _check_geometry(found, clusters_per_group, log_cluster - log if is_clustered else 0)
    return found


def _check_geometry(found: Superblock, clusters_per_group: int, cluster_log: int) -> None:
    bits = 8 * found.block_size
    holds = (
        found.first_block == (1 if found.block_size == 1024 and not cluster_log else 0)
        and found.blocks > found.first_block
        and 0 <= cluster_log <= 16
        and 0 < clusters_per_group <= bits
        and found.blocks_per_group == clusters_per_group << cluster_log
        and 0 < found.inodes_per_group <= bits
        and found.inodes == found.groups * found.inodes_per_group
        and found.inode_size in (128 << shift for shift in range(10))
        and found.inode_size <= found.block_size
        and found.descriptor_size in (32 << shift for shift in range(6))
        and found.descriptor_size <= found.block_size
        and found.first_inode >= 11
    )
    if not holds:
        raise Malformed("an ext superblock that contradicts itself")


def check_features(superblock: Superblock) -> None:
    """Raises Malformed when the file system holds something that this reader would misread."""
    if superblock.incompatible & JOURNAL_DEVICE:
        raise Malformed("a journal on its own, without files")
    unknown = superblock.incompatible & ~(_KNOWN | COMPRESSION)
    if unknown:
        raise Malformed(f"features {unknown:#x} are not read")


@dataclass(frozen=True, slots=True)
class Inode:
    number: int
    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    flags: int
    map: bytes
    """The 60 bytes that are block pointers, an extent tree's root, a short link's text, or content."""
    attribute_block: int
    body: bytes
    """What stands behind the fields: attributes in the inode."""

    @property
    def is_inline(self) -> bool:
        return bool(self.flags & _INLINE_FILE)

    @property
    def has_extents(self) -> bool:
        return bool(self.flags & _EXTENTS_FILE)

    @property
    def device(self) -> tuple[int, int] | None:
        if self.kind not in (Kind.BLOCK, Kind.CHARACTER):
            return None
        old, new = struct.unpack_from("<II", self.map)
        if old:
            return (old >> 8) & 0xFF, old & 0xFF
        return (new >> 8) & 0xFFF, (new & 0xFF) | ((new >> 12) & 0xFFF00)

    @property
    def hidden(self) -> str | None:
        """Why the content cannot be seen, if it cannot."""
        if self.flags & _ENCRYPTED_FILE:
            return "encrypted with fscrypt"
        if self.flags & _COMPRESSED_FILE:
            return "compressed in the way of e2compr"
        return None


def parse_inode(data: bytes, number: int) -> Inode:
    """Raises Malformed for a deleted inode and an unknown kind."""
    mode, uid, size, _atime, _ctime, mtime, _dtime, gid, links = struct.unpack_from("<HHIIIiIHH", data)
    flags, _version = struct.unpack_from("<II", data, 0x20)
    attribute_block, size_high = struct.unpack_from("<II", data, 0x68)
    attribute_block_high, uid_high, gid_high = struct.unpack_from("<HHH", data, 0x76)
    if not links or not mode:
        raise Malformed(f"inode {number} is not in use")
    kind = KINDS.get(stat.S_IFMT(mode))
    if kind is None:
        raise Malformed(f"inode {number} is of unknown type {mode >> 12:#x}")
    body = b""
    if len(data) > 128:
        extra = int.from_bytes(data[0x80:0x82], "little")
        if extra >= 12:
            mtime += (int.from_bytes(data[0x88:0x8C], "little") & 3) << 32
        body = data[128 + extra :]
    if kind in (Kind.FILE, Kind.DIRECTORY):
        size |= size_high << 32
    return Inode(
        number,
        kind,
        mode & 0o7777,
        uid | uid_high << 16,
        gid | gid_high << 16,
        size,
        mtime,
        flags,
        data[0x28:0x64],
        attribute_block | attribute_block_high << 32,
        body,
    )


@dataclass(frozen=True, slots=True)
class Run:
    """Blocks of a file that follow each other on disk; a hole when `start` is 0."""

    start: int
    count: int


class Ext:
    """One file system. Every method raises Malformed when what it was asked for is damaged."""

    def __init__(self, superblock: Superblock, read: Read) -> None:
        self.superblock = superblock
        self._read = read
        self._inode_tables: dict[int, int] = {}

    def _block(self, number: int) -> bytes:
        if not 0 < number < self.superblock.blocks:
            raise Malformed(f"block {number} lies outside the file system")
        size = self.superblock.block_size
        data = self._read(number * size, size)
        if len(data) < size:
            raise Malformed("the image ends before its file system")
        return data

    def _inode_table(self, group: int) -> int:
        """The first block of a group's inodes."""
        known = self._inode_tables.get(group)
        if known is None:
            known = self._inode_tables[group] = self._read_descriptor(group)
        return known

    def _read_descriptor(self, group: int) -> int:
        superblock = self.superblock
        meta_group, index = divmod(group, superblock.block_size // superblock.descriptor_size)
        holder = (1 if superblock.block_size == 1024 else 0) + 1 + meta_group
        if superblock.incompatible & META_BG and meta_group >= superblock.first_meta_group:
            first = group - index
            holder = superblock.first_block + first * superblock.blocks_per_group + superblock.has_backup(first)
        offset = holder * superblock.block_size + index * superblock.descriptor_size
        data = self._read(offset, superblock.descriptor_size)
        if len(data) < superblock.descriptor_size:
            raise Malformed("the image ends before its group descriptors")
        table = int.from_bytes(data[8:12], "little")
        if superblock.descriptor_size >= 64:
            table |= int.from_bytes(data[0x28:0x2C], "little") << 32
        if not 0 < table < superblock.blocks:
            raise Malformed(f"the inodes of group {group} lie outside the file system")
        return table

    def inode(self, number: int) -> Inode:
        superblock = self.superblock
        if not 0 < number <= superblock.inodes or (number < superblock.first_inode and number != ROOT_INODE):
            raise Malformed(f"there is no inode {number} for files")
        return self._inode(number)

    def _inode(self, number: int) -> Inode:
        superblock = self.superblock
        group, index = divmod(number - 1, superblock.inodes_per_group)
        offset = self._inode_table(group) * superblock.block_size + index * superblock.inode_size
        data = self._read(offset, superblock.inode_size)
        if len(data) < superblock.inode_size:
            raise Malformed("the image ends before its inodes")
        return parse_inode(data, number)

    def runs(self, inode: Inode) -> Iterator[Run]:
        """Where a file's blocks lie, in order and without gaps, up to its last mapped block."""
        return self._extent_runs(inode) if inode.has_extents else self._mapped_runs(inode)

    def _extent_runs(self, inode: Inode) -> Iterator[Run]:
        at = 0
        for logical, count, start in self._extents(inode.map, None, set()):
            if logical < at:
                raise Malformed("extents overlap")
            if logical > at:
                yield Run(0, logical - at)
            yield Run(start, count)
            at = logical + count

    def _extents(self, node: bytes, depth: int | None, seen: set[int]) -> Iterator[tuple[int, int, int]]:
        """Logical block, count and first block of every extent below a node; first block 0 for what was never written.

        Each level is one less than the one above and no block is met twice, so that no tree runs in circles.
        """
        magic, count, _max, level, _generation = _EXTENT_HEADER.unpack_from(node)
        fits = _EXTENT_HEADER.size + count * _EXTENT.size <= len(node)
        if magic != _EXTENT_MAGIC or not fits or level > _EXTENT_DEPTH or depth not in (None, level):
            raise Malformed("an extent tree is damaged")
        for at in range(_EXTENT_HEADER.size, _EXTENT_HEADER.size + count * _EXTENT.size, _EXTENT.size):
            if level:
                _logical, low, high, _unused = _EXTENT_INDEX.unpack_from(node, at)
                child = high << 32 | low
                if child in seen:
                    raise Malformed("an extent tree leads in a circle")
                seen.add(child)
                yield from self._extents(self._block(child), level - 1, seen)
                continue
            logical, length, high, low = _EXTENT.unpack_from(node, at)
            if length > _UNWRITTEN:
                yield logical, length - _UNWRITTEN, 0
            elif length:
                yield logical, length, high << 32 | low

    def _mapped_runs(self, inode: Inode) -> Iterator[Run]:
        pointers = struct.unpack_from("<15I", inode.map)
        left = -(-inode.size // self.superblock.block_size)
        for pointer in pointers[:12]:
            if left <= 0:
                return
            yield Run(pointer, 1)
            left -= 1
        for depth, pointer in enumerate(pointers[12:], 1):
            if left <= 0:
                return
            yield from self._below(pointer, depth, left)
            left -= (self.superblock.block_size // 4) ** depth

    def _below(self, pointer: int, depth: int, left: int) -> Iterator[Run]:
        """The runs below a pointer of some depth, at most `left` blocks of them."""
        span = (self.superblock.block_size // 4) ** depth
        if not pointer or not depth:
            yield Run(pointer, min(left, span))
            return
        for (child,) in struct.iter_unpack("<I", self._block(pointer)):
            if left <= 0:
                return
            yield from self._below(child, depth - 1, left)
            left -= span // (self.superblock.block_size // 4)

    def content(self, inode: Inode) -> Iterator[bytes]:
        """A file's content, in pieces of at most CHUNK bytes."""
        if inode.hidden:
            raise Malformed(f"it is {inode.hidden}")
        if inode.is_inline:
            yield self._inline(inode)
            return
        left = inode.size
        for run in self._joined(inode):
            if not left:
                return
            length = min(left, run.count * self.superblock.block_size)
            yield from self._run_content(run, length)
            left -= length
        if left:
            yield from _zeros(left)

    def _joined(self, inode: Inode) -> Iterator[Run]:
        """Runs, neighbours made one up to JOINED blocks: pointers that lead to themselves make holes without end."""
        last = Run(0, 0)
        for run in self.runs(inode):
            if 0 < last.count < JOINED and run.start == (last.start + last.count if last.start else 0):
                last = Run(last.start, last.count + run.count)
                continue
            if last.count:
                yield last
            last = run
        if last.count:
            yield last

    def _run_content(self, run: Run, length: int) -> Iterator[bytes]:
        if not run.start:
            yield from _zeros(length)
            return
        if run.start + run.count > self.superblock.blocks:
            raise Malformed(f"block {run.start} lies outside the file system")
        offset = run.start * self.superblock.block_size
        while length:
            data = self._read(offset, min(CHUNK, length))
            if not data:
                raise Malformed("the image ends before its file system")
            yield data
            offset += len(data)
            length -= len(data)

    def _inline(self, inode: Inode) -> bytes:
        if inode.size <= len(inode.map):
            return inode.map[: inode.size]
        rest = next((value for name, value in self._body_attributes(inode) if name == _INLINE_REST), b"")
        data = inode.map + rest
        if len(data) < inode.size:
            raise Malformed("the content in the inode is cut off")
        return data[: inode.size]

    def target(self, link: Inode) -> bytes:
        if link.hidden:
            raise Malformed(f"it is {link.hidden}")
        if link.size > TARGET_LIMIT:
            raise Malformed(f"a symbolic link of {link.size} bytes")
        if not link.is_inline and not link.has_extents and link.size < len(link.map):
            return link.map[: link.size]
        return b"".join(self.content(link))

    def listing(self, folder: Inode) -> Iterator[tuple[bytes, int]]:
        """Names and inode numbers, `.` and `..` left out; what is whole is given before Malformed is raised."""
        if folder.hidden:
            raise Malformed(f"it is {folder.hidden}")
        if folder.size > LISTING_LIMIT:
            raise Malformed(f"a folder of {folder.size} bytes")
        if folder.is_inline:
            data = self._inline(folder)
            yield from self._names(data[4:60])
            yield from self._names(data[60:])
            return
        size = self.superblock.block_size
        problem = None
        for piece in self.content(folder):
            for at in range(0, len(piece), size):
                try:
                    yield from self._names(piece[at : at + size])
                except Malformed as error:
                    problem = error
        if problem:
            raise problem

    def _names(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        if not any(data[:8]):  # a hole
            return
        at = 0
        while at + _NAME.size <= len(data):
            number, length, name_length, kind = _NAME.unpack_from(data, at)
            if not self.superblock.incompatible & FILETYPE:
                name_length |= kind << 8
            if length in (0, 65535) and len(data) == 65536:
                length = 65536
            if length < _NAME.size or length & 3 or at + length > len(data) or name_length + _NAME.size > length:
                raise Malformed("an entry is damaged")
            name = data[at + _NAME.size : at + _NAME.size + name_length]
            if number and name not in (b".", b".."):
                yield name, number
            at += length

    def xattrs(self, inode: Inode) -> tuple[tuple[str, bytes], ...]:
        """Extended attributes by full name, sorted, as getxattr gives them."""
        found = {}
        for (index, name), value in self._attributes(inode):
            prefix = _XATTR_NAMES.get(index)
            if prefix is None or (index, name) == _INLINE_REST:
                continue
            full = prefix + name.decode("utf-8", "surrogateescape")
            found[full] = _access_list(value) if index in (2, 3) else value
            if sum(map(len, found.values())) > XATTR_SET_LIMIT:
                raise Malformed(f"more than {XATTR_SET_LIMIT} bytes of extended attributes on one file")
        return tuple(sorted(found.items()))

    def _attributes(self, inode: Inode) -> Iterator[tuple[tuple[int, bytes], bytes]]:
        yield from self._body_attributes(inode)
        if inode.attribute_block:
            data = self._block(inode.attribute_block)
            if int.from_bytes(data[:4], "little") != _XATTR_MAGIC:
                raise Malformed("a block of extended attributes is damaged")
            yield from self._attribute_entries(data, 32, 0)

    def _body_attributes(self, inode: Inode) -> Iterator[tuple[tuple[int, bytes], bytes]]:
        if int.from_bytes(inode.body[:4], "little") == _XATTR_MAGIC:
            yield from self._attribute_entries(inode.body, 4, 4)

    def _attribute_entries(self, data: bytes, at: int, base: int) -> Iterator[tuple[tuple[int, bytes], bytes]]:
        """Index and name, and value, of every attribute from `at`; value offsets count from `base`."""
        for _ in range(XATTR_COUNT_LIMIT):
            if not any(data[at : at + 4]):
                return
            if at + _XATTR.size > len(data):
                break
            length, index, offset, holder, size, _hash = _XATTR.unpack_from(data, at)
            name = data[at + _XATTR.size : at + _XATTR.size + length]
            if size > XATTR_VALUE_LIMIT:
                raise Malformed(f"an extended attribute of {size} bytes")
            value = self._attribute_inode(holder, size) if holder else data[base + offset : base + offset + size]
            if len(name) < length or len(value) < size:
                raise Malformed("an extended attribute is cut off")
            yield (index, name), value
            at += (_XATTR.size + length + 3) & ~3
        else:
            raise Malformed(f"more than {XATTR_COUNT_LIMIT} extended attributes on one file")

    def _attribute_inode(self, number: int, size: int) -> bytes:
        inode = self.inode(number)
        if inode.kind is not Kind.FILE or inode.size != size:
            raise Malformed("the inode of an extended attribute is damaged")
        return b"".join(self.content(inode))


def _access_list(value: bytes) -> bytes:
    """A POSIX access list as getxattr gives it: on disk, version 1 leaves out ids that mean nothing."""
    if int.from_bytes(value[:4], "little") != 1:
        raise Malformed("an access list of unknown version")
    pieces = [struct.pack("<I", 2)]
    at = 4
    while at + 4 <= len(value):
        tag, permissions = struct.unpack_from("<HH", value, at)
        has_id = tag in (0x02, 0x08)
        if has_id and at + 8 > len(value):
            raise Malformed("an access list is cut off")
        number = int.from_bytes(value[at + 4 : at + 8], "little") if has_id else 0xFFFFFFFF
        pieces.append(struct.pack("<HHI", tag, permissions, number))
        at += 8 if has_id else 4
    return b"".join(pieces)


def _zeros(length: int) -> Iterator[bytes]:
    while length > CHUNK:
        yield bytes(CHUNK)
        length -= CHUNK
    yield bytes(length)
