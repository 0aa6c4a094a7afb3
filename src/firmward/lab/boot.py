"""One start of a virtual device, from power on until its application is healthy or will not be any more.

Three witnesses are listened to at once: the serial line, QEMU's monitor and the state partition. The first two are
waited for, the third is looked at every fifth of a second.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import IO

from firmward.build import built
from firmward.lab import board as boards
from firmward.lab import media, reach, state_partition
from firmward.lab.board import Firmware, VirtualBoard
from firmward.lab.device import Device, Kind
from firmward.lab.machine import Machine, program
from firmward.lab.media import Media, Prepare
from firmward.lab.monitor import RESET, SHUTDOWN, Monitor
from firmward.lab.network import Forward
from firmward.lab.plain import twin
from firmward.lab.reach import Answer
from firmward.lab.serial_log import Lines, SerialLog
from firmward.lab.stages import Course, Mishap, Sign, Stage, Step
from firmward.model.errors import DeviceError

LOOK = 0.2
"""Seconds between two looks at the state partition."""
SHOWN_LINES = 12
"""The last lines of the serial line, which are told when a start fails."""

Tell = Callable[[Step], None]


class Ending(StrEnum):
    HEALTHY = "healthy"
    OUT_OF_TIME = "out of time"
    TOO_MANY_STARTS = "too many starts"
    POWERED_OFF = "powered off"


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` for all starts together."""

    seconds: float = 120.0
    starts: int = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """`slot` is the one that the last start began from, None where nothing told; `seconds` until it ended; `log` the
    last lines of the serial line; `answers` those of the ports that were called once it was healthy."""

    ending: Ending
    slot: str | None
    starts: int
    seconds: float
    steps: tuple[Step, ...]
    log: tuple[str, ...]
    answers: tuple[Answer, ...] = ()

    @property
    def serves(self) -> bool:
        """Whether every port that was called answered."""
        return all(one.answers for one in self.answers)

    @property
    def healthy(self) -> bool:
        return self.ending is Ending.HEALTHY

    def stages(self) -> dict[Stage, float]:
        """When each was reached in the last start, in seconds since the power was on for it."""
        last = [step for step in self.steps if step.start == self.starts]
        begun = max((step.at for step in self.steps if step.sign.what is Mishap.RESTARTED), default=0.0)
        return {step.sign.what: step.at - begun for step in last if isinstance(step.sign.what, Stage)}


def boot(
    device: Device, limits: Limits, tell: Tell, log: IO[bytes] | None = None, forwarded: Sequence[Forward] = ()
) -> Outcome:
    """Start the device, and follow it to its end; once it is healthy, call its forwarded ports. Raises DeviceError for
    a machine that dies or gives no sign at all, ToolError when QEMU is not installed."""
    with written_to(device) as written:
        # the first look comes before the machine, which may write at once
        watch = Watch(written, device)
        with started(device, written, SerialLog(log), forwarded) as machine:
            outcome = _followed(machine, watch, limits, tell)
            return replace(outcome, answers=reach.call(forwarded)) if outcome.healthy else outcome


@contextmanager
def running(device: Device, log: SerialLog, forwarded: Sequence[Forward] = ()) -> Iterator[Machine]:
    """The machine on media of its own."""
    with written_to(device) as written, started(device, written, log, forwarded) as machine:
        yield machine


def written_to(device: Device) -> AbstractContextManager[Media]:
    """The media of a device. Raises InputError, and ToolError for a program that its start will need."""
    virtual = boards.virtual(device.said.board)
    program(virtual)
    _firmware(device, virtual)
    return _media(device, virtual)


