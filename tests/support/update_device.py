"""A device with two slots, as `firmward.update` meets it: an image, a state, a disk of files, and a boot loader that
keeps its word."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from update_made import IDENTITY, SECONDS, Maker, image, manifest

from firmward.model.errors import DeviceError
from firmward.update.bootloaders.bootloader import BootState
from firmward.update.command import Time
from firmward.update.machine import Machine
from firmward.update.main import main
from firmward.update.manifest import Blob, Manifest, Payload, Source
from firmward.update.partitions import Partitions

CONTENT = bytes(range(256)) * 1200
"""What a release writes to boot: 300 KiB."""
SLOT_SIZE = 1 << 20
CLOCK = SECONDS + 2 * 3600
"""Within the window that images of tests have, where it is 12 o'clock by `SECONDS`."""


def released(version: str = "1.4.1", content: bytes = CONTENT, **changes: Any) -> Manifest:
    digest = sha256(content).hexdigest()
    source = Source("full", Blob(len(content), digest))
    return manifest(version=version, payloads=(Payload("boot", len(content), digest, (source,)),), **changes)


def publish(maker: Maker, version: str = "1.4.1", content: bytes = CONTENT, **changes: Any) -> None:
    """With its payload, which `Maker.release` leaves out."""
    maker.release(released(version, content, **changes))
    blobs = maker.folder / "targets/blobs"
    blobs.mkdir(exist_ok=True)
    (blobs / sha256(content).hexdigest()).write_bytes(content)


@dataclass
class Loader:
    """A boot loader (bootloaders/bootloader.py)."""

    running: str = "a"
    next: str = "a"
    good: set[str] = field(default_factory=lambda: {"a", "b"})
    told: list[str] = field(default_factory=list)
    fails: bool = False
    name: str = "a boot loader of tests"

    def state(self) -> BootState:
        if self.fails:
            raise DeviceError("the boot loader cannot be asked")
        return BootState(self.running, self.next, frozenset(self.good))

    def disable(self, slot: str) -> None:
        self.told.append(f"disable {slot}")
        self.good.discard(slot)
        self.next = self.running

    def activate(self, slot: str) -> None:
        self.told.append(f"activate {slot}")
        self.good.discard(slot)
        self.next = slot

    def mark_good(self, slot: str) -> None:
        self.told.append(f"good {slot}")
        self.good.add(slot)


class Device:
    """Runs verbs, and has what they said. `restarted` are the arguments of restarts."""

    def __init__(self, place: Path, maker: Maker, capture: pytest.CaptureFixture[str] | None = None) -> None:
        self.image, self.state, self._capture = place / "image", place / "state", capture
        self.maker, self.loader = maker, Loader()
        self.files = {name: place / f"{name}.img" for name in ("boot_a", "boot_b")}
        for path in self.files.values():
            path.write_bytes(b"factory".ljust(SLOT_SIZE, b"\0"))
        self.command_line = place / "cmdline"
        self.restarted: list[str] = []
        self.slept = 0.0
        self.said = self.complained = ""
        self.local: Callable[[float], time.struct_time] = time.gmtime
        self.boots("a")

    def boots(self, slot: str, version: str = IDENTITY.version, **said: object) -> None:
        """Of this version, from this slot."""
        changes: dict[str, object] = {"floor": "file", "version": version}
        image(self.image, self.maker, **(changes | said))
        self.command_line.write_text(f"quiet firmward.slot={slot}\n")
        self.loader.running = slot

    def machine(self, wall: float) -> Machine:
        return Machine(
            wall=lambda: wall,
            local=self.local,
            clock=Time(lambda: self.slept, self._sleep),
            command_line=self.command_line,
            disk=lambda: Partitions({name: (path,) for name, path in self.files.items()}),
            loader=lambda *_: self.loader,
            restart=self.restarted.append,
            forced=lambda: self.restarted.append("forced"),
        )

    def runs(self, *words: str, wall: float = CLOCK) -> int:
        code = main(["--image", str(self.image), "--state", str(self.state), *words], self.machine(wall))
        if self._capture is not None:
            self.said, self.complained = self._capture.readouterr()
        return code

    def installs(self, *words: str, wall: float = CLOCK) -> int:
        """From the maker's folder."""
        return self.runs("install", "--from", str(self.maker.folder), *words, wall=wall)

    def table(self, *words: str) -> dict[str, Any]:
        """What a verb says to programs."""
        self.runs("--json", *words)
        found: dict[str, Any] = json.loads(self.said)
        return found

    def has(self, slot: str, content: bytes = CONTENT) -> bool:
        return self.files[f"boot_{slot}"].read_bytes()[: len(content)] == content

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
