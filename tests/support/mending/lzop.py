"""The checksum of every header, and those of the blocks behind it: stored and expanded."""

import zlib

from firmward.formats.malformed import Malformed
from firmward.image.block_codecs import unpack_lzo
from mending import number, put

MAGIC = b"\x89LZO\0\r\n\x1a\n"
ADLER_CONTENT, ADLER_STORED, EXTRA, CRC_CONTENT, CRC_STORED = 0x1, 0x2, 0x40, 0x100, 0x200
FILTER, CRC_HEADER = 0x800, 0x1000
LEVELS_SINCE = 0x0940
LARGEST = 1 << 20


def mend(data: bytearray) -> None:
    at = data.find(MAGIC)
    while at >= 0:
        at = data.find(MAGIC, max(_mend_stream(data, at), at + 1))


def _mend_stream(data: bytearray, start: int) -> int:
    """Where it ends."""
    is_new = int.from_bytes(data[start + 9 : start + 11], "big") >= LEVELS_SINCE
    at = start + (17 if is_new else 14)
    flags = number(data, at, "big")
    at += 4 + 4 * bool(flags & FILTER) + (12 if is_new else 8)
    end = at + 1 + (data[at] if at < len(data) else 0)
    put(data, end, _sum(data[start + 9 : end], bool(flags & CRC_HEADER)), "big")
    end += 4
    if flags & EXTRA:
        end += 8 + number(data, end, "big")
    return _mend_blocks(data, end, flags)


def _mend_blocks(data: bytearray, at: int, flags: int) -> int:
    while expanded := number(data, at, "big"):
        stored = number(data, at + 4, "big")
        sums = [flag for flag in (ADLER_CONTENT, CRC_CONTENT) if flags & flag]
        if stored < expanded:
            sums += [flag for flag in (ADLER_STORED, CRC_STORED) if flags & flag]
        start = at + 8 + 4 * len(sums)
        packed = data[start : start + stored]
        content = _content(packed, expanded)
        for place, flag in enumerate(sums):
            summed = content if flag in (ADLER_CONTENT, CRC_CONTENT) else packed
            if summed is not None:
                put(data, at + 8 + 4 * place, _sum(summed, flag in (CRC_CONTENT, CRC_STORED)), "big")
        at = start + stored
    return at + 4


def _content(packed: bytearray, expanded: int) -> bytes | None:
    """None when it does not expand: no checksum can mend that."""
    if len(packed) >= expanded or expanded > LARGEST:
        return bytes(packed)
    try:
        return unpack_lzo(bytes(packed), expanded)
    except Malformed:
        return None


def _sum(data: bytes | bytearray, is_crc: bool) -> int:
    return zlib.crc32(data) if is_crc else zlib.adler32(data)
