"""JFFS2: a log of nodes on raw flash, and the file system that the newest of them make.

The rules this file holds:

- Every node begins on four bytes, with the magic 0x1985, its type, its length and a CRC over these eight bytes. What is
  no node (erased or dirty flash, a node that a power cut tore) is passed over to the next one that is.
- Nothing is written over: of two names in a folder, or two descriptions of an inode, the higher version counts. A name
  that leads to inode 0 was removed. A type whose bit 0x2000 was cleared is a node that was given up.
- A file's content is what its data nodes cover, the higher version on top; what none covers is a hole.
- What a node holds lies in it: else a few bytes of node could each claim the whole image.
- The byte order is that of the device and the same throughout. CRCs are CRC-32 begun at 0 and not inverted.
- LZMA is OpenWrt's addition: a bare stream with lc, lp and pb of 0 and a dictionary of 8 KiB.

A JFFS2 does not say where it ends: it is as long as its flash partition. It is taken to end behind the last node that
is followed by nothing for GAP bytes, or where the root folder begins anew, which is another file system.
"""

import heapq
import struct
import zlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

Unpack = Callable[[bytes, int], bytes]
"""A compressed node and the length of its content, to its content. Raises Malformed."""

Charge = Callable[[int], None]
"""Told of bytes of memory before they are taken."""

MAGIC = 0x1985
HEADER_SIZE = 12
ROOT = 1
"""The inode number of the root folder."""
WINDOW = 1 << 20
"""Bytes read at once by the scan."""
GAP = 1 << 20
"""Bytes without a node behind which a JFFS2 is taken to have ended: more than any erase block."""
CONTENT_LIMIT = 256 << 10
"""Bytes that one data node may expand to; kernels write 4 KiB, mkfs.jffs2 up to a page of the target."""
TARGET_LIMIT = 4096
NAME_COST, INODE_COST, NODE_COST = 300, 500, 8
"""Bytes of memory that one name, one inode and one more of its nodes take."""

DIRENT, INODE, XATTR, XREF = 0xE001, 0xE002, 0xE008, 0xE009
CLEANMARKER, PADDING, SUMMARY = 0x2003, 0x2004, 0x2006
TYPES = {DIRENT: 40, INODE: 68, XATTR: 32, XREF: 28, CLEANMARKER: 12, PADDING: 12, SUMMARY: 32}
"""The types that Linux knows, and the bytes that each has at least."""
_ACCURATE = 0x2000

NONE, ZERO, RTIME, RUBIN, COPY, DYNAMIC_RUBIN, ZLIB, LZO, LZMA = range(9)
COMPRESSORS = {RTIME: "rtime", RUBIN: "rubin", DYNAMIC_RUBIN: "dynrubin", ZLIB: "zlib", LZO: "lzo", LZMA: "lzma"}

_XATTR_NAMES = {
    1: "user.",
    2: "security.",
    3: "system.posix_acl_access",
    4: "system.posix_acl_default",
    5: "trusted.",
}
_ACLS = (3, 4)
_REMOVED = 0xFFFFFFFF


def crc(data: bytes) -> int:
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def byte_order(data: bytes) -> str | None:
    """`<` or `>` when a node begins here; None otherwise."""
    for order in "<>":
        if _header(data, 0, order) is not None:
            return order
    return None


def _header(data: bytes, at: int, order: str) -> tuple[int, int] | None:
    """Type and length of the node whose header holds; the type has its lost bit back."""
    if len(data) - at < HEADER_SIZE:
        return None
    magic, kind, length, checksum = struct.unpack_from(f"{order}HHII", data, at)
    if magic != MAGIC or length < TYPES.get(kind | _ACCURATE, 1 << 32):
        return None
    whole = data[at : at + 8] if kind & _ACCURATE else struct.pack(f"{order}HHI", magic, kind | _ACCURATE, length)
    return (kind, length) if crc(whole) == checksum else None


class Description(NamedTuple):
    """One inode node: what a file is from this version on, and the run of its content that the node holds."""

    ino: int
    version: int
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    offset: int
    packed: int
    """Bytes of content as they lie there."""
    length: int
    """Bytes of content."""
    compressor: int
    checksum: int
    at: int
    """Where the content lies."""


@dataclass(slots=True)
class Inode:
    """What the log says of one inode."""

    version: int = -1
    newest: int = 0
    """Where the description lies that counts."""
    nodes: "array[int]" = field(default_factory=lambda: array("Q"))
    """Where all of them lie."""


class Jffs2:
    """One file system, read through once. `damaged` counts nodes whose own checksum does not hold.

    `dirty` counts the bytes between nodes that are neither erased nor zero; `end` is where the file system ends, and
    `is_followed` whether another JFFS2 begins there.
    """

    def __init__(self, read: Read, size: int, order: str, charge: Charge) -> None:
        self._read = read
        self._size = size
        self._order = order
        self._charge = charge
        self._dirent = struct.Struct(f"{order}12xIIIIBB2xII")
        self._inode = struct.Struct(f"{order}12xIIIHHIIIIIIIBBHII")
        self._xattr = struct.Struct(f"{order}12xIIBBHII")
        self._xref = struct.Struct(f"{order}12xIIII")
        self._names: dict[int, dict[bytes, tuple[int, int]]] = {}
        self._inodes: dict[int, Inode] = {}
        self._values: dict[int, tuple[int, int]] = {}
        self._links: dict[int, dict[int, int]] = {}
        self._of_root: dict[int, int] = {}
        self.damaged = 0
        self.dirty = 0
        self.end = 0
        self.is_followed = False
        self._scan()

    @property
    def byte_order(self) -> Literal["little", "big"]:
        return "little" if self._order == "<" else "big"

    def _scan(self) -> None:
        take = {DIRENT: self._take_dirent, INODE: self._take_inode, XATTR: self._take_xattr, XREF: self._take_xref}
        marker = -1
        for at, kind, length in nodes(self._read, self._size, self._order, self._count_dirty):
            self._charge(0)
            if kind == CLEANMARKER:
                marker = at
            elif kind in take:
                data = self._read(at, min(length, TYPES[kind] + 256))
                if len(data) < TYPES[kind]:
                    break
                if not take[kind](data, at, length):
                    self.is_followed = True
                    self.end = marker if marker >= 0 and at - marker < 4096 else at
                    return
                marker = -1
            self.end = min(at + length, self._size)

    def _count_dirty(self, length: int) -> None:
        self._charge(0)
        self.dirty += length

    def _take_dirent(self, data: bytes, at: int, length: int) -> bool:
        """False when the root folder has another name under this version: the log of another file system."""
        parent, version, ino, _time, size, _kind, own, of_name = self._dirent.unpack_from(data)
        name = data[40 : 40 + size]
        if crc(data[:32]) != own or len(name) < size or length < 40 + size or crc(name) != of_name:
            self.damaged += 1
            return True
        if parent == ROOT:
            if self._of_root.setdefault(version, own) != own:
                return False
            self._charge(100)
        names = self._names.setdefault(parent, {})
        known = names.get(name)
        if known is None:
            self._charge(NAME_COST)
        if known is None or version > known[0]:
            names[name] = version, ino
        return True

    def _take_inode(self, data: bytes, at: int, length: int) -> bool:
        fields = self._inode.unpack_from(data)
        if crc(data[:60]) != fields[-1] or fields[10] > length - TYPES[INODE]:
            self.damaged += 1
            return True
        ino, version = struct.unpack_from(f"{self._order}II", data, 12)
        inode = self._inodes.get(ino)
        if inode is None:
            self._charge(INODE_COST)
            inode = self._inodes[ino] = Inode()
        self._charge(NODE_COST)
        if version >= inode.version:
            inode.version, inode.newest = version, at
        inode.nodes.append(at)
        return True

    def _take_xattr(self, data: bytes, at: int, length: int) -> bool:
        number, version, _prefix, name, value, _checksum, own = self._xattr.unpack_from(data)
        if crc(data[:28]) != own or (version != _REMOVED and name + 1 + value > length - TYPES[XATTR]):
            self.damaged += 1
        elif number not in self._values or version > self._values[number][0]:
            self._charge(NAME_COST)
            self._values[number] = version, at
        return True

    def _take_xref(self, data: bytes, at: int, length: int) -> bool:
        ino, number, sequence, own = self._xref.unpack_from(data)
        if crc(data[:24]) != own:
            self.damaged += 1
            return True
        links = self._links.setdefault(ino, {})
        if sequence >= links.get(number, 0):
            self._charge(NAME_COST)
            links[number] = sequence
        return True

    def listing(self, folder: int) -> Iterator[tuple[bytes, int]]:
        """Names and inode numbers in a folder; removed names are left out."""
        return ((name, ino) for name, (_, ino) in self._names.get(folder, {}).items() if ino)

    def description(self, ino: int) -> Description:
        """The newest description of an inode. Raises Malformed when there is none."""
        inode = self._inodes.get(ino)
        if inode is None:
            raise Malformed(f"inode {ino} is described nowhere")
        return self._at(inode.newest)

    def _at(self, at: int) -> Description:
        (
            ino,
            version,
            mode,
            uid,
            gid,
            size,
            _atime,
            mtime,
            _ctime,
            offset,
            packed,
            length,
            compressor,
            _,
            _,
            crc_,
            _,
        ) = self._inode.unpack(self._read(at, 68))
        return Description(ino, version, mode, uid, gid, size, mtime, offset, packed, length, compressor, crc_, at + 68)

    def held(self, node: Description, unpack: dict[int, Unpack]) -> bytes:
        """The content that a node holds. Raises Malformed when it is damaged or its compressor is not read."""
        if node.length > CONTENT_LIMIT or node.packed > CONTENT_LIMIT:
            raise Malformed(f"a node of {node.length} bytes")
        if node.compressor == ZERO:
            return bytes(node.length)
        data = self._read(node.at, node.packed)
        if len(data) < node.packed:
            raise Malformed("the image ends inside a node")
        if crc(data) != node.checksum:
            raise Malformed("the checksum of its data does not hold")
        if node.compressor in (NONE, COPY):
            content = data
        elif node.compressor in unpack:
            content = unpack[node.compressor](data, node.length)
        else:
            name = COMPRESSORS.get(node.compressor, f"number {node.compressor}")
            raise Malformed(f"compressor {name} is not read")
        if len(content) != node.length:
            raise Malformed(f"a node holds {len(content)} bytes where {node.length} were expected")
        return content

    def runs(self, ino: int, size: int) -> Iterator[tuple[int, int, Description | None]]:
        """A file's content as runs `(start, end, node)` in order, None for a hole.

        The nodes are taken by where they begin; of those that cover a place the highest version is on top of a heap.
        """
        found = (self._at(at) for at in self._inodes[ino].nodes)
        pending = sorted(((node.offset, node.version, node.at) for node in found if node.length), reverse=True)
        active: list[tuple[int, int, int]] = []
        position = 0
        while position < size:
            while pending and pending[-1][0] <= position:
                _, version, at = pending.pop()
                node = self._at(at - 68)
                heapq.heappush(active, (-version, -at, node.offset + node.length))
            while active and active[0][2] <= position:
                heapq.heappop(active)
            following = min(pending[-1][0], size) if pending else size
            if not active:
                yield position, following, None
                position = following
                continue
            top = self._at(-active[0][1] - 68)
            # one that begins under the top is only waited for if it is newer: else a file would fall into slivers
            end = min(top.offset + top.length, size)
            while pending and pending[-1][0] < end and pending[-1][1] < top.version:
                _, version, at = pending.pop()
                node = self._at(at - 68)
                heapq.heappush(active, (-version, -at, node.offset + node.length))
            end = min(end, pending[-1][0]) if pending else end
            yield position, end, top
            position = end

    def xattrs(self, ino: int) -> tuple[tuple[str, bytes], ...]:
        """Extended attributes by full name, sorted. An odd sequence number takes an attribute off. Raises Malformed."""
        found = {}
        for number, sequence in self._links.get(ino, {}).items():
            if sequence & 1:
                continue
            if number not in self._values:
                raise Malformed(f"extended attribute {number} is not there")
            version, at = self._values[number]
            if version != _REMOVED:
                name, value = self._xattr_at(at)
                found[name] = value
        return tuple(sorted(found.items()))

    def _xattr_at(self, at: int) -> tuple[str, bytes]:
        _, _, prefix, name_length, value_length, checksum, _ = self._xattr.unpack(self._read(at, 32))
        length = name_length + 1 + value_length
        data = self._read(at + 32, length)
        if len(data) < length or crc(data) != checksum or prefix not in _XATTR_NAMES:
            raise Malformed("an extended attribute is damaged")
        name, value = data[:name_length], data[name_length + 1 :]
        full = _XATTR_NAMES[prefix] + ("" if prefix in _ACLS else name.decode("utf-8", "surrogateescape"))
        return full, _acl(value, self._order) if prefix in _ACLS else value


