"""A boot loader that is played: the rules of build/uboot/boot.env, and what Linux says to it.

The state is the loader's own, the request is Linux': one sector each, so that either is the old one or the new one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from firmward.formats import boot_state
from firmward.formats.boot_state import COPIES, REQUEST, SECTOR, SIZE, TRIES, Request, State
from firmward.model.errors import DeviceError
from firmward.update.bootloaders.bootloader import BootLoader, BootState
from firmward.update.disk import Disk
from firmward.update.slots import other
from power.medium import PlayedDisk
from power.timeline import Timeline

STATE = "state"
"""The partition that the loader keeps its state in."""


class MarkedGoodError(AssertionError):
    """What must never happen: nothing but the running slot proves itself."""


class PlayedBoot(Protocol):
    """What a device is started by. To play another loader, make one of these over the disk."""

    def start(self, starts: Callable[[str], bool]) -> str | None:
        """The slot that runs now; None where none does. `starts` says of a slot whether it verifies."""
        ...

    def adapter(self, running: str) -> BootLoader:
        """As the system sees it that was started from there."""
        ...


MakeBoot = Callable[[Timeline, Random, PlayedDisk, State], PlayedBoot]


@dataclass
class PlayedUboot:
    """Its state and the request are in memory: what is asked is there or not, and nothing in between."""

    timeline: Timeline
    chance: Random
    state: State
    request: Request = field(default_factory=Request)

    def start(self, starts: Callable[[str], bool]) -> str | None:
        for _ in range(4 * TRIES):
            taken = self.taken()
            slot = taken.active
            self.keep(taken)
            if starts(slot):
                return slot
            self.keep(_with(taken, slot, 0, is_good=False))
        return None

    def read(self) -> tuple[State, Request]:
        return self.state, self.request

    def keep(self, state: State) -> None:
        """And clear the request."""
        self.state, self.request = state, Request()

    def taken(self) -> State:
        """What the next start makes of the state: request applied, slot chosen, one try gone."""
        chosen = _chosen(_applied(*self.read()))
        slot = chosen.active
        left, good = _of(chosen, slot)
        return _with(replace(chosen, last=slot), slot, left - 1, is_good=good)

    def adapter(self, running: str) -> BootLoader:
        return Flags(self, running)


@dataclass
class UbootOnDisk(PlayedUboot):
    """Its state and the request lie on the disk, where an adapter that devices have finds them."""

    disk: PlayedDisk | None = None
    make_adapter: Callable[[Disk, str], BootLoader] | None = None

    def __post_init__(self) -> None:
        assert self.disk is not None
        self.disk.leave(STATE, 0, replace(self.state, seq=1).to_bytes())

    def read(self) -> tuple[State, Request]:
        records = self._records()
        return records.state or State(0), records.request

    def keep(self, state: State) -> None:
        """In the older copy first: the request is cleared behind it."""
        assert self.disk is not None
        first, second = self._records().copies
        older = COPIES[1] if boot_state.choose(first, second) is first and first is not None else COPIES[0]
        self.disk.leave(STATE, older, replace(state, seq=state.seq + 1).to_bytes())
        self.disk.leave(STATE, REQUEST, bytes(SECTOR))

    def adapter(self, running: str) -> BootLoader:
        assert self.disk is not None
        assert self.make_adapter is not None
        return self.make_adapter(self.disk, running)

    def _records(self) -> boot_state.Records:
        assert self.disk is not None
        return boot_state.parse(self.disk.read(STATE, 0, SIZE))


def on_disk(make_adapter: Callable[[Disk, str], BootLoader]) -> MakeBoot:
    def made(timeline: Timeline, chance: Random, disk: PlayedDisk, state: State) -> PlayedBoot:
        return UbootOnDisk(timeline, chance, state, disk=disk, make_adapter=make_adapter)

    return made


def with_flags(timeline: Timeline, chance: Random, _disk: PlayedDisk, state: State) -> PlayedBoot:
    return PlayedUboot(timeline, chance, state)


@dataclass
class Flags:
    """A boot loader (update/bootloaders/bootloader.py) whose every step is whole or not done."""

    boot: PlayedUboot
    running: str
    name: str = "a loader that is played"

    def state(self) -> BootState:
        applied = _applied(self.boot.state, self.boot.request)
        good = frozenset(slot for slot in boot_state.SLOTS if _of(applied, slot)[1])
        return BootState(self.running, self.boot.taken().active, good)

    def disable(self, slot: str) -> None:
        request = self.boot.request
        self._ask("disable", replace(request, active=None if request.active == slot else request.active))

    def activate(self, slot: str) -> None:
        self._ask("activate", replace(self.boot.request, active=slot))

    def mark_good(self, slot: str) -> None:
        if slot != self.running:
            raise MarkedGoodError(f"slot {slot} never ran, and is marked good")
        self._ask("mark good", replace(self.boot.request, good=slot))

    def _ask(self, place: str, request: Request) -> None:
        try:
            with self.boot.timeline.step(f"loader: {place}") as is_cut:
                if not is_cut or self.boot.chance.random() < 0.5:
                    self.boot.request = request
        except OSError as error:
            raise DeviceError(f"the request cannot be written: {error}") from error


def _applied(state: State, request: Request) -> State:
    if request.good is not None and request.good == state.last:
        state = _with(state, request.good, TRIES, is_good=True)
    if request.active is not None:
        state = _with(replace(state, active=request.active), request.active, TRIES, is_good=False)
    return state


def _chosen(state: State) -> State:
    there = other(state.active)
    (left, good), (others_left, others_good) = _of(state, state.active), _of(state, there)
    if not left and not others_left:
        proven = there if others_good and not good else state.active
        return replace(state, active=proven, a_left=TRIES, b_left=TRIES)
    return state if left else replace(state, active=there)


def _of(state: State, slot: str) -> tuple[int, bool]:
    """Tries left, and whether it is good."""
    return (state.a_left, state.a_good) if slot == "a" else (state.b_left, state.b_good)


def _with(state: State, slot: str, left: int, *, is_good: bool) -> State:
    if slot == "a":
        return replace(state, a_left=left, a_good=is_good)
    return replace(state, b_left=left, b_good=is_good)
