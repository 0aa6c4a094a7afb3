"""What a partition table opens to: its partitions, and whatever was written between them.

Boot loaders live outside partitions on many boards (at 1 KiB on i.MX, 8 KiB on Allwinner, 32 KiB on Rockchip), so that
what lies between is a part too when it is more than zeros or erased flash.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.image.format import Child
from firmward.image.source import Source

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition by its name, start and size in bytes."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


def children(source: Source, partitions: Iterable[Partition], reserved: Iterable[tuple[int, int]]) -> Iterator[Child]:
    """The partitions in the order of the table, then the gaps. `reserved` are the byte ranges of the table itself."""
    taken: list[Partition] = []
    for partition in partitions:
        yield _child(source, partition, taken)
        taken.append(partition)
    covered = [(partition.start, partition.end) for partition in taken]
    yield from gaps(source, [*covered, *reserved])


def gaps(source: Source, covered: Iterable[tuple[int, int]]) -> Iterator[Child]:
    """What was written outside the covered ranges; each begins at the sector where it does."""
    position = 0
    for start, end in [*sorted(covered), (source.size, source.size)]:
        if start > position:
            begin = source.first_written(position, start)
            if begin is not None:
                begin = max(position, begin - begin % SECTOR)
                yield Child(f"gap-{begin:#x}", source.slice(begin, min(start, source.size) - begin), begin)
        position = max(position, end)


def _child(source: Source, partition: Partition, before: list[Partition]) -> Child:
    if partition.start >= source.size or partition.size <= 0:
        where = f"begins at byte {partition.start}, past the end of the disk ({source.size} bytes)"
        reason = where if partition.size > 0 else "ends before it begins"
        return Child(partition.name, None, partition.start, problem=reason)
    problem: str | None = None
    other = next((one for one in before if one.start < partition.end and partition.start < one.end), None)
    if other is not None:
        problem = f"overlaps {other.name}"
    elif partition.end > source.size:
        problem = f"cut off: {source.size - partition.start} of {partition.size} bytes are there"
    return Child(partition.name, source.slice(partition.start, partition.size), partition.start, problem=problem)
