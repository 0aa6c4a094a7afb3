"""The whole disk of a device as a sparse file: a partition table, and each partition filled from its first byte on."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID, uuid5

from firmward.build import sizes
from firmward.build.built import BOOT, DATA, ROOT, SLOTS, STATE, Partition
from firmward.build.partition_table import NAME_LIMIT, SECTOR, TABLE_SECTORS, partition_table
from firmward.build.space import beside
from firmward.model.errors import InputError

NAMESPACE = UUID("c8f0a3de-51f4-5c11-9d8e-7e3b6f0f2a64")
ALIGNMENT = 1 << 20
"""Bytes: no flash memory has larger pages to erase that a partition would share with its neighbour."""
STATE_SIZE = 1 << 20
PIECE = 1 << 20
HOLE = 4096
"""Bytes of zeros from which on nothing is written, so that the file takes no more room than its content."""
_ZEROS = bytes(HOLE)


@dataclass(frozen=True, slots=True)
class PartitionContent:
    """A partition of `size` bytes; `content` is a file or the bytes themselves, None for one that is empty."""

    name: str
    size: int
    content: Path | bytes | None = None

    @property
    def length(self) -> int:
        match self.content:
            case None:
                return 0
            case bytes():
                return len(self.content)
            case _:
                return self.content.stat().st_size


def contents(
    *, state: bytes, boot: Path, boot_size: int, root: Path | None, slot_size: int, data: Path, data_size: int
) -> tuple[PartitionContent, ...]:
    """The partitions in their order, both slots with the same content; without a `root` the initramfs is the system."""
    kernels = [PartitionContent(f"{BOOT}_{slot}", boot_size, boot) for slot in SLOTS]
    roots = [PartitionContent(f"{ROOT}_{slot}", slot_size, root) for slot in SLOTS if root is not None]
    return (PartitionContent(STATE, STATE_SIZE, state), *kernels, *roots, PartitionContent(DATA, data_size, data))


def write_disk(out: Path, partitions: Sequence[PartitionContent], *, identity: str) -> tuple[Partition, ...]:
    """Write the disk; where its partitions lie. `identity` is what the disk's GUID is made from: the product's name.

    Raises InputError when a content does not fit, or the disk that the file stands on is full.
    """
    for one in partitions:
        _check(one)
    placed = tuple(_placed(partitions))
    size = _aligned(placed[-1].start + placed[-1].size + (TABLE_SECTORS + 1) * SECTOR)
    table = partition_table(placed, size, uuid5(NAMESPACE, identity))
    with beside(out) as place, place.open("xb") as disk:
        disk.write(table.start)
        for one, where in zip(partitions, placed, strict=True):
            disk.seek(where.start)
            _fill(disk, one, where.size)
        disk.truncate(size - len(table.end))
        disk.seek(0, os.SEEK_END)
        disk.write(table.end)
    return placed


def _check(one: PartitionContent) -> None:
    if not 0 < one.size <= sizes.LIMIT or one.size % SECTOR:
        raise InputError(f"partition {one.name}: {one.size} bytes are no whole number of sectors")
    if not one.name or len(one.name.encode("utf-16-le")) > 2 * NAME_LIMIT:
        raise InputError(f"partition {one.name!r}: a name has 1 to {NAME_LIMIT} characters")
    sizes.check(one.name.partition("_")[0], one.size, one.length)


def _placed(partitions: Sequence[PartitionContent]) -> Iterator[Partition]:
    start = ALIGNMENT
    for one in partitions:
        yield Partition(one.name, start, one.size)
        start = _aligned(start + one.size)


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def _fill(disk: IO[bytes], one: PartitionContent, size: int) -> None:
    left = size
    for piece in _pieces(one.content):
        left -= len(piece)
        if left < 0:
            raise InputError(f"partition {one.name}: its content grew while it was read; build again")
        _write_sparsely(disk, piece)


def _pieces(content: Path | bytes | None) -> Iterator[bytes]:
    if isinstance(content, Path):
        with content.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
    elif content:
        yield content


def _write_sparsely(disk: IO[bytes], piece: bytes) -> None:
    start = 0
    for at in range(0, len(piece), HOLE):
        if piece[at : at + HOLE] == _ZEROS:
            disk.write(piece[start:at])
            disk.seek(HOLE, os.SEEK_CUR)
            start = at + HOLE
    disk.write(piece[start:])
