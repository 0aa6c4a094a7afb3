"""A disk in memory that keeps what was synced, and of the rest whatever a test says."""

from collections.abc import Mapping
from dataclasses import dataclass, field


class PowerCutError(Exception):
    """The power is gone: nobody may catch this."""


@dataclass
class PlayedDisk:
    """A disk (update/disk.py). `cut` is the number of the step at which the power goes, `fails` that of the one which
    the disk refuses, counted from 0; `takes` are the bytes of a write that it takes at most."""

    medium: dict[str, bytearray]
    cut: int = -1
    fails: int = -1
    takes: int = 1 << 30
    steps: int = 0
    waiting: list[tuple[str, int, bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, partitions: Mapping[str, bytes]) -> "PlayedDisk":
        return cls({name: bytearray(content) for name, content in partitions.items()})

    def size(self, partition: str) -> int:
        self._step()
        return len(self.medium[partition])

    def read(self, partition: str, offset: int, length: int) -> bytes:
        self._step()
        content = bytearray(self.medium[partition])
        for name, place, data in self.waiting:
            if name == partition:
                content[place : place + len(data)] = data
        return bytes(content[offset : offset + length])

    def write(self, partition: str, offset: int, data: bytes) -> int:
        self._step()
        if offset + len(data) > len(self.medium[partition]):
            raise OSError(28, "No space left on device")
        taken = data[: self.takes]
        self.waiting.append((partition, offset, taken))
        return len(taken)

    def sync(self, partition: str) -> None:
        self._step()
        self.keep(partition)

    def keep(self, partition: str) -> None:
        """What waits for this partition is on the medium, as after a sync or by chance before a power cut."""
        for name, place, data in self.waiting:
            if name == partition:
                self.medium[name][place : place + len(data)] = data
        self.waiting = [one for one in self.waiting if one[0] != partition]

    def _step(self) -> None:
        number, self.steps = self.steps, self.steps + 1
        if number == self.cut:
            raise PowerCutError
        if number == self.fails:
            raise OSError(5, "Input/output error")
