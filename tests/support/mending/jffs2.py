"""The CRCs of every node: of its first eight bytes, of the node, and of its name or content."""

import struct
import zlib

from mending import Order, number, put

DIRENT, INODE, XATTR, XREF = 0xE001, 0xE002, 0xE008, 0xE009
SIZES = {DIRENT: 40, INODE: 68, XATTR: 32, XREF: 28, 0x2003: 12, 0x2004: 12, 0x2006: 32}
LONGEST = 64 << 10
OWN = {DIRENT: 32, INODE: 64, XATTR: 28, XREF: 24}
"""Where the CRC of the node stands."""
COVERED = {DIRENT: 32, INODE: 60, XATTR: 28, XREF: 24}


def mend(data: bytearray) -> None:
    order: Order = "big" if data[:2] == b"\x19\x85" else "little"
    magic = (0x1985).to_bytes(2, order)
    at = data.find(magic)
    while at >= 0:
        kind = int.from_bytes(data[at + 2 : at + 4], order)
        length = number(data, at + 4, order)
        if at % 4 == 0 and SIZES.get(kind, LONGEST) <= length <= min(LONGEST, len(data) - at):
            _mend_node(data, at, kind, order)
            at += length
        else:
            at += 2
        at = data.find(magic, at)


def _mend_node(data: bytearray, at: int, kind: int, order: Order) -> None:
    put(data, at + 8, _crc(data[at : at + 8]), order)
    short = struct.Struct(">H" if order == "big" else "<H")
    if kind == DIRENT:
        put(data, at + 36, _crc(data[at + 40 : at + 40 + data[at + 28]]), order)
    elif kind == INODE:
        length = min(number(data, at + 48, order), LONGEST)
        put(data, at + 60, _crc(data[at + 68 : at + 68 + length]), order)
    elif kind == XATTR:
        length = data[at + 21] + 1 + short.unpack_from(data, at + 22)[0]
        put(data, at + 24, _crc(data[at + 32 : at + 32 + length]), order)
    if kind in OWN:
        put(data, at + OWN[kind], _crc(data[at : at + COVERED[kind]]), order)


def _crc(data: bytearray) -> int:
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF
