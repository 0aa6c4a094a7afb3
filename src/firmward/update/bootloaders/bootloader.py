"""What a boot loader is asked and told of slots. Whatever is told is whole or not at all, whenever the power is cut.

The rules for whoever writes one:

- `activate` puts a slot on trial: the loader starts it a few times, and goes back to the other by itself unless it was
  marked good meanwhile.
- `disable` is told before a slot is written. What was asked for it before, and did not happen yet, is taken back.
- Nothing here is read from the slots themselves.
"""

from dataclasses import dataclass
from typing import Protocol

from firmward.model.errors import InputError

SLOTS = ("a", "b")
OTHER = {"a": "b", "b": "a"}


@dataclass(frozen=True, slots=True)
class BootState:
    """`running` is the slot that this system was started from, `next` the one that a restart would begin with, and
    `good` are those that were marked so since they were last activated."""

    running: str
    next: str
    good: frozenset[str]


class BootLoader(Protocol):
    """Every method raises DeviceError where the loader's own storage or tool fails, InputError where the device is set
    up in a way that is none."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    def state(self) -> BootState: ...

    def disable(self, slot: str) -> None:
        """Do not start it, whatever was said before. It is never the running one."""
        ...

    def activate(self, slot: str) -> None:
        """Start it next, on trial."""
        ...

    def mark_good(self, slot: str) -> None:
        """It has proved itself, and is kept."""
        ...


class Restarting(Protocol):
    """Of a loader that is told of a trial by the restart itself, and by nothing that lasts."""

    def restart_argument(self) -> str:
        """What `reboot` is given; asked right before it, once, for that may be counted. Raises DeviceError."""
        ...


def restart_argument(loader: BootLoader) -> str:
    """What `reboot` is given now: empty for most loaders."""
    asked: Restarting | None = loader if hasattr(loader, "restart_argument") else None  # type: ignore[assignment]
    return "" if asked is None else asked.restart_argument()


def a_slot(slot: str) -> str:
    """Raises InputError."""
    if slot not in SLOTS:
        raise InputError(f"no slot is called {slot[:32]!r}: there are a and b")
    return slot


def to_disable(slot: str, running: str) -> None:
    """Raises InputError."""
    if a_slot(slot) == running:
        raise InputError(f"slot {slot} runs: it is not given up")


def to_mark(slot: str, running: str) -> None:
    """Raises InputError: who is not running has proved nothing."""
    if a_slot(slot) != running:
        raise InputError(f"slot {slot} does not run: slot {running} can be marked good alone")
