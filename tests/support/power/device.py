"""A device that installs, loses its power, starts again and goes on; and what has to hold of it at every moment."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from firmward.formats.boot_state import State
from firmward.model.errors import DeviceError
from firmward.trust.place import Steps
from firmward.trust.store import Store
from firmward.update import slots
from firmward.update.bootloaders.bootloader import BootLoader
from firmward.update.install import Installed, Onto, install
from firmward.update.landing import Grain
from firmward.update.slots import Holding, other
from power.images import Image
from power.loader import STATE, MakeBoot, with_flags
from power.medium import SECTOR, Left, PlayedDisk, PlayedFiles
from power.timeline import Cut, Timeline

GRAIN = Grain(block=SECTOR, piece=1024, journaled=2048)
BOOT_SIZE, ROOT_SIZE, STATE_SIZE = 16 << 10, 64 << 10, 16 << 10
BROKEN = "the line broke"
TWICE = GRAIN.journaled + GRAIN.piece
"""Bytes that a cut may make come once more: those that the journal does not tell of, and a piece on its way."""


@dataclass
class Blobs:
    """A place (trust/place.py) that counts what it gave. `breaks` is how often its line does, at each piece."""

    files: dict[str, bytes]
    chance: Random
    given: int = 0
    breaks: float = 0.0

    def read(self, path: Steps, limit: int) -> bytes | None:
        return self.files.get(path[-1], b"")[:limit] if path[-1] in self.files else None

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        content = self.files.get(path[-1])
        if content is None:
            raise DeviceError("there is no such file")
        end = min(len(content), offset + limit)
        while offset < end:
            if self.breaks and self.chance.random() < self.breaks:
                raise DeviceError(BROKEN)
            piece = content[offset : min(end, offset + self.chance.randint(1, GRAIN.piece))]
            self.given += len(piece)
            offset += len(piece)
            yield piece


class BrickedError(AssertionError):
    """What an installer has to make impossible."""


@dataclass
class Device:
    """It runs `running` from one slot; the other one has `other`, or what `garbage` is there. Of images the healthy
    ones are marked good when they start."""

    old: Image
    new: Image
    chance: Random
    first: str = "a"
    before: Image | None = None
    make_boot: MakeBoot = with_flags
    is_new_healthy: bool = True
    running: str = ""
    cuts: int = 0
    must_come: int = 0
    timeline: Timeline = field(default_factory=Timeline)

    def __post_init__(self) -> None:
        there = other(self.first)
        content = {f"{name}_{self.first}": one for name, one in _parts(self.old, self.chance).items()}
        content |= {f"{name}_{there}": one for name, one in _parts(self.before, self.chance).items()}
        content[STATE] = bytes(STATE_SIZE)
        self.disk = PlayedDisk(self.timeline, self.chance, content)
        self.files = PlayedFiles(self.timeline, self.chance)
        if self.before is not None:
            named = self.before.manifest
            slots.keep(self.store, there, slots.of_manifest(named, self.before.sha256))
        self.blobs = Blobs(self.new.blobs, self.chance)
        self.must_come = self.new.size
        state = State(1, self.first, self.first, a_good=self.first == "a", b_good=self.first == "b")
        self.boot = self.make_boot(self.timeline, self.chance, self.disk, state)
        self.start()

    @property
    def there(self) -> str:
        """The slot that is not running."""
        return other(self.running)

    @property
    def store(self) -> Store:
        return Store(Path("state"), self.files)

    @property
    def loader(self) -> BootLoader:
        return self.boot.adapter(self.running)

    @property
    def onto(self) -> Onto:
        named = self.runs.manifest
        return Onto(self.disk, self.store, self.loader, Holding(named.version, "", named.rollback_index))

    def start(self) -> None:
        """Power on. Whatever starts and is healthy is marked good, as the initramfs does."""
        for _ in range(20):
            self.disk.running = self.running = self._started()
            self.runs = self.holds(self.running) or self.old
            if self.is_new_healthy or self.runs is not self.new:
                self.loader.mark_good(self.running)
                return
        raise BrickedError("a version that is not healthy is started for ever")

    def install(self) -> Installed:
        return install(self.new.offer, self.onto, self.blobs, grain=GRAIN)

    def lose_power(self, left: Left) -> None:
        """And find everything as it must be."""
        self.cuts += 1
        self.disk.cut(left)
        self.files.cut(left)
        self.timeline.restart(None)
        self.check()

    def cut_at(self, cut: Cut | None) -> None:
        self.timeline.restart(cut)

    def check(self) -> None:
        """Every slot that has its boot header is whole, and so is the one that a restart begins with. No record tells
        of what is not there, and no more came than has to."""
        for slot in "ab":
            there, record = self.holds(slot), slots.held(self.store, slot)
            if self._has_header(slot) and there is None:
                raise BrickedError(f"slot {slot} has its header, and is not whole")
            if record is not None and (there is None or record.version != there.manifest.version):
                raise BrickedError(f"slot {slot} is said to hold version {record.version}, and does not")
        if self.holds(self.loader.state().next) is None:
            raise BrickedError("the slot that starts next is not whole")
        if self.blobs.given > self.must_come + self.cuts * TWICE:
            raise BrickedError(f"{self.blobs.given} bytes came of {self.must_come}, with {self.cuts} cuts")

    def holds(self, slot: str) -> Image | None:
        """The image that it has, byte for byte."""
        for one in self._images():
            if self._begins(f"boot_{slot}", one.boot) and self._begins(f"root_{slot}", one.whole_root):
                return one
        return None

    def _started(self) -> str:
        slot = self.boot.start(lambda one: self.holds(one) is not None)
        if slot is None:
            raise BrickedError("no slot starts")
        return slot

    def _images(self) -> list[Image]:
        return [one for one in (self.old, self.new, self.before) if one is not None]

    def _has_header(self, slot: str) -> bool:
        return any(self._begins(f"boot_{slot}", one.boot[: GRAIN.block]) for one in self._images())

    def _begins(self, partition: str, content: bytes) -> bool:
        return self.disk.read(partition, 0, len(content)) == content


def _parts(image: Image | None, chance: Random) -> dict[str, bytes]:
    """Behind an image there is what was left of an earlier one."""
    boot, root = (b"", b"") if image is None else (image.boot, image.whole_root)
    return {
        "boot": boot + chance.randbytes(BOOT_SIZE - len(boot)),
        "root": root + chance.randbytes(ROOT_SIZE - len(root)),
    }
