"""A device that is offered an update, and loses its power at random moments until it has taken it.

The first round is without a cut: it shows how long each stretch takes, and what comes of the update. Then there are as
many rounds as the cuts need. A round begins with the device as it was built, and goes on over all its starts until the
update has come to its end; the next moment is the next start's, as soon as that comes to it.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from firmward.build import built
from firmward.formats import boot_state
from firmward.lab import boot, media, network, reach
from firmward.lab.boot import Watch
from firmward.lab.device import Device
from firmward.lab.machine import Machine
from firmward.lab.media import Media
from firmward.lab.reach import Answer
from firmward.lab.serial_log import SerialLog
from firmward.lab.updating.moments import Moment, Stretch, moments
from firmward.lab.updating.seen import Asked, Ending, Ran, Seen, Start
from firmward.lab.updating.slots import Slots, Version
from firmward.lab.updating.way import Line, Way

LOOK = 0.2
"""Seconds between two looks."""
SPARE = 2
"""Cuts that a new version survives: the boot loader tries it three times."""
SERVES = 150.0
"""Seconds in which a device that nobody disturbs becomes healthy."""


@dataclass(frozen=True, slots=True)
class Order:
    """`base` is the folder that keeps the media which each round has copies of. `limit` in seconds is for one start,
    `ports` are called in the end."""

    device: Device
    base: Path
    way: Way
    known: tuple[Version, ...]
    new: str
    expected: Ending = Ending.UPDATED
    cuts: int = 0
    seed: int = 0
    limit: float = 900.0
    ports: tuple[int, ...] = ()
    log: IO[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Last:
    """The device started once more, with nothing on offer. `good` is whether its boot loader keeps this slot."""

    ran: Ran | None
    good: bool
    answers: tuple[Answer, ...]

    @property
    def serves(self) -> bool:
        return self.ran is not None and self.ran.healthy and all(one.answers for one in self.answers)


@dataclass(frozen=True, slots=True)
class Begun:
    """A round: its number, from 0 on, and how both slots are filled."""

    number: int
    slots: Mapping[str, str | None]


Event = Begun | Start | Last


@dataclass
class Rounds:
    """Each event is told when it is over, so that an interruption loses none."""

    order: Order
    _lengths: dict[Stretch, float] = field(default_factory=dict)
    _moments: list[Moment] = field(default_factory=list)

    def events(self) -> Iterator[Event]:
        """Raises DeviceError for a machine that dies, InputError, ToolError."""
        order = self.order
        number, went_well = 0, True
        while went_well and (number == 0 or self._moments):
            with media.copied(order.base) as written:
                for event in self._round(number, written):
                    yield event
                    went_well = isinstance(event, Begun) or self._goes_well(event)
                if number == 0 and went_well:
                    self._moments = list(moments(order.cuts, order.seed, self._lengths))
                if not self._moments or not went_well:
                    yield last(order, written)
            number += 1

    def _goes_well(self, event: Event) -> bool:
        return isinstance(event, Start) and event.ending in (Ending.CUT, self.order.expected)

    def _round(self, number: int, written: Media) -> Iterator[Event]:
        slots = Slots(self.order.device, written.disk.fileno(), self.order.known)
        yield Begun(number, slots.both())
        tried, spare = False, SPARE
        while True:
            moment = self._moments[0] if self._moments else None
            asked = Asked(self.order.new, moment, self._lengths, tried, spare, limit=self.order.limit)
            found = self._start(written, slots, asked)
            yield found
            if found.ending is not Ending.CUT:
                break
            self._moments.pop(0)
            if self.order.new in found.tried:
                tried, spare = True, spare - 1
        if number == 0:
            self._lengths = lengths(found)

    def _start(self, written: Media, slots: Slots, asked: Asked) -> Start:
        order, seen = self.order, Seen(asked, slots.holds)
        with order.way.on() as line, powered(order, written, line) as (machine, watch):
            ending, seconds = _followed(machine, watch, line, seen, asked)
        return Start(
            ending,
            seconds,
            tuple(seen.ran),
            slots.both(),
            line.taken,
            line.paths,
            asked.moment if ending is Ending.CUT else None,
            seen.again,
            seen.since,
        )


@contextmanager
def powered(order: Order, written: Media, line: Line) -> Iterator[tuple[Machine, Watch]]:
    # the first look comes before the machine, which may write at once
    watch = Watch(written, order.device)
    log = SerialLog(order.log)
    with boot.started(order.device, written, log, attached=line.attached, station=line.station) as machine:
        yield machine, watch


def _followed(machine: Machine, watch: Watch, line: Line, seen: Seen, asked: Asked) -> tuple[Ending, float]:
    begun = time.monotonic()

    def clock() -> float:
        return time.monotonic() - begun

    while True:
        due = seen.due()
        wait = LOOK if due is None else min(LOOK, due - clock())
        for step in watch.look(machine, wait, clock):
            seen.step(step)
        line.look(machine)
        now = clock()
        seen.line(now, line)
        ending = seen.ending(now)
        if ending is None and machine.has_ended:
            ending = Ending.OFF
        if ending is None and due is not None and now >= due and seen.due() is not None:
            ending = Ending.CUT
        if ending is not None:
            return ending, now


def lengths(start: Start) -> dict[Stretch, float]:
    """How long each stretch took that was seen, of a start that was not cut."""
    since = dict(start.since or {})
    order = [one for one in Stretch if one in since]
    ends = [*(since[one] for one in order[1:]), start.seconds]
    return {one: max(end - since[one], 0.0) for one, end in zip(order, ends, strict=True)}


def last(order: Order, written: Media) -> Last:
    """Whether what the update came to lasts, and serves whoever calls."""
    slots = Slots(order.device, written.disk.fileno(), order.known)
    seen = Seen(Asked(order.new, None, {}, tried=False, spare=0), slots.holds)
    forwarded = network.forwards(order.ports)
    watch, limit = Watch(written, order.device), time.monotonic() + SERVES
    answers: tuple[Answer, ...] = ()
    with boot.started(order.device, written, SerialLog(order.log), forwarded) as machine:
        while not machine.has_ended and time.monotonic() < limit and not _is_healthy(seen.ran):
            for step in watch.look(machine, LOOK, time.monotonic):
                seen.step(step)
        if _is_healthy(seen.ran):
            answers = reach.call(forwarded)
    ran = seen.ran[-1] if seen.ran else None
    return Last(ran, ran is not None and _is_kept(order.device, written, ran.slot), answers)


def _is_healthy(ran: Sequence[Ran]) -> bool:
    return bool(ran) and ran[-1].healthy


def _is_kept(device: Device, written: Media, slot: str) -> bool:
    """By the boot loader's own state, and not by what Linux asked of it just now."""
    start = device.partition(built.STATE).start
    state = boot_state.parse(os.pread(written.disk.fileno(), boot_state.SIZE, start)).state
    return state is not None and state.active == slot and (state.a_good if slot == "a" else state.b_good)
