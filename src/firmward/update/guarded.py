"""A boot loader that one process at a time speaks with: what is kept for it is read, changed and written again."""

from dataclasses import dataclass
from pathlib import Path

from firmward.update import lock
from firmward.update.bootloaders.bootloader import BootLoader, BootState


@dataclass(frozen=True, slots=True)
class Guarded:
    """A boot loader (bootloaders/bootloader.py). `folder` is the device's own, which has the lock."""

    loader: BootLoader
    folder: Path

    @property
    def name(self) -> str:
        return self.loader.name

    def restart_argument(self) -> str:
        """What the restart has to hand on, empty for the loaders that want nothing of it. Raises DeviceError."""
        if not hasattr(self.loader, "restart_argument"):
            return ""
        with lock.awaited(self.folder):
            return str(self.loader.restart_argument())

    def state(self) -> BootState:
        return self.loader.state()

    def disable(self, slot: str) -> None:
        with lock.awaited(self.folder):
            self.loader.disable(slot)

    def activate(self, slot: str) -> None:
        with lock.awaited(self.folder):
            self.loader.activate(slot)

    def mark_good(self, slot: str) -> None:
        with lock.awaited(self.folder):
            self.loader.mark_good(slot)
