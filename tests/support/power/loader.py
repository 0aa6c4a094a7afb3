"""A boot loader that is played: the rules of build/uboot/boot.env, and what Linux says to it.

The state is the loader's own, the request is Linux': one sector each, so that either is the old one or the new one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from power.timeline import Timeline

from firmward.model.errors import DeviceError
from firmward.update.bootloaders.bootloader import BootLoader, BootState
from firmward.update.slots import other

TRIES = 3


class PlayedBoot(Protocol):
    """What a device is started by. To play another loader, make one of these over the medium."""

    def start(self, starts: Callable[[str], bool]) -> str | None:
        """The slot that runs now; None where none does. `starts` says of a slot whether it verifies."""
        ...

    def adapter(self, running: str) -> BootLoader:
        """As the system sees it that was started from there."""
        ...


class MarkedGoodError(AssertionError):
    """What must never happen: nothing but the running slot proves itself."""


@dataclass(frozen=True)
class State:
    active: str
    last: str = ""
    left: dict[str, int] = field(default_factory=lambda: {"a": TRIES, "b": TRIES})
    good: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Request:
    good: str = ""
    active: str = ""


@dataclass
class PlayedUboot:
    timeline: Timeline
    chance: Random
    state: State
    request: Request = Request()

    def start(self, starts: Callable[[str], bool]) -> str | None:
        for _ in range(4 * TRIES):
            state = self.taken()
            slot = state.active
            self.state, self.request = state, Request()
            if starts(slot):
                return slot
            self.state = replace(state, left=state.left | {slot: 0}, good=state.good - {slot})
        return None

    def taken(self) -> State:
        """What the next start makes of the state: request applied, slot chosen, one try gone."""
        chosen = _chosen(_applied(self.state, self.request))
        slot = chosen.active
        return replace(chosen, last=slot, left=chosen.left | {slot: chosen.left[slot] - 1})

    def ask(self, place: str, request: Request) -> None:
        try:
            with self.timeline.step(f"loader: {place}") as is_cut:
                if not is_cut or self.chance.random() < 0.5:
                    self.request = request
        except OSError as error:
            raise DeviceError(f"the request cannot be written: {error}") from error

    def adapter(self, running: str) -> BootLoader:
        return Adapter(self, running)


@dataclass
class Adapter:
    """A boot loader (update/bootloaders/bootloader.py)."""

    boot: PlayedUboot
    running: str
    name: str = "a loader that is played"

    def state(self) -> BootState:
        applied = _applied(self.boot.state, self.boot.request)
        return BootState(self.running, self.boot.taken().active, applied.good)

    def disable(self, slot: str) -> None:
        request = self.boot.request
        self.boot.ask("disable", replace(request, active="" if request.active == slot else request.active))

    def activate(self, slot: str) -> None:
        self.boot.ask("activate", replace(self.boot.request, active=slot))

    def mark_good(self, slot: str) -> None:
        if slot != self.running:
            raise MarkedGoodError(f"slot {slot} never ran, and is marked good")
        self.boot.ask("mark good", replace(self.boot.request, good=slot))


def _applied(state: State, request: Request) -> State:
    if request.good and request.good == state.last:
        state = replace(state, left=state.left | {request.good: TRIES}, good=state.good | {request.good})
    if request.active:
        slot = request.active
        state = replace(state, active=slot, left=state.left | {slot: TRIES}, good=state.good - {slot})
    return state


def _chosen(state: State) -> State:
    there = other(state.active)
    if not any(state.left.values()):
        proven = there if state.active not in state.good and there in state.good else state.active
        return replace(state, active=proven, left={"a": TRIES, "b": TRIES})
    return replace(state, active=there) if not state.left[state.active] else state
