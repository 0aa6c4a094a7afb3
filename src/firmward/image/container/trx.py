"""TRX, the image of Broadcom's boot loader CFE: a header, and up to three or four partitions by their offsets.

The checksum is a CRC-32 without the last inversion, over all from the flags on; version 2 has a header at the fourth
offset, of which eight bytes count as 0xff, since the boot loader writes to them. Little endian.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from firmward.image.budget import Budget, Damaged
from firmward.image.digest import crc32
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.source import Bytes, Source

MAGIC = b"HDR0"
HEADER_SIZES = {1: 28, 2: 32}
"""Bytes of the header by version."""
CHECKED = 12
"""Where the bytes begin that the checksum covers."""
WRITTEN = (22, 8)
"""In version 2: bytes of the header at the fourth offset that the boot loader writes to, from where and how many."""


@dataclass(frozen=True, slots=True)
class Header:
    size: int
    checksum: int
    version: int
    offsets: tuple[int, ...]
    """Where partitions begin; those that are not used are left out."""


def parse_header(head: bytes) -> Header | None:
    if len(head) < 32 or head[:4] != MAGIC:
        return None
    size, checksum, _, version = struct.unpack_from("<IIHH", head, 4)
    start = HEADER_SIZES.get(version)
    if start is None:
        return None
    offsets = tuple(filter(None, struct.unpack_from(f"<{start // 4 - 4}I", head, 16)))
    ordered = all(one < other for one, other in pairwise(offsets))
    if not offsets or not ordered or offsets[0] < start or offsets[-1] >= size:
        return None
    return Header(size, checksum, version, offsets)


def measure(source: Source) -> int | None:
    header = parse_header(source.read(0, 32))
    return None if header is None else min(header.size, source.size)


def open_trx(source: Source, budget: Budget) -> Iterator[Child]:
    header = parse_header(source.read(0, 32))
    if header is None:
        raise Damaged("no header of a TRX")
    for number, (start, end) in enumerate(pairwise((*header.offsets, header.size))):
        yield placed(source, f"partition-{number}", start, end - start, "unknown")
    if source.size < header.size:
        raise Damaged(f"cut off: {source.size} of {header.size} bytes are there")
    if crc32(_checked(source, header), budget) ^ 0xFFFFFFFF != header.checksum:
        raise Damaged("the checksum is wrong")


def _checked(source: Source, header: Header) -> Iterator[Source]:
    start = CHECKED
    if len(header.offsets) == 4:
        place = header.offsets[3] + WRITTEN[0]
        yield source.slice(start, place - start)
        yield Bytes(b"\xff" * WRITTEN[1])
        start = place + WRITTEN[1]
    yield source.slice(start, header.size - start)


ABOUT = About(
    title="Broadcom TRX",
    reads="Versions 1 and 2: the partitions, and the checksum.",
    limits="The partitions have no names in it.",
    witness="trx of OpenWrt's firmware-utils, by its layout: the tests have a writer of their own",
)

FORMAT = Format("trx", (Magic(MAGIC),), measure, open_trx, ABOUT)
