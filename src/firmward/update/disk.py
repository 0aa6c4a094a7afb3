"""The partitions of a device's disk, as an installer writes them: by name and offset, and no more is promised than that
what was synced is there after a power cut.

Until then a write may be lost, may come before an earlier one, or may have come in part.
"""

from typing import Protocol


class Disk(Protocol):
    """Partitions by their names, such as `boot_b`. Each step raises OSError where the disk fails, KeyError for a
    partition that is not there."""

    def size(self, partition: str) -> int:
        """In bytes."""
        ...

    def read(self, partition: str, offset: int, length: int) -> bytes:
        """As the disk has it, and not as it is remembered of a write; fewer bytes only at the partition's end."""
        ...

    def write(self, partition: str, offset: int, data: bytes) -> int:
        """How many of the bytes were taken, which may be fewer than all."""
        ...

    def sync(self, partition: str) -> None: ...
