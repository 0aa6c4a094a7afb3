"""What the verbs meet of the machine that they run on, in one place, so that it can be another one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmward.trust.store import Store
from firmward.update import partitions, program
from firmward.update.bootloaders import choice
from firmward.update.bootloaders.bootloader import BootLoader
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.command import USUAL, Time
from firmward.update.disk import Disk
from firmward.update.partitions import Partitions
from firmward.update.restart import Restart, at_once, politely
from firmward.update.this_device import COMMAND_LINE

Wall = Callable[[], float]


def loader(name: str, running: str, disk: Disk, store: Store) -> BootLoader:
    """By what it is called in the image, or what is found where that is empty. Raises InputError, DeviceError."""
    return choice.boot_loader(name, Surroundings(running, disk, store, program.run))


@dataclass(frozen=True, slots=True)
class Machine:
    """`wall` gives seconds since 1970, `local` makes of them what people call the time there. `loader` gets the name
    that the image has for it, the running slot, the disk and the device's own store. `restart` and `forced` start the
    device anew: the second one at once, for a system that is not well."""

    wall: Wall = time.time
    local: Callable[[float], time.struct_time] = time.localtime
    clock: Time = USUAL
    command_line: Path = COMMAND_LINE
    disk: Callable[[], Partitions] = partitions.of_this_machine
    loader: Callable[[str, str, Disk, Store], BootLoader] = loader
    restart: Restart = politely
    forced: Callable[[], None] = at_once

    def minute(self) -> int:
        """Of the local day."""
        moment = self.local(self.wall())
        return moment.tm_hour * 60 + moment.tm_min
