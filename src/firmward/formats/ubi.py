"""UBI, the volumes of raw flash (Linux drivers/mtd/ubi/ubi-media.h). Numbers are big endian.

Each physical erase block begins with an erase counter header; one that is in use has a volume identifier header
besides, which says which logical block of which volume it holds. The names and sizes of volumes stand in a volume of
its own, the layout volume. A header's CRC is CRC-32 without the last inversion.
"""

import struct
import zlib
from dataclasses import dataclass

COUNTER = b"UBI#"
IDENTIFIER = b"UBI!"
HEADER_SIZE = 64
LAYOUT = 0x7FFFEFFF
"""The id of the layout volume."""
VOLUMES = 128
RECORD_SIZE = 172
STATIC = 2
NAME_LIMIT = 127

_COUNTER = struct.Struct(">4sB3xQIII32xI")
_IDENTIFIER = struct.Struct(">4sBBBBII4xIIII4xQ12xI")
_RECORD = struct.Struct(">IIIBBH128sB23xI")


@dataclass(frozen=True, slots=True)
class Block:
    """The erase counter header: where in its block the identifier and the data stand, in bytes."""

    identifier: int
    data: int
    image: int


@dataclass(frozen=True, slots=True)
class Identifier:
    """Which logical block a physical one holds. `size` and `crc` are those of its data, where they are given."""

    volume: int
    number: int
    is_static: bool
    is_copy: bool
    size: int
    sequence: int
    crc: int


@dataclass(frozen=True, slots=True)
class Volume:
    """A row of the volume table: `blocks` reserved for it, `padding` bytes unused at the end of each."""

    number: int
    name: str
    blocks: int
    padding: int
    is_static: bool
    is_marked: bool
    """An update was begun and not ended: what it holds is not whole."""


def checksum(data: bytes) -> int:
    return zlib.crc32(data) ^ 0xFFFFFFFF


def parse_counter(head: bytes) -> Block | None:
    """None when no erase counter header stands here, or its checksum does not hold."""
    if len(head) < HEADER_SIZE or head[:4] != COUNTER or checksum(head[:60]) != int.from_bytes(head[60:64], "big"):
        return None
    _, _, _, identifier, data, image, _ = _COUNTER.unpack_from(head)
    holds = HEADER_SIZE <= identifier <= data - HEADER_SIZE and data <= 1 << 20 and identifier % 8 == 0
    return Block(identifier, data, image) if holds else None


def parse_identifier(head: bytes) -> Identifier | None:
    """None when the block is free, or its header does not hold."""
    if len(head) < HEADER_SIZE or head[:4] != IDENTIFIER or checksum(head[:60]) != int.from_bytes(head[60:64], "big"):
        return None
    _, _, kind, copy, _, volume, number, size, _, _, crc, sequence, _ = _IDENTIFIER.unpack_from(head)
    return Identifier(volume, number, kind == STATIC, copy == 1, size, sequence, crc)


def table_holds(data: bytes) -> bool:
    """Whether the checksums of all rows of a volume table hold."""
    rows = (data[at : at + RECORD_SIZE] for at in range(0, len(data) - RECORD_SIZE + 1, RECORD_SIZE))
    return all(checksum(row[:168]) == int.from_bytes(row[168:], "big") for row in rows)


def parse_table(data: bytes) -> tuple[Volume, ...]:
    """The volumes of a volume table; rows whose checksum does not hold are left out."""
    volumes = []
    for number in range(min(VOLUMES, len(data) // RECORD_SIZE)):
        record = data[number * RECORD_SIZE : (number + 1) * RECORD_SIZE]
        if checksum(record[:168]) != int.from_bytes(record[168:], "big"):
            continue
        blocks, _, padding, kind, marker, length, name, _, _ = _RECORD.unpack(record)
        if blocks and 0 < length <= NAME_LIMIT:
            text = name[:length].decode("utf-8", "surrogateescape")
            volumes.append(Volume(number, text, blocks, padding, kind == STATIC, marker != 0))
    return tuple(volumes)
