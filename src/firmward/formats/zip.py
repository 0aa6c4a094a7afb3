"""zip archives: the central directory at the end names what is in them (APPNOTE 6.3).

Pure: bytes to records. Zip64 where it is used.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"
END64 = b"PK\x06\x06"
LOCATOR64 = b"PK\x06\x07"

COMMENT_LIMIT = 0xFFFF

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")

Read = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies, and where the archive ends, in bytes; `shift` is what stands before the
    archive's own byte 0 (a self-extractor's program)."""

    start: int
    size: int
    count: int
    end: int
    shift: int


@dataclass(frozen=True, slots=True)
class Member:
    """One name. `unix` is `st_mode` when it was made on Unix, else None; `header` is where the local header stands."""

    name: bytes
    method: int
    encrypted: bool
    crc: int
    packed: int
    size: int
    unix: int | None
    header: int
    mtime: int


def find_directory(read: Read, find_last: Callable[[bytes, int], int], size: int) -> Directory | None:
    """The central directory of the archive that ends where the source does, a comment allowed; None without one."""
    tail_start = max(0, size - COMMENT_LIMIT - _END.size)
    place = find_last(END, tail_start)
    raw = read(place, _END.size) if place >= 0 else b""
    if len(raw) < _END.size:
        return None
    _, _, _, _, count, length, start, comment = _END.unpack(raw)
    end = place + _END.size + comment
    before = place
    if 0xFFFFFFFF in (length, start) or count == 0xFFFF:
        wide = _zip64(read, place)
        if wide is not None:
            count, length, start, before = wide
    shift = before - length - start
    if shift < 0 or length > size:
        return None
    return Directory(start + shift, length, count, min(end, size), shift)


def _zip64(read: Read, place: int) -> tuple[int, int, int, int] | None:
    raw = read(place - _LOCATOR64.size, _LOCATOR64.size)
    if len(raw) < _LOCATOR64.size or raw[:4] != LOCATOR64:
        return None
    for at in (_LOCATOR64.unpack(raw)[2], place - _LOCATOR64.size - _END64.size):
        record = read(at, _END64.size)
        if len(record) == _END64.size and record[:4] == END64:
            _, _, _, _, _, _, _, count, length, start = _END64.unpack(record)
            return count, length, start, at
    return None


def members(read: Read, directory: Directory) -> Iterator[Member]:
    """The names in the central directory, as far as its records hold."""
    offset = directory.start
    for _ in range(directory.count):
        raw = read(offset, _CENTRAL.size)
        if len(raw) < _CENTRAL.size or raw[:4] != CENTRAL:
            return
        (_, made, _, flags, method, time, date, crc, packed, size, name, extra, comment, _, _, attributes, header) = (
            _CENTRAL.unpack(raw)
        )
        stored = read(offset + _CENTRAL.size, name)
        fields = read(offset + _CENTRAL.size + name, extra)
        size, packed, header = _wide(fields, size, packed, header)
        unix = attributes >> 16 if made >> 8 in (3, 19) and attributes >> 16 else None
        mtime = date << 16 | time
        yield Member(stored, method, bool(flags & 1), crc, packed, size, unix, header + directory.shift, mtime)
        offset += _CENTRAL.size + name + extra + comment


def _wide(fields: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """The zip64 extra field (1) holds, in this order, those of the three numbers that did not fit."""
    at = 0
    while at + 4 <= len(fields):
        tag, length = struct.unpack_from("<HH", fields, at)
        if tag == 1:
            body = fields[at + 4 : at + 4 + length]
            wide = iter([int.from_bytes(body[place : place + 8], "little") for place in range(0, len(body) - 7, 8)])
            return tuple(next(wide, value) if value == 0xFFFFFFFF else value for value in (size, packed, header))  # type: ignore[return-value]
        at += 4 + length
    return size, packed, header


def data_offset(read: Read, member: Member) -> int | None:
    """Where a member's data begins, behind its local header; None when no such header is there."""
    raw = read(member.header, _LOCAL.size)
    if len(raw) < _LOCAL.size or raw[:4] != LOCAL:
        return None
    return member.header + _LOCAL.size + int(_LOCAL.unpack(raw)[9]) + int(_LOCAL.unpack(raw)[10])