def _acl(data: bytes, order: str) -> bytes:
    """An access list as Linux shows it: JFFS2 leaves the owner out of entries that have none."""
    out = [struct.pack("<I", 2)]
    at = 4
    try:
        while at < len(data):
            tag, mode = struct.unpack_from(f"{order}HH", data, at)
            at += 4
            owner = 0xFFFFFFFF
            if tag in (0x02, 0x08):
                (owner,) = struct.unpack_from(f"{order}I", data, at)
                at += 4
            out.append(struct.pack("<HHI", tag, mode, owner))
    except struct.error:
        raise Malformed("an access list is cut off") from None
    return b"".join(out)


def nodes(read: Read, size: int, order: str, dirty: Charge) -> Iterator[tuple[int, int, int]]:
    """Offset, type and length of every node up to a gap; types of nodes that were given up are not among TYPES."""
    magic = struct.pack(f"{order}H", MAGIC)
    window = _Window(read, size)
    at = last = 0
    while at < size and at - last <= GAP:
        found = _header(window.around(at), at - window.start, order)
        if found is not None:
            yield at, *found
            at += found[1] + 3 & ~3
            last = at
            continue
        step, is_dirty = _step(window.around(at), at - window.start, magic)
        if is_dirty:
            dirty(step)
        at += step


