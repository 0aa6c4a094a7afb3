"""A device as an attacker has it (lab/target.py), of which there is its disk alone, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from firmward.build.built import STATE
from firmward.formats import boot_state
from firmward.formats.boot_state import Records
from firmward.lab.attacks import Unseen
from firmward.lab.target import Target


@dataclass
class LyingDisk:
    """`notes` is what was told."""

    sizes: Mapping[str, int]
    work: Path
    updates: Any = None
    device: Any = field(default_factory=lambda: SimpleNamespace(said=SimpleNamespace(version="1.4.0")))
    is_plain: bool = False
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.partitions = {name: bytearray(size) for name, size in self.sizes.items()}

    def read(self, partition: str, size: int, at: int = 0) -> bytes:
        return bytes(self.partitions[partition][at : at + size])

    def write(self, partition: str, data: bytes, at: int = 0) -> None:
        if at + len(data) > self.sizes[partition]:
            raise Unseen(f"{len(data)} bytes do not fit into {partition}")
        self.partitions[partition][at : at + len(data)] = data

    def size(self, partition: str) -> int:
        return self.sizes[partition]

    def records(self) -> Records:
        return boot_state.parse(self.read(STATE, boot_state.SIZE))

    def note(self, _witness: object, says: str) -> None:
        self.notes.append(says)

    @property
    def target(self) -> Target:
        return cast("Target", self)
