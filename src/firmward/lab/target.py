"""A device as an attacker has it: its disk and flash while it is off, its serial line and ports while it is on.

All that is done and seen is kept as evidence, each with the moment and the witness. The device's own words count for
nothing: that it is healthy is read from the sector that Linux writes for the boot loader, that it was reset from QEMU.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from firmward.build import built
from firmward.formats import boot_state
from firmward.formats.boot_state import Records
from firmward.lab import boot, network
from firmward.lab.attacks import Result, Unseen
from firmward.lab.challenge import Challenge
from firmward.lab.device import Device, Kind
from firmward.lab.machine import Machine
from firmward.lab.media import Media
from firmward.lab.monitor import RESET
from firmward.lab.network import Forward
from firmward.lab.serial_log import SerialLog
from firmward.lab.stages import Course
from firmward.lab.station import Station
from firmward.lab.switch import Switch
from firmward.lab.updates import Updates

LOOK = 0.2
"""Seconds between two looks."""
SETTLES = 3.0
"""Seconds in which an attacker's program may still show itself once the device serves."""
COUNTED = 5.0
"""Seconds in which QEMU has counted."""
HEARD_LIMIT = 4 << 20
"""Characters of a serial line that are kept."""


class Witness(StrEnum):
    """Who saw it."""

    ATTACKER = "attacker"
    """What he did himself."""
    SERIAL = "serial line"
    MACHINE = "machine"
    DISK = "disk"
    FLASH = "flash"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Evidence:
    """`at` in seconds since the attack began."""

    at: float
    witness: Witness
    says: str


class Target:
    """`media` are this attack's own; what is written there stays there over all its starts. `work` is a folder for what
    the attacker makes, the same for both devices. `challenge` is what his programs answer."""

    def __init__(
        self,
        device: Device,
        media: Media,
        work: Path,
        challenge: Challenge,
        older: Path | None,
        updates: Updates | None = None,
    ) -> None:
        self.device, self.media, self.work, self.challenge = device, media, work, challenge
        self.evidence: list[Evidence] = []
        self._older, self._updates = older, updates
        self._begun = time.monotonic()

    @property
    def is_plain(self) -> bool:
        """Whether it is the unprotected twin."""
        return self.device.kind is not Kind.PROTECTED

    @property
    def older(self) -> Path:
        """The folder of an older build of the same maker. Raises Unseen where none was given."""
        if self._older is None:
            raise Unseen("no older build was given")
        return self._older

    @property
    def updates(self) -> Updates:
        """The maker's repositories. Raises Unseen where none were given."""
        if self._updates is None:
            raise Unseen("no update repositories were given")
        return self._updates

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def note(self, witness: Witness, says: str) -> None:
        self.evidence.append(Evidence(round(self.seconds, 1), witness, _shown(says)))

    # ------------------------------------------------------------------ while it is off

    def read(self, partition: str, size: int, at: int = 0) -> bytes:
        place = self.device.partition(partition)
        return os.pread(self.media.disk.fileno(), min(size, place.size - at), place.start + at)

    def write(self, partition: str, data: bytes, at: int = 0) -> None:
        """Raises Unseen for what would reach beyond the partition."""
        place = self.device.partition(partition)
        if at + len(data) > place.size:
            raise Unseen(f"{len(data)} bytes at {at} do not fit into {partition}, which has {place.size}")
        self.media.disk.seek(place.start + at)
        self.media.disk.write(data)
        self.media.disk.flush()

    def size(self, partition: str) -> int:
        return self.device.partition(partition).size

    def read_flash(self, size: int, at: int = 0) -> bytes:
        # not by the file's buffer, which keeps what was there before the device wrote
        return os.pread(self.media.flash.fileno(), size, at)

    def write_flash(self, data: bytes, at: int = 0) -> None:
        self.media.flash.seek(at)
        self.media.flash.write(data)
        self.media.flash.flush()

    def records(self) -> Records:
        """What the state partition of the protected device holds."""
        return boot_state.parse(self.read(built.STATE, boot_state.SIZE))

    # ------------------------------------------------------------------ while it is on

    @contextmanager
    def power(
        self,
        ports: Sequence[int] = (),
        attached: Sequence[str] = (),
        descriptors: Sequence[int] = (),
        station: Station | Switch | None = None,
    ) -> "Iterator[Powered]":
        """Switch it on; leaving cuts the power. `attached` are arguments of QEMU's for what is plugged in, which may
        name the `descriptors`; `station` is another machine on its network, or the switch that one is plugged in."""
        forwarded = network.forwards(ports)
        log = SerialLog()
        wire = () if station is None else station.descriptors
        with boot.started(self.device, self.media, log, forwarded, attached, descriptors, wire) as machine:
            yield Powered(self, machine, forwarded)

    def withstands(self, within: float, ports: Sequence[int] = (), attached: Sequence[str] = ()) -> Result:
        """Switch it on, and see who runs: the attacker's program, or the device without it."""
        with self.power(ports, attached) as powered:
            return powered.verdict(within)


