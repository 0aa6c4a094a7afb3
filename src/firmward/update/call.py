"""A verb as it was called: its words, the device and the machine, and where its answers go."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmward.formats.canonical_json import Json, encode
from firmward.model.errors import DeviceError, InputError
from firmward.trust.store import Store
from firmward.update import slots
from firmward.update.floors.floor import RollbackFloor
from firmward.update.guarded import Guarded
from firmward.update.identity import Identity
from firmward.update.machine import Machine
from firmward.update.partitions import Partitions
from firmward.update.slots import Holding
from firmward.update.this_device import ThisDevice

if TYPE_CHECKING:
    import argparse

    from firmward.update.install import Onto


@dataclass(frozen=True, slots=True)
class Call:
    options: "argparse.Namespace"
    here: ThisDevice
    machine: Machine
    identity: Identity
    store: Store

    @property
    def floor(self) -> RollbackFloor:
        """Raises InputError."""
        return self.here.floor(self.identity)

    @contextmanager
    def onto(self) -> "Iterator[Onto]":
        """What is installed onto. Raises as `slots`."""
        from firmward.update.install import Onto  # and all that writes slots, which who only asks does without

        with self.slots() as (disk, loader):
            runs = Holding(self.identity.version, "", self.identity.rollback_index)
            yield Onto(disk, self.store, loader, runs)

    @contextmanager
    def slots(self) -> Iterator[tuple[Partitions, Guarded]]:
        """Disk and boot loader. Raises InputError where the device has no slots, and DeviceError."""
        inactive = self.here.inactive()
        if not inactive:
            raise InputError("the kernel was not told which slot runs (firmward.slot=): there is none to install into")
        try:
            disk = self.machine.disk()
        except OSError as error:
            raise DeviceError(f"the disk's partitions cannot be read: {error.strerror or error}") from error
        try:
            loader = self.machine.loader(self.identity.boot_loader, slots.other(inactive), disk, self.store)
            yield disk, Guarded(loader, self.here.state)
        finally:
            disk.close()

    def restart(self) -> None:
        """Into what the boot loader starts next. What it wants to be told by the restart is asked right before, since
        it may count that. Raises InputError, DeviceError."""
        with self.slots() as (_, loader):
            argument = loader.restart_argument()
        self.machine.restart(argument)

    def say(self, lines: tuple[str, ...], table: dict[str, Json]) -> None:
        written(encode(table).decode() if self.options.json else "\n".join(lines))


def written(text: str) -> None:
    """A reader who has gone does not stop what is being done."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), sys.stdout.fileno())
