"""A disk and a folder of files that keep what was synced, and of the rest whatever chance leaves.

Of what was written and not synced any part may be lost, later parts may come before earlier ones, a write may be torn
at any sector, and a bit may turn over in a sector that was being written. Names that came, went or were exchanged
without `settle` may be the old ones, whatever became of the content; a file may have its name and be empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from power.timeline import Timeline

SECTOR = 512


class Left(Enum):
    """What a cut leaves of what was not synced."""

    NOTHING = "nothing"
    ALL = "all"
    SOME = "some"
    TORN = "torn"


class WroteRunningSlotError(AssertionError):
    """What must never happen."""


@dataclass
class Partition:
    stable: bytearray
    seen: bytearray
    waiting: list[tuple[int, bytes]] = field(default_factory=list)


class PlayedDisk:
    """A disk (update/disk.py). `running` is the slot that nobody may write to."""

    def __init__(self, timeline: Timeline, chance: Random, partitions: Mapping[str, bytes]) -> None:
        self._timeline = timeline
        self._chance = chance
        self._partitions = {name: Partition(bytearray(one), bytearray(one)) for name, one in partitions.items()}
        self.running = ""
        self.takes_little = 0.1
        """How often a write takes fewer bytes than it is given."""

    def size(self, partition: str) -> int:
        return len(self._partitions[partition].seen)

    def read(self, partition: str, offset: int, length: int) -> bytes:
        """As it is seen: worse than what disks have to give, for it hides that a sync is missing."""
        return bytes(self._partitions[partition].seen[offset : offset + length])

    def write(self, partition: str, offset: int, data: bytes) -> int:
        if partition.endswith(f"_{self.running}"):
            raise WroteRunningSlotError(partition)
        one = self._partitions[partition]
        if self._chance.random() < self.takes_little:
            data = data[: self._chance.randint(1, len(data))]
        with self._timeline.step(f"disk: write {_kind(partition)}"):
            one.waiting.append((offset, data))
            one.seen[offset : offset + len(data)] = data
        return len(data)

    def sync(self, partition: str) -> None:
        one = self._partitions[partition]
        with self._timeline.step(f"disk: sync {_kind(partition)}") as is_cut:
            if not is_cut:
                one.stable[:] = one.seen
                one.waiting.clear()

    def leave(self, partition: str, offset: int, data: bytes) -> None:
        """What somebody else than the system writes, such as the boot loader."""
        one = self._partitions[partition]
        one.stable[offset : offset + len(data)] = one.seen[offset : offset + len(data)] = data

    def cut(self, left: Left) -> None:
        for one in self._partitions.values():
            self._settle(one, left)

    def spoil(self, partition: str, start: int, end: int) -> None:
        """A bit turns over in what was synced long ago."""
        one = self._partitions[partition]
        _turn_over(one.stable, self._chance.randrange(start, end), self._chance)
        one.seen[:] = one.stable

    def _settle(self, one: Partition, left: Left) -> None:
        for offset, data in _chosen(one.waiting, left, self._chance):
            one.stable[offset : offset + len(data)] = data
        if one.waiting and left is not Left.ALL and self._chance.random() < 0.3:
            offset, data = self._chance.choice(one.waiting)
            _turn_over(one.stable, self._chance.randrange(offset, offset + len(data)), self._chance)
        one.seen[:] = one.stable
        one.waiting.clear()


@dataclass
class File:
    """`stable` is its content on the medium, `waiting` what it was made since."""

    stable: bytes = b""
    waiting: list[bytes] = field(default_factory=list)

    @property
    def seen(self) -> bytes:
        return self.waiting[-1] if self.waiting else self.stable


@dataclass(frozen=True)
class Renaming:
    """`name` belongs to the file, or is gone where there is none; `before` was its name, empty where it had none."""

    name: str
    file: File | None
    before: str = ""

    def do(self, names: dict[str, File]) -> None:
        if self.before and names.get(self.before) is self.file:
            del names[self.before]
        if self.file is None:
            names.pop(self.name, None)
        else:
            names[self.name] = self.file


class PlayedFiles:
    """Files (trust/files.py)."""

    def __init__(self, timeline: Timeline, chance: Random) -> None:
        self._timeline = timeline
        self._chance = chance
        self._stable: dict[str, File] = {}
        self._names: dict[str, File] = {}
        self._waiting: list[Renaming] = []

    def read(self, name: str, limit: int) -> bytes | None:
        file = self._names.get(name)
        return None if file is None else file.seen[:limit]

    def write(self, name: str, content: bytes) -> None:
        with self._timeline.step(f"file: write {_kind(name)}"):
            if name not in self._names:
                self._rename(Renaming(name, File()))
            self._names[name].waiting += [b"", content]

    def sync(self, name: str) -> None:
        with self._timeline.step(f"file: sync {_kind(name)}") as is_cut:
            file = self._names[name]
            if not is_cut:
                file.stable = file.seen
                file.waiting.clear()

    def rename(self, name: str, to: str) -> None:
        with self._timeline.step(f"file: rename {_kind(to)}"):
            self._rename(Renaming(to, self._names[name], name))

    def remove(self, name: str) -> None:
        with self._timeline.step(f"file: remove {_kind(name)}"):
            if name in self._names:
                self._rename(Renaming(name, None))

    def settle(self) -> None:
        with self._timeline.step("file: settle") as is_cut:
            if not is_cut:
                self._stable = dict(self._names)
                self._waiting.clear()

    def cut(self, left: Left) -> None:
        for one in self._waiting:
            if left is Left.ALL or (left in (Left.SOME, Left.TORN) and self._chance.random() < 0.5):
                one.do(self._stable)
        for file in {id(one): one for one in (*self._stable.values(), *self._names.values())}.values():
            file.stable = self._content(file, left)
            file.waiting.clear()
        self._names = dict(self._stable)
        self._waiting.clear()

    def _rename(self, renaming: Renaming) -> None:
        renaming.do(self._names)
        self._waiting.append(renaming)

    def _content(self, file: File, left: Left) -> bytes:
        if not file.waiting or left is Left.NOTHING:
            return file.stable
        if left is Left.ALL:
            return file.seen
        content = bytearray(self._chance.choice([file.stable, *file.waiting]))
        if left is Left.TORN:
            for at in range(0, len(content), SECTOR):
                if self._chance.random() < 0.5:
                    content[at : at + SECTOR] = bytes(len(content[at : at + SECTOR]))
            if content and self._chance.random() < 0.3:
                _turn_over(content, self._chance.randrange(len(content)), self._chance)
        return bytes(content)


def _chosen(writes: list[tuple[int, bytes]], left: Left, chance: Random) -> list[tuple[int, bytes]]:
    """What comes to the medium, in the order in which it does."""
    if left is Left.NOTHING:
        return []
    if left is Left.ALL:
        return writes
    pieces = writes if left is Left.SOME else [piece for write in writes for piece in _sectors(*write)]
    kept = [one for one in pieces if chance.random() < 0.5]
    chance.shuffle(kept)
    return kept


def _sectors(offset: int, data: bytes) -> list[tuple[int, bytes]]:
    pieces = []
    while data:
        length = SECTOR - offset % SECTOR
        pieces.append((offset, data[:length]))
        offset, data = offset + length, data[length:]
    return pieces


def _turn_over(content: bytearray, at: int, chance: Random) -> None:
    content[at] ^= 1 << chance.randrange(8)


def _kind(name: str) -> str:
    """Of a partition or a file, whichever slot it is of."""
    kind = name.removeprefix(".").removesuffix(".new").removesuffix(".json")
    return kind[:-2] if kind.endswith(("_a", "_b", "-a", "-b")) else kind
