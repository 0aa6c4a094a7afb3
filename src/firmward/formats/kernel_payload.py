"""The compressed kernel inside a self-extracting one: which compression, and where.

Linux's scripts/Makefile.lib compresses with seven programs; behind all but gzip's stream stand four bytes with the
expanded size, little endian. x86 and the EFI boot image say where it lies; zImage and the vmlinuz of MIPS and PowerPC
do not, and the decompressor before it holds some of the magics as constants, so that what follows a magic is looked at.
LZ4 is of the legacy kind; LZMA has no magic, only settings: those of the kernel's build and of OpenWrt's.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from firmward.formats.occurrences import Read, occurrences

HEAD = 24
"""Bytes looked at to tell a compression."""
SEARCHED = 64 << 20
TRIED = 4096
"""Places where a magic stands."""

LZ4_BLOCK = (8 << 20) + (8 << 20) // 255 + 16
"""Bytes that a block takes at most."""
LZMA_SIZES = frozenset(base << power for power in range(11, 28) for base in (2, 3))
"""Bytes of the dictionary that programs use: powers of two, and half as much again."""
EXPANDED_LIMIT = 1 << 30
XZ_CHECKS = frozenset((0, 1, 4, 10))


@dataclass(frozen=True, slots=True)
class Payload:
    """`compression` is gzip, xz, lzma, bzip2, lzo, lz4 or zstd, empty where it is not known; `offset` in bytes from the
    image's start. `size` in bytes when the header gives it, with what may stand behind the stream."""

    compression: str
    offset: int
    size: int | None = None


def _gzip(head: bytes) -> bool:
    return head[2:3] == b"\x08" and not head[3] & 0xE0 and head[8] in (0, 2, 4) and (head[9] <= 13 or head[9] == 255)


def _xz(head: bytes) -> bool:
    return head[6] == 0 and head[7] in XZ_CHECKS and zlib.crc32(head[6:8]) == int.from_bytes(head[8:12], "little")


def _lzma(head: bytes) -> bool:
    size = int.from_bytes(head[5:13], "little")
    is_sized = size == (1 << 64) - 1 or 0 < size <= EXPANDED_LIMIT
    return int.from_bytes(head[1:5], "little") in LZMA_SIZES and is_sized and head[13] == 0


def _bzip2(head: bytes) -> bool:
    return head[3] in b"123456789" and head[4:10] == b"1AY&SY"


def _lz4(head: bytes) -> bool:
    return 0 < int.from_bytes(head[4:8], "little") <= LZ4_BLOCK


def _zstd(head: bytes) -> bool:
    return not head[4] & 0x08


def _any(_: bytes) -> bool:
    return True


# "compression": how it begins, and whether what follows holds.
KINDS: tuple[tuple[str, bytes, Callable[[bytes], bool]], ...] = (
    ("gzip", b"\x1f\x8b", _gzip),
    ("xz", b"\xfd7zXZ\0", _xz),
    ("lzma", b"\x5d\0", _lzma),
    ("lzma", b"\x6d\0", _lzma),
    ("bzip2", b"BZh", _bzip2),
    ("lzo", b"\x89LZO\0\r\n\x1a\n", _any),
    ("lz4", b"\x02\x21\x4c\x18", _lz4),
    ("zstd", b"\x28\xb5\x2f\xfd", _zstd),
)
_BEGINS = re.compile(b"|".join(re.escape(magic) for _, magic, _ in KINDS))


def compression_of(head: bytes) -> str:
    """What begins with these bytes, of which HEAD are looked at; empty when none that is known does."""
    if len(head) >= HEAD:
        for name, magic, holds in KINDS:
            if head.startswith(magic) and holds(head):
                return name
    return ""


def find(read: Read, start: int, end: int) -> Payload | None:
    """The first stream that begins in [`start`, `end`)."""
    places = occurrences(_BEGINS, HEAD, read, min(end, start + SEARCHED), start)
    for at in islice(places, TRIED):
        name = compression_of(read(at, HEAD))
        if name:
            return Payload(name, at)
    return None
