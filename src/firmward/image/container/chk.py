"""Netgear's CHK: a header with the board's name, the kernel (often a TRX with all in it), and the root file system.

The checksums are two running sums, one of the bytes and one of the sums, each folded to 16 bits. Big endian.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.source import Source

MAGIC = b"*#$^"
FIXED = 40
"""Bytes of the header before the board's name."""
BOARD_LIMIT = 64

_HEADER = struct.Struct(">4sI8x6I")


@dataclass(frozen=True, slots=True)
class Header:
    size: int
    kernel: int
    root: int
    checksum: int
    """Of the kernel and the root, one behind the other."""

    @property
    def total(self) -> int:
        return self.size + self.kernel + self.root


def checksum(pieces: Iterable[bytes]) -> int:
    first = second = 0
    for piece in pieces:
        second += len(piece) * first + sum(accumulate(piece))
        first += sum(piece)
    return _folded(second & 0xFFFFFFFF) << 16 | _folded(first & 0xFFFFFFFF)


def _folded(total: int) -> int:
    total = (total & 0xFFFF) + (total >> 16)
    return ((total >> 16) + total) & 0xFFFF


def parse_header(head: bytes) -> Header | None:
    if len(head) < FIXED or head[:4] != MAGIC:
        return None
    _, size, _, _, kernel, root, whole, own = _HEADER.unpack_from(head)
    if not FIXED < size <= min(FIXED + BOARD_LIMIT, len(head)) or not kernel:
        return None
    held = checksum([head[:36] + bytes(4) + head[40:size]]) == own
    return Header(size, kernel, root, whole) if held else None


def measure(source: Source) -> int | None:
    header = parse_header(source.read(0, FIXED + BOARD_LIMIT))
    return None if header is None else min(header.total, source.size)


def open_chk(source: Source, budget: Budget) -> Iterator[Child]:
    header = parse_header(source.read(0, FIXED + BOARD_LIMIT))
    if header is None:
        raise Damaged("no header whose checksum holds")
    yield placed(source, "kernel", header.size, header.kernel, "unknown")
    if header.root:
        yield placed(source, "rootfs", header.size + header.kernel, header.root, "unknown")
    data = source.slice(header.size, header.kernel + header.root)
    if data.size < header.kernel + header.root:
        raise Damaged(f"cut off: {source.size} of {header.total} bytes are there")
    if checksum(_timed(data, budget)) != header.checksum:
        raise Damaged("the checksum of the data is wrong")


def _timed(data: Source, budget: Budget) -> Iterator[bytes]:
    for piece in data.chunks():
        budget.check_time()
        yield piece


ABOUT = About(
    title="Netgear CHK",
    reads="Kernel and root file system, and the checksums of header and data.",
    limits="The board and the region are not used.",
    witness="mkchkimg of OpenWrt's firmware-utils, by its layout: the tests have a writer of their own",
)

FORMAT = Format("chk", (Magic(MAGIC),), measure, open_chk, ABOUT)