class Powered:
    """A device that runs. `said` is what its serial line said, `resets` how often the machine was reset."""

    def __init__(self, target: Target, machine: Machine, forwarded: Sequence[Forward]) -> None:
        self.target, self.machine = target, machine
        self.said = ""
        self.resets = 0
        self._ports = {one.port: one for one in forwarded}
        self._course = Course()
        self._before = None if target.is_plain else target.records()
        self._good: str | None = None
        self._pending = ""

    # ------------------------------------------------------------------ hearing

    def hear(self, seconds: float = LOOK) -> str:
        """What the serial line says within this time. Raises DeviceError when QEMU fails, Unseen when the machine is
        switched off."""
        heard = self.machine.hear(seconds)
        text = heard.serial.decode("utf-8", "replace").replace("\r", "")
        self.said = (self.said + text)[-HEARD_LIMIT:]
        for event in heard.events:
            if event == RESET:
                self.resets += 1
                self.target.note(Witness.MACHINE, f"the machine was reset ({self.resets})")
        self._look()
        if self.machine.has_ended:
            raise Unseen("the machine was switched off")
        self._follow(text)
        return text

    def until(self, seen: Callable[[], bool], seconds: float) -> bool:
        """Listen until something is seen, or the time is over."""
        limit = time.monotonic() + seconds
        while not seen():
            left = limit - time.monotonic()
            if left <= 0:
                return False
            self.hear(min(LOOK, left))
        return True

    def answers(self) -> bool:
        """Whether the attacker's program answered on the serial line."""
        return self.target.challenge.is_answered(self.said)

    @property
    def is_healthy(self) -> bool:
        """For the protected device, what Linux wrote to the disk. The twin keeps no state: there it is its serial line,
        which is enough to know when to go on, and never a verdict."""
        return self._course.is_healthy if self.target.is_plain else self._good is not None

    @property
    def served(self) -> str | None:
        """The slot that Linux marked good last since the power is on; None of the twin, which keeps no state."""
        return self._good

    def await_healthy(self, seconds: float) -> None:
        """Raises Unseen when it does not become healthy."""
        if not self.until(lambda: self.is_healthy, seconds):
            raise Unseen(f"the device did not become healthy within {seconds:g} s")

    def verdict(self, within: float) -> Result:
        """Who runs. Raises Unseen when neither is seen."""
        done = self.until(lambda: self.answers() or self.is_healthy, within)
        if done and not self.answers():
            self.until(self.answers, SETTLES)
        if self.answers():
            self.target.note(Witness.SERIAL, "the attacker's program answered the challenge")
            return Result.SUCCEEDED
        if self.is_healthy:
            self.target.note(*self._health())
            return Result.STOPPED
        if self.resets:
            self.target.note(Witness.MACHINE, f"it was reset {self.resets} times in {within:g} s and ran nothing else")
            return Result.STOPPED
        raise Unseen(f"neither the attacker's program nor the device was seen within {within:g} s")

    def _health(self) -> tuple[Witness, str]:
        if self.target.is_plain:
            return Witness.SERIAL, "the device says that it is healthy, and nobody answered the challenge"
        return Witness.DISK, f"Linux marked slot {self._good} good, and nobody answered the challenge"

    def _look(self) -> None:
        if self._before is None:
            return
        now = self.target.records()
        if now.request.good is not None and now.request != self._before.request:
            self._good = now.request.good
        self._before = now

    def _follow(self, text: str) -> None:
        *lines, self._pending = (self._pending + text).split("\n")
        for line in lines:
            self._course.line(self.target.seconds, line)

    # ------------------------------------------------------------------ acting

    def type(self, text: str) -> None:
        """On the serial line."""
        self.machine.write(text.encode())

    def command(self, name: str, **arguments: object) -> None:
        """To QEMU's monitor, for what a hand does: plug something in, hold a line down."""
        self.machine.command(json.dumps({"execute": name, "arguments": arguments}))

    def bytes_read(self, drive: str) -> int:
        """How much the device has read of what is plugged in, as QEMU counts. Raises Unseen where it does not say."""
        self.command("query-blockstats")
        self.until(lambda: drive in drives(self.machine.answered), COUNTED)
        found = drives(self.machine.answered)
        if drive not in found:
            raise Unseen(f"QEMU does not say what was read of {drive}")
        return found[drive]

    def address(self, port: int) -> tuple[str, int]:
        """Where a port of the device is reached from here."""
        return self._ports[port].address


def drives(answer: object) -> dict[str, int]:
    """Bytes that were read of each drive, from QEMU's answer to query-blockstats (qapi/block-core.json)."""
    listed = answer if isinstance(answer, list) else []
    found = {one.get("device"): one.get("stats") for one in listed if isinstance(one, dict)}
    return {
        name: stats["rd_bytes"]
        for name, stats in found.items()
        if isinstance(name, str) and isinstance(stats, dict) and isinstance(stats.get("rd_bytes"), int)
    }


def _shown(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text)[:400]
