"""What is seen of a device from one power on to the next, while an update is offered to it.

Which slot starts is said by the boot loader, on the serial line and in its state on the disk; whether it serves, by
Linux in the state partition; which version that is, by the bytes of the slot (slots.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from firmward.lab.stages import Mishap, Stage, Step
from firmward.lab.updating.moments import Moment, Stretch
from firmward.lab.updating.way import Line

AGAIN = 1 << 20
"""Bytes that are no metadata any more."""


class Ending(StrEnum):
    """Each word stands behind "the device is"."""

    CUT = "without power"
    UPDATED = "at the new version"
    BACK = "back at the old version"
    STAYED = "where it was, and takes nothing"
    SILENT = "out of time"
    OFF = "switched off by itself"


@dataclass(frozen=True, slots=True)
class Ran:
    """One choice of the boot loader's, `at` seconds after power on. `version` is None where the slot was not whole.
    `refused` by the boot loader, which starts nothing of it then."""

    at: float
    slot: str
    version: str | None
    healthy: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """From power on until the power was cut, at `moment`, or until something was decided. `slots` is what they held
    then; `taken` are bytes of what was offered; `again` is whether it took once more what it had come back from.
    `since` says when each stretch began, in seconds."""

    ending: Ending
    seconds: float
    ran: tuple[Ran, ...]
    slots: Mapping[str, str | None]
    taken: int
    paths: tuple[str, ...] = ()
    moment: Moment | None = None
    again: bool = False
    since: Mapping[Stretch, float] | None = None

    @property
    def during(self) -> Stretch:
        """The stretch that it ended in: a moment that was drawn for one may come when the next has begun, on a machine
        that is busier or less so than it was."""
        since = self.since or {}
        return max(since, key=lambda one: since[one], default=Stretch.STARTING)

    @property
    def tried(self) -> tuple[str, ...]:
        """The versions that it ran, one after the other."""
        return tuple(one.version for one in self.ran if one.version is not None and not one.refused)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is waited for. `new` is the version on offer, `lengths` how long each stretch took without a cut. `tried`
    tells that the new version was started before and proved nothing yet, and `spare` how often it may be cut then:
    the boot loader gives it up in the end, rightly. `patience` is how long a device may look and take nothing, or half
    of how long it may serve and not even look; `rest` how long it is watched after it came back; both in seconds, as
    `limit` is for all."""

    new: str
    moment: Moment | None
    lengths: Mapping[Stretch, float]
    tried: bool
    spare: int
    patience: float = 90.0
    rest: float = 60.0
    limit: float = 900.0


class Seen:
    """Put together while the device runs. `holds` looks into a slot."""

    def __init__(self, asked: Asked, holds: Callable[[str], str | None]) -> None:
        self._asked, self._holds = asked, holds
        self.ran: list[Ran] = []
        self.since: dict[Stretch, float] = {Stretch.STARTING: 0.0}
        self.again = False
        self._looked: float | None = None
        self._served: float | None = None
        self._back: float | None = None
        self._back_taken = 0
        self._takes = False

    def step(self, step: Step) -> None:
        what, slot = step.sign.what, step.sign.slot
        if what is Stage.SLOT and slot is not None:
            self._chosen(step.at, slot)
        elif what is Mishap.REFUSED and slot is not None:
            self._mark(step.at, slot, refused=True)
        elif what is Stage.HEALTHY and slot is not None:
            self._mark(step.at, slot, healthy=True)

    def line(self, now: float, line: Line) -> None:
        if line.asked and self._looked is None:
            self._looked = now
        if self._served is None and self.ran and self.ran[-1].healthy:
            self._served = now
        if line.takes and Stretch.INSTALLING not in self.since and not self._is_on_trial:
            self.since[Stretch.INSTALLING] = now
        self._takes = line.takes
        if self._is_back and self._back is None:
            self._back, self._back_taken = now, line.taken
        if self._back is not None and (line.taken > self._back_taken + AGAIN or self._is_on_trial):
            self.again = True

    def due(self) -> float | None:
        """When the power is to be cut, as far as that is known by now."""
        moment = self._asked.moment
        if moment is None or moment.stretch not in self.since or (self._is_on_trial and self._asked.spare <= 0):
            return None
        return self.since[moment.stretch] + moment.part * self._asked.lengths.get(moment.stretch, 0.0)

    def ending(self, now: float) -> Ending | None:
        if self._is_on_trial and self.ran[-1].healthy and not self.again:
            return Ending.UPDATED
        if self._back is not None and (self.again or now - self._back >= self._asked.rest):
            return Ending.BACK
        if self._stays(now):
            return Ending.STAYED
        return Ending.SILENT if now >= self._asked.limit else None

    def _stays(self, now: float) -> bool:
        patience = self._asked.patience
        is_asleep = self._looked is None and self._served is not None and now - self._served >= 2 * patience
        is_quiet = is_asleep or (self._looked is not None and now - self._looked >= patience)
        return is_quiet and not self._takes and not self._was_tried and bool(self.ran) and self.ran[-1].healthy

    @property
    def _was_tried(self) -> bool:
        return self._asked.tried or any(one.version == self._asked.new for one in self.ran)

    @property
    def _is_on_trial(self) -> bool:
        return bool(self.ran) and self.ran[-1].version == self._asked.new and not self.ran[-1].refused

    @property
    def _is_back(self) -> bool:
        return self._was_tried and bool(self.ran) and self.ran[-1].healthy and not self._is_on_trial

    def _chosen(self, at: float, slot: str) -> None:
        self.ran.append(Ran(at, slot, self._holds(slot)))
        if self._is_on_trial:
            self.since.setdefault(Stretch.TRIAL, at)

    def _mark(self, at: float, slot: str, *, healthy: bool = False, refused: bool = False) -> None:
        """A choice between two looks was not seen."""
        if not self.ran or self.ran[-1].slot != slot:
            self._chosen(at, slot)
        self.ran[-1] = replace(self.ran[-1], healthy=healthy, refused=refused)
