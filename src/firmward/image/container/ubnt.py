"""Ubiquiti's airOS images: a header with the version, parts with their names and checksums, and a signature.

`UBNT` or `OPEN` begins the header, `PART` each part, `END.` (a checksum of all before it) or `ENDS` (an RSA signature)
the end. Big endian; the checksums are CRC-32.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged
from firmward.image.digest import crc32
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.problems import Problems
from firmward.image.source import Source
from firmward.model.report import Role

MAGICS = (b"UBNT", b"OPEN")
HEADER_SIZE = 268
COVERED = 260
"""Bytes of the header that its checksum covers."""
PART_SIZE = 56
CHECK_SIZE = 8
"""Bytes of checksum and padding behind the data of a part."""
PARTS = 64
ENDS = {b"END.": 12, b"ENDS": 264}
"""What the end begins with, and its bytes."""
ROLES = {"kernel": Role.KERNEL, "u-boot": Role.BOOT_LOADER}

_PART = struct.Struct(">4s16s12x6I")


@dataclass(frozen=True, slots=True)
class Part:
    """`start` is where its header begins, `offset` where its data do; `end` is behind its checksum."""

    name: str
    start: int
    size: int

    @property
    def offset(self) -> int:
        return self.start + PART_SIZE

    @property
    def end(self) -> int:
        return self.offset + self.size + CHECK_SIZE


def _holds(head: bytes) -> bool:
    return (
        len(head) >= HEADER_SIZE
        and head[:4] in MAGICS
        and zlib.crc32(head[:COVERED]) == int.from_bytes(head[COVERED : COVERED + 4], "big")
    )


def parts(source: Source) -> Iterator[Part]:
    offset = HEADER_SIZE
    for _ in range(PARTS):
        head = source.read(offset, PART_SIZE)
        if len(head) < PART_SIZE or head[:4] != b"PART":
            return
        _, name, _, _, _, _, size, _ = _PART.unpack(head)
        part = Part(name.partition(b"\0")[0].decode("ascii", "replace"), offset, size)
        yield part
        offset = part.end


def measure(source: Source) -> int | None:
    if not _holds(source.read(0, HEADER_SIZE)):
        return None
    end = max((part.end for part in parts(source)), default=HEADER_SIZE)
    return min(end + ENDS.get(source.read(end, 4), 0), source.size)


def open_ubnt(source: Source, budget: Budget) -> Iterator[Child]:
    if not _holds(source.read(0, HEADER_SIZE)):
        raise Damaged("no header whose checksum holds")
    problems = Problems()
    end = HEADER_SIZE
    for number, part in enumerate(parts(source)):
        name = part.name or f"part-{number}"
        yield placed(source, name, part.offset, part.size, "unknown", ROLES.get(part.name))
        window = source.slice(part.start, PART_SIZE + part.size)
        told = int.from_bytes(source.read(part.offset + part.size, 4), "big")
        if window.size == PART_SIZE + part.size and crc32([window], budget) != told:
            problems.add(f"the checksum of {name} is wrong")
        end = part.end
    if source.read(end, 4) not in ENDS:
        problems.add("ends without a signature")
    if problems.told:
        raise Damaged("; ".join(problems.told))


ABOUT = About(
    title="Ubiquiti airOS image",
    reads="Each part by its name, and the checksums of header and parts.",
    limits="The checksum of the whole and the RSA signature are not verified.",
    witness="mkfwimage of OpenWrt's firmware-utils, by its layout: the tests have a writer of their own",
)

FORMAT = Format("ubnt", tuple(Magic(magic) for magic in MAGICS), measure, open_ubnt, ABOUT)
