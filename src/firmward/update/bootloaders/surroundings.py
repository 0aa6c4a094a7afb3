"""What an adapter is made from: each takes of it what its loader needs.

A module here that is called as a loader, with `_` for `-`, has `def adapter(around: Surroundings) -> BootLoader`, which
raises InputError where the device is not set up for it, DeviceError where that cannot be known now.
"""

from dataclasses import dataclass
from pathlib import Path

from firmward.trust.store import Store
from firmward.update.disk import Disk
from firmward.update.program import Run


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`running` is the slot that the kernel's command line names. `top` is the folder that stands for `/`."""

    running: str
    disk: Disk
    store: Store
    run: Run
    top: Path = Path("/")
