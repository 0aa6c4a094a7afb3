"""GUID partition tables (UEFI specification, chapter 5): a header with a CRC, and a table of entries with another.

Pure: bytes to records. Numbers are sectors unless said otherwise.
"""

import struct
import zlib
from dataclasses import dataclass
from uuid import UUID

SIGNATURE = b"EFI PART"
TABLE_LIMIT = 1 << 20
"""Bytes of table read; the specification's minimum, and what all tools write, is 16 KiB."""

_HEADER = struct.Struct("<8s4sIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")
_UNUSED = bytes(16)


@dataclass(frozen=True, slots=True)
class Header:
    """A header whose CRC holds. `table_crc` is what the table's bytes must have."""

    here: int
    other: int
    first_usable: int
    last_usable: int
    disk: UUID
    table: int
    count: int
    entry_size: int
    table_crc: int

    @property
    def table_size(self) -> int:
        """Bytes of the table."""
        return self.count * self.entry_size


@dataclass(frozen=True, slots=True)
class Partition:
    """One used entry; `number` counts from 1, `last` is inclusive."""

    number: int
    kind: UUID
    id: UUID
    first: int
    last: int
    attributes: int
    name: str


def parse_header(sector: bytes) -> Header | None:
    """The header in a sector; None when the signature, the size or the CRC does not hold."""
    if len(sector) < _HEADER.size or sector[:8] != SIGNATURE:
        return None
    _, _, size, crc, _, here, other, first, last, disk, table, count, entry_size, table_crc = _HEADER.unpack_from(
        sector
    )
    if not _HEADER.size <= size <= len(sector):
        return None
    if zlib.crc32(sector[:16] + bytes(4) + sector[20:size]) != crc:
        return None
    if entry_size < _ENTRY.size or entry_size % 8 or not 0 < count * entry_size <= TABLE_LIMIT:
        return None
    return Header(here, other, first, last, UUID(bytes_le=disk), table, count, entry_size, table_crc)


def parse_table(table: bytes, header: Header) -> tuple[Partition, ...]:
    """The used entries of a table, as far as its bytes go."""
    found = []
    for index in range(min(header.count, len(table) // header.entry_size)):
        kind, own, first, last, attributes, name = _ENTRY.unpack_from(table, index * header.entry_size)
        if kind != _UNUSED:
            text = name.decode("utf-16-le", "replace").partition("\0")[0]
            found.append(Partition(index + 1, UUID(bytes_le=kind), UUID(bytes_le=own), first, last, attributes, text))
    return tuple(found)


def table_holds(table: bytes, header: Header) -> bool:
    return len(table) == header.table_size and zlib.crc32(table) == header.table_crc
