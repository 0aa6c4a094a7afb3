"""Disks with a GUID partition table, with sectors of 512 or 4096 bytes.

The backup table at the end of the disk is used when the first one does not hold, and the part says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats import gpt
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.partition import Partition, children
from firmward.image.source import Source

SECTORS = (512, 4096)

ISO_MAGIC, ISO_MAGIC_PLACE = b"\x01CD001\x01", (32768, 7)
"""An ISO 9660 that may also be written to a disk: its partitions are pieces of its file system, which holds all."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A header that holds, with the bytes of its table. `problem` says what did not hold on the way."""

    header: gpt.Header
    table: bytes
    sector: int
    problem: str | None = None


def find_layout(source: Source) -> Layout | None:
    """The first table, else the backup; else a table whose CRC does not hold, since its entries may still do."""
    doubtful = None
    for sector in SECTORS:
        for place, problem in (
            (sector, None),
            (_backup(source, sector), "the first table is damaged; the backup was used"),
        ):
            header = gpt.parse_header(source.read(place, sector))
            if header is None:
                continue
            table = source.read(header.table * sector, header.table_size)
            if gpt.table_holds(table, header):
                return Layout(header, table, sector, problem)
            doubtful = doubtful or Layout(header, table, sector, "the checksum of the partition table is wrong")
    return doubtful


def _backup(source: Source, sector: int) -> int:
    return (source.size // sector - 1) * sector


def measure(source: Source) -> int | None:
    layout = find_layout(source)
    if layout is None or source.read(*ISO_MAGIC_PLACE) == ISO_MAGIC:
        return None
    last = max(layout.header.here, layout.header.other, layout.header.last_usable)
    return min((last + 1) * layout.sector, source.size)


def open_gpt(source: Source, budget: Budget) -> Iterator[Child]:
    layout = find_layout(source)
    if layout is None:
        raise Damaged("no partition table whose checksum holds")
    header, sector = layout.header, layout.sector
    partitions = [
        Partition(entry.name or f"p{entry.number}", entry.first * sector, (entry.last - entry.first + 1) * sector)
        for entry in gpt.parse_table(layout.table, header)
    ]
    yield from children(source, partitions, _reserved(source, layout))
    if layout.problem:
        raise Damaged(layout.problem)


def _reserved(source: Source, layout: Layout) -> list[tuple[int, int]]:
    """The protective boot record, both headers, and both tables."""
    sector, size = layout.sector, layout.header.table_size
    backup = _backup(source, sector)
    first = layout.header.table * sector if layout.header.here == 1 else 2 * sector
    return [(0, 2 * sector), (first, first + size), (backup - size, backup + sector)]


ABOUT = About(
    title="GUID partition table",
    reads=(
        "Partitions with their names, the gaps between them, sectors of 512 and 4096 bytes; the backup table when the "
        "first is damaged."
    ),
    limits="Attributes and types of partitions are not used.",
    witness="sgdisk",
)

FORMAT = Format(
    "gpt",
    (Magic(gpt.SIGNATURE, 512), Magic(gpt.SIGNATURE, 4096), Magic(b"\x55\xaa", 510)),
    measure,
    open_gpt,
    ABOUT,
    carve=False,
)
