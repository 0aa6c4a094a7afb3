"""UBIFS, a log of nodes in erase blocks (Linux fs/ubifs/ubifs-media.h). Numbers are little endian.

Every node begins with a header that holds its length, its place in time (a sequence number) and a CRC-32 without the
last inversion. The state of the file system is the newest node of every key: an inode, a name in a folder, 4 KiB of a
file. A name that was removed is a newer one without an inode; a truncation node says what a file was cut to. An index
over all this stands in the log too; it is not needed to read all of it once, and does not know what was written last.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\x31\x18\x10\x06"
HEADER_SIZE = 24
BLOCK = 4096
"""Bytes of a file that one data node holds at most."""
ROOT = 1
"""The root folder's inode."""
INODE, DATA, NAME, ATTRIBUTE, TRUNCATION, PADDING, SUPERBLOCK = range(7)
NODE_LIMIT = 16 << 10
"""Bytes of a node of the kinds that are read: an inode with the value of an attribute is the longest.

One that says that it is longer is none, or its checksum would be made over the rest of the block for each 24 bytes.
"""
NONE, LZO, ZLIB, ZSTD = range(4)
ENCRYPTED = 0x40
"""Flag of an inode whose content, or whose names, are encrypted (fscrypt)."""

INODE_SIZE, NAME_SIZE, DATA_SIZE, TRUNCATION_SIZE, SUPERBLOCK_SIZE = 160, 56, 48, 56, 96

_HEADER = struct.Struct("<4sIQIB")
_INODE = struct.Struct("<I20xQ16xQ12x6I")  # from the key on


@dataclass(frozen=True, slots=True)
class Header:
    sequence: int
    size: int
    kind: int


@dataclass(frozen=True, slots=True)
class Superblock:
    """`block` bytes of a logical erase block, of which there are `blocks`."""

    block: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Inode:
    """`data` are what stands in the node itself: a link's target, a device's number, an attribute's value."""

    number: int
    size: int
    mtime: int
    links: int
    uid: int
    gid: int
    mode: int
    flags: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a folder, or of an attribute; `inode` is 0 when it was removed."""

    parent: int
    inode: int
    name: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """One piece of a file: `start` bytes into its node the packed bytes begin."""

    inode: int
    block: int
    size: int
    compression: int


def parse_header(data: bytes, at: int = 0) -> Header | None:
    """None when no header stands there."""
    if data[at : at + 4] != MAGIC or at + HEADER_SIZE > len(data):
        return None
    _, _, sequence, size, kind = _HEADER.unpack_from(data, at)
    return Header(sequence, size, kind) if size >= HEADER_SIZE else None


def holds(data: bytes, at: int, header: Header) -> bool:
    """Whether the whole node is there and its checksum holds."""
    end = at + header.size
    stored = int.from_bytes(data[at + 4 : at + 8], "little")
    return (
        header.size <= NODE_LIMIT
        and end <= len(data)
        and zlib.crc32(memoryview(data)[at + 8 : end]) ^ 0xFFFFFFFF == stored
    )


def nodes(block: bytes) -> Iterator[tuple[int, Header]]:
    """The nodes of an erase block whose checksums hold, with their offsets; other bytes are passed over."""
    at = block.find(MAGIC)
    while at >= 0:
        header = parse_header(block, at) if at % 8 == 0 else None
        if header is not None and holds(block, at, header):
            yield at, header
            at += max(header.size + -header.size % 8, HEADER_SIZE)
        else:
            at += 4
        at = block.find(MAGIC, at)


def parse_superblock(head: bytes) -> Superblock | None:
    """None when the bytes begin with none, or it contradicts itself."""
    header = parse_header(head)
    if header is None or header.kind != SUPERBLOCK or not SUPERBLOCK_SIZE <= header.size <= BLOCK:
        return None
    io, block, blocks = struct.unpack_from("<III", head, 32)
    fits = 8 <= io <= block and io.bit_count() == 1 and block % io == 0
    fits = fits and 8192 <= block <= 1 << 24 and 0 < blocks <= 1 << 24
    return Superblock(block, blocks) if fits and holds(head, 0, header) else None


def parse_inode(node: bytes) -> Inode | None:
    if len(node) < INODE_SIZE:
        return None
    number, size, mtime, links, uid, gid, mode, flags, length = _INODE.unpack_from(node, 24)
    data = node[INODE_SIZE : INODE_SIZE + length]
    return Inode(number, size, mtime, links, uid, gid, mode, flags, data) if len(data) == length else None


def parse_name(node: bytes) -> Name | None:
    if len(node) < NAME_SIZE:
        return None
    parent = int.from_bytes(node[24:28], "little")
    inode, length = struct.unpack_from("<QxxH", node, 40)
    name = node[NAME_SIZE : NAME_SIZE + length]
    return Name(parent, inode, name) if name and len(name) == length else None


def parse_data(node: bytes) -> Data | None:
    if len(node) < DATA_SIZE:
        return None
    inode, key = struct.unpack_from("<II", node, 24)
    size, compression = struct.unpack_from("<IH", node, 40)
    return Data(inode, key & 0x1FFFFFFF, size, compression) if 0 < size <= BLOCK else None


def parse_truncation(node: bytes) -> tuple[int, int] | None:
    """An inode, and the bytes it was cut to."""
    if len(node) < TRUNCATION_SIZE:
        return None
    return int.from_bytes(node[24:28], "little"), int.from_bytes(node[48:56], "little")


def device(data: bytes) -> tuple[int, int]:
    """Major and minor number as Linux packs them into 32 bits."""
    number = int.from_bytes(data[:4], "little")
    return (number & 0xFFF00) >> 8, (number & 0xFF) | ((number >> 12) & 0xFFF00)
