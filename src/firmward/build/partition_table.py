"""A GUID partition table as bytes (UEFI specification 2.10, chapter 5): what stands at the disk's start and at its end.

formats/gpt.py reads what is written here. Identities are derived from names, so that the same disk has the same bytes.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from firmward.build.built import Partition

SECTOR = 512
COUNT = 128
ENTRY_SIZE = 128
TABLE_SECTORS = COUNT * ENTRY_SIZE // SECTOR
HEADER_SIZE = 92
NAME_LIMIT = 36
"""UTF-16 units of a partition's name."""

LINUX = UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
"""The type of all partitions. Systems mount those that they have types of their own for without being asked."""

_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")


@dataclass(frozen=True, slots=True)
class PartitionTable:
    """`start` stands at the disk's first byte, `end` at its last ones."""

    start: bytes
    end: bytes


def partition_table(partitions: Sequence[Partition], size: int, disk: UUID) -> PartitionTable:
    """For a disk of `size` bytes, whole sectors; places and sizes of the partitions are whole sectors too."""
    last = size // SECTOR - 1
    table = b"".join(_entry(one, disk) for one in partitions).ljust(COUNT * ENTRY_SIZE, b"\0")
    first = _header(1, last, 2, last, disk, table)
    second = _header(last, 1, last - TABLE_SECTORS, last, disk, table)
    return PartitionTable(_protective(last) + _sector(first) + table, table + _sector(second))


def _entry(one: Partition, disk: UUID) -> bytes:
    first, last = one.start // SECTOR, (one.start + one.size) // SECTOR - 1
    name = one.name.encode("utf-16-le")
    return _ENTRY.pack(LINUX.bytes_le, uuid5(disk, one.name).bytes_le, first, last, 0, name)


def _header(here: int, other: int, table_at: int, last: int, disk: UUID, table: bytes) -> bytes:
    usable = 2 + TABLE_SECTORS, last - TABLE_SECTORS - 1
    rest = (here, other, *usable, disk.bytes_le, table_at, COUNT, ENTRY_SIZE, zlib.crc32(table))
    crc = zlib.crc32(_HEADER.pack(b"EFI PART", 1 << 16, HEADER_SIZE, 0, 0, *rest))
    return _HEADER.pack(b"EFI PART", 1 << 16, HEADER_SIZE, crc, 0, *rest)


def _protective(last: int) -> bytes:
    """A boot record whose only partition is the whole disk, for those who know no other table."""
    entry = struct.pack("<B3sB3sII", 0, b"\x00\x02\x00", 0xEE, b"\xff\xff\xff", 1, min(last, 0xFFFFFFFF))
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def _sector(data: bytes) -> bytes:
    return data.ljust(SECTOR, b"\0")