def _step(data: bytes, at: int, magic: bytes) -> tuple[int, bool]:
    """Bytes to where the next node may begin at the soonest, and whether anything was written on them."""
    start = at
    while True:
        at = data.find(magic, at + 1)
        if at < 0:
            at = start + (len(data) - start & ~3)
            at = at if at > start else len(data)
            break
        if not (at - start) & 3:
            break
    return at - start, bool(data[start:at].strip(b"\0\xff"))


class _Window:
    """A stretch of the image in memory, so that a node costs no read of its own."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._size = size
        self.start = 0
        self._data = b""

    def around(self, at: int) -> bytes:
        """The stretch, with the header at `at` whole in it unless the image ends."""
        if not self.start <= at <= self.start + len(self._data) - HEADER_SIZE:
            self.start = at
            self._data = self._read(at, WINDOW)
        return self._data


def unpack_rtime(data: bytes, length: int) -> bytes:
    """Pairs of a byte and how many of the bytes that followed its last occurrence come again."""
    last = [0] * 256
    out = bytearray()
    try:
        for at in range(0, len(data), 2):
            if len(out) >= length:
                break
            value, repeat = data[at], data[at + 1]
            out.append(value)
            start, last[value] = last[value], len(out)
            if not repeat:
                continue
            distance = len(out) - start
            if distance >= repeat:
                out += out[start : start + repeat]
            else:
                out += (bytes(out[start:]) * (repeat // distance + 1))[:repeat]
    except IndexError:
        raise Malformed("an rtime node is cut off") from None
    if len(out) != length:
        raise Malformed(f"an rtime node holds {len(out)} bytes where {length} were expected")
    return bytes(out)