@contextmanager
def started(
    device: Device,
    written: Media,
    log: SerialLog,
    forwarded: Sequence[Forward] = (),
    attached: Sequence[str] = (),
    descriptors: Sequence[int] = (),
    station: Sequence[int] = (),
) -> Iterator[Machine]:
    """The machine, on media that are given, with ports that can be reached from here. `attached` are QEMU's arguments
    for what is plugged in beside, which may name the `descriptors`; `station` are the descriptors of another machine's
    ends of the wires (network.py)."""
    virtual = boards.virtual(device.said.board)
    with ExitStack() as stack:
        stack.callback(log.close)
        monitor = Monitor()
        stack.callback(monitor.close)
        disk, flash, other = written.disk.fileno(), written.flash.fileno(), monitor.theirs.fileno()
        firmware = _firmware(device, virtual)
        command = boards.command(
            program(virtual),
            virtual,
            firmware,
            disk=disk,
            flash=flash,
            monitor=other,
            forwarded=forwarded,
            station=station,
        )
        inherited = (disk, flash, *descriptors, *station)
        yield stack.enter_context(Machine((*command, *attached), log, monitor, inherited))


def _firmware(device: Device, virtual: VirtualBoard) -> Firmware:
    if device.kind is Kind.PROTECTED:
        return Firmware(device.folder / built.LOADER, device.folder / built.CONTROL)
    return twin.firmware(virtual)


def _media(device: Device, virtual: VirtualBoard) -> AbstractContextManager[Media]:
    is_twin = device.kind is not Kind.PROTECTED
    prepare: Prepare = twin.preparation(device, virtual) if is_twin else media.as_built
    if device.keep is None:
        return media.passing(device.folder, virtual.flash_size, prepare)
    prefix = twin.PREFIX if is_twin else ""
    return media.kept(device.keep, device.folder, virtual.flash_size, prepare, prefix=prefix)


def _followed(machine: Machine, watch: "Watch", limits: Limits, tell: Tell) -> Outcome:
    begun = time.monotonic()
    for step in watch.course.begin():
        tell(step)
    ending = None
    while ending is None:
        now = time.monotonic() - begun
        for step in watch.look(machine, min(LOOK, limits.seconds - now), lambda: time.monotonic() - begun):
            tell(step)
        ending = _ending(machine, watch, time.monotonic() - begun, limits)
    seconds = time.monotonic() - begun
    if ending is Ending.OUT_OF_TIME and not watch.gave_sign:
        raise DeviceError(f"the machine gave no sign within {limits.seconds:g} seconds; see whether QEMU runs here")
    course = watch.course
    return Outcome(ending, course.slot, course.starts, seconds, tuple(course.steps), tuple(watch.last_lines))


def _ending(machine: Machine, watch: "Watch", now: float, limits: Limits) -> Ending | None:
    if watch.course.is_healthy:
        return Ending.HEALTHY
    if watch.course.starts > limits.starts:
        return Ending.TOO_MANY_STARTS
    if machine.has_ended:
        return Ending.POWERED_OFF
    return Ending.OUT_OF_TIME if now >= limits.seconds else None


class Watch:
    """What is heard of one machine, put in order."""

    def __init__(self, written: Media, device: Device) -> None:
        self.course = Course()
        self.gave_sign = False
        self.last_lines: list[str] = []
        self._lines = Lines()
        self._disk = written.disk.fileno()
        # the twin's boot loader keeps no state
        self._state = device.partition(built.STATE).start if device.kind is Kind.PROTECTED else None
        self._before = None if self._state is None else state_partition.look(self._disk, self._state)

    def look(self, machine: Machine, seconds: float, clock: Callable[[], float]) -> list[Step]:
        heard = machine.hear(seconds)
        at = clock()
        self.gave_sign = self.gave_sign or bool(heard)
        steps: list[Step] = []
        for line in self._lines.add(heard.serial):
            self.last_lines = [*self.last_lines[1 - SHOWN_LINES :], line]
            steps += self.course.line(at, line)
        # before the events: what was written ahead of a reset belongs to the start that it ended
        steps += self._glance(at)
        for event in heard.events:
            steps += self._event(at, event)
        return steps

    def _event(self, at: float, event: str) -> list[Step]:
        if event == RESET:
            return self.course.reset(at)
        return self.course.sign(at, Sign(Mishap.OFF)) if event == SHUTDOWN else []

    def _glance(self, at: float) -> list[Step]:
        if self._state is None or self._before is None:
            return []
        now = state_partition.look(self._disk, self._state)
        found = list(state_partition.signs(self._before, now))
        self._before = now
        return [step for sign in found for step in self.course.sign(at, sign)]
