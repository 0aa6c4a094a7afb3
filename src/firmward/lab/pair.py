"""The two devices that are attacked: what was built, and its unprotected twin. Their media are made once, and each
attack has copies of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from firmward.lab import board as boards
from firmward.lab import boot, media
from firmward.lab.challenge import Challenge
from firmward.lab.device import Device, Kind
from firmward.lab.plain import twin
from firmward.lab.target import Target
from firmward.lab.updates import Updates

PREFIXES = {Kind.PROTECTED: "", Kind.PLAIN: twin.PREFIX}


@dataclass(frozen=True, slots=True)
class TwinParts:
    """Its disk, its boot loader, and the environment in its flash."""

    disk: Path
    loader: Path
    environment: Path


@dataclass(frozen=True, slots=True)
class Pair:
    """`folder` keeps the media that all copies are made of. `older` is the folder of an older build, and `older_unfit`
    says why it is of no use, as `updates_unfit` does of the maker's update repositories."""

    device: Device
    folder: Path
    before: Path | None = None
    older: Path | None = None
    older_unfit: str | None = None
    updates: Updates | None = None
    updates_unfit: str | None = None

    @property
    def has_network(self) -> bool:
        return boards.virtual(self.device.said.board).network_card is not None

    def of(self, kind: Kind) -> Device:
        return replace(self.device, kind=kind, keep=self.folder, before=self.before)

    def prepare(self, kind: Kind) -> None:
        """Make the media. Raises InputError, and ToolError for a program that is missing."""
        with boot.written_to(self.of(kind)):
            pass

    def twin_parts(self) -> TwinParts:
        """Those of the prepared twin, as its audit takes them."""
        stock = boards.virtual(self.device.said.board).stock
        environment = self.folder / f"{twin.PREFIX}environment.bin"
        with (self.folder / f"{twin.PREFIX}{media.FLASH}").open("rb") as flash:
            environment.write_bytes(flash.read(stock.environment_size))
        return TwinParts(self.folder / f"{twin.PREFIX}{media.DISK}", Path(stock.loader), environment)

    @contextmanager
    def target(self, kind: Kind, work: Path, challenge: Challenge) -> Iterator[Target]:
        with media.copied(self.folder, PREFIXES[kind]) as written:
            yield Target(self.of(kind), written, work, challenge, self.older, self.updates)
