"""Stories of power cuts: one from a number, the same each time.

In each, a device installs a release and loses its power, once or several times, at any step, recovery included. At
every cut and at the end has to hold what device.py checks; and the last attempt, with power, ends with the release.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import count
from random import Random
from typing import Self

import pytest

from firmward.model.errors import DeviceError, TrustError
from firmward.update.bootloaders.bootloader import SLOTS
from firmward.update.bootloaders.uboot_state import UbootState
from firmward.update.install import INSTALLED, RUNNING, WAITING
from power.device import BROKEN, GRAIN, Device
from power.images import Image, image
from power.loader import MakeBoot, on_disk, with_flags
from power.medium import Left
from power.timeline import Cut, Moment, PowerCut

CUTS_LIMIT = 4
"""Of one story, so that it ends."""
OLD, BEFORE, NEW = image("1.4.0"), image("1.3.0"), image("1.4.1")
SHAPES = ((12, 9000), (12, 8192), (1, 300), (2, 512), (3, 513), (5, 1024), (13, 15000))
"""Blocks of the root and bytes of boot: about the places where a piece, a sector and a journal end."""


BREAKS = 0.005
"""How often a line breaks, at each piece that comes."""
LOADERS: dict[str, MakeBoot] = {"flags": with_flags, "uboot-state": on_disk(UbootState)}
"""Told by flags that are there or not, and by the adapter that devices have."""


@dataclass(frozen=True, slots=True)
class Story:
    """`cut` is the first one, by chance where it is None. Its name, as `uboot-state:17` or `flags:17:before:36`, is all
    of it."""

    loader: str
    seed: int
    cut: Cut | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether the release is; else the device has to go back by itself."""
        return self.cut is not None or self.seed % 8 != 0

    @property
    def name(self) -> str:
        words = (self.loader, self.seed, *(() if self.cut is None else (self.cut.moment.value, self.cut.step)))
        return ":".join(map(str, words))

    @classmethod
    def named(cls, name: str) -> Self:
        """Raises ValueError."""
        loader, seed, *first = name.split(":")
        if loader not in LOADERS:
            raise ValueError(f"there is no loader {loader}")
        if not first:
            return cls(loader, int(seed))
        moment, step = first
        return cls(loader, int(seed), Cut(int(step), Moment(moment)))

    def play(self) -> list[str]:
        """Where it was cut. Raises AssertionError, or whatever the installer does."""
        chance = Random(self.seed)
        device = self._device(chance)
        places = []
        for number in range(chance.randint(1, CUTS_LIMIT)):
            device.disk.takes_little = 0.0 if self.cut is not None and number == 0 else 0.1
            device.cut_at(self.cut if self.cut is not None and number == 0 else self._anywhere(chance))
            try:
                self._attempt(device)
                device.timeline.restart(None)
            except PowerCut:
                places.append(device.timeline.place)
                device.blobs.breaks = 0.0
                device.lose_power(chance.choice(list(Left)))
                if chance.random() < 0.1:
                    _forget(device, chance)
                device.start()
        self._end(device)
        return places

    def _device(self, chance: Random) -> Device:
        before: Image | None = chance.choice([BEFORE, OLD, None])
        new = NEW if self.cut is not None else image("1.4.2", *chance.choice(SHAPES))
        return Device(
            OLD,
            new,
            chance,
            chance.choice(SLOTS),
            before,
            LOADERS[self.loader],
            self.is_healthy,
        )

    def _attempt(self, device: Device) -> None:
        """Installs, and restarts into what was installed, where the next cut finds it. Or the line breaks: then the
        device is told to restart all the same."""
        device.blobs.breaks = 0.0 if self.cut is not None else BREAKS
        try:
            device.install()
        except TrustError:
            if self.is_healthy:
                raise
        except DeviceError as error:
            if BROKEN not in str(error):
                raise
            device.cuts += 1  # less than a block may come again
        device.blobs.breaks = 0.0
        device.check()
        device.start()
        device.check()

    def _end(self, device: Device) -> None:
        """With power for as long as it takes."""
        if not self.is_healthy:
            self._end_of_one_that_falls_back(device)
            return
        standing = device.install().standing
        if device.holds(device.running) is device.new:
            assert standing == RUNNING
        else:
            assert standing in (INSTALLED, WAITING)
            assert device.install().standing == WAITING
        device.check()
        device.start()
        device.check()
        assert device.holds(device.running) is device.new
        assert device.loader.state().next == device.running
        assert device.install().standing == RUNNING

    def _anywhere(self, chance: Random) -> Cut:
        steps = len(steps_of_one_install(self.loader))
        step = chance.randrange(chance.choice([steps, steps // 4]))
        return Cut(step, chance.choice([Moment.BEFORE, Moment.HALF_WAY]))

    @staticmethod
    def _end_of_one_that_falls_back(device: Device) -> None:
        """Where a cut fell between telling the loader and the journal, it is started once more, and then never."""
        for _ in range(2):
            with suppress(TrustError):
                device.install()
            device.check()
            device.start()
        assert device.holds(device.running) is device.old
        with pytest.raises(TrustError, match="fell back"):
            device.install()


def _forget(device: Device, chance: Random) -> None:
    """A disk that had lied: a bit of what it said to be there is another. Then all of it may have to come again."""
    if device.holds(device.there) is None:
        parts = [("root", 0, len(device.new.root)), ("boot", GRAIN.block, len(device.new.boot))]
        partition, start, end = chance.choice(parts)
        device.disk.spoil(f"{partition}_{device.there}", start, max(end, start + 1))
        device.must_come = device.blobs.given + device.new.size


@cache
def steps_of_one_install(loader: str) -> tuple[str, ...]:
    """What each is, where nothing is cut."""
    device = Device(OLD, NEW, Random(0), "a", BEFORE, LOADERS[loader])
    device.disk.takes_little = 0.0  # so that each one has the same steps
    device.cut_at(None)
    device.install()
    device.start()
    return tuple(device.timeline.places)


def systematic(seed: int, loader: str) -> Iterator[Story]:
    """A cut at each step, before it and half way."""
    for step in range(len(steps_of_one_install(loader))):
        for moment in (Moment.BEFORE, Moment.HALF_WAY):
            yield Story(loader, seed + step, Cut(step, moment))


def by_chance(seed: int, loader: str) -> Iterator[Story]:
    return (Story(loader, number) for number in count(seed))
