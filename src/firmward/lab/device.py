"""What the lab starts: the folder of a build, as the device that was built or as its unprotected twin."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from firmward.build import built, regular
from firmward.build.built import CONTROL, LOADER, Built, Partition
from firmward.lab import board as boards
from firmward.model.errors import InputError

DISK = "disk.img"
FIT = "slot/boot.fit"


class Kind(StrEnum):
    """`shell` is the twin with a root shell on its serial line."""

    PROTECTED = "protected"
    PLAIN = "plain"
    SHELL = "shell"


USED = {
    Kind.PROTECTED: (DISK, LOADER, CONTROL),
    Kind.PLAIN: (DISK, FIT),
    Kind.SHELL: (DISK, FIT),
}
"""The files of a build that a machine is started from."""


@dataclass(frozen=True, slots=True)
class Device:
    """A build in `folder`, which is what it has `said` of itself. `keep` is the folder that the media stay in, None for
    copies that go with the machine. `before` is the root that the twin starts, None for the build's own."""

    folder: Path
    said: Built
    kind: Kind = Kind.PROTECTED
    keep: Path | None = None
    before: Path | None = None

    @property
    def name(self) -> str:
        """For a terminal, whose cursor it does not move."""
        return "".join(sign if sign.isprintable() else "?" for sign in f"{self.said.product} {self.said.version}")

    def partition(self, name: str) -> Partition:
        """Raises InputError for one that is not there, or does not lie on the disk."""
        found = next((one for one in self.said.partitions if one.name == name), None)
        if found is None:
            raise InputError(
                f"{self.folder / built.FILE}: names no partition {name}; build again with `firmward build`"
            )
        size = (self.folder / DISK).stat().st_size
        if not 0 <= found.start <= found.start + found.size <= size:
            raise InputError(f"{self.folder / built.FILE}: the partition {name} does not lie on the disk")
        return found


def opened(folder: Path, kind: Kind = Kind.PROTECTED, keep: Path | None = None) -> Device:
    """Raises InputError for a folder that no build has made, or that lacks what is needed."""
    said = built.read(folder)
    boards.virtual(said.board)
    for name in USED[kind]:
        if not regular.is_inside(folder, name):
            there = "is no regular file in that folder" if (folder / name).exists() else "is not there"
            raise InputError(f"{folder / name}: {there}, and the lab needs it; build again with `firmward build`")
    return Device(folder, said, kind, keep)


def refuse_changed(device: Device) -> None:
    """Raises InputError when a file that will be used is not the one that was built."""
    known = {one.path: one for one in device.said.files}
    for name in USED[device.kind]:
        path, wanted = device.folder / name, known.get(name)
        if wanted is None or path.stat().st_size != wanted.size or built.digest(path) != wanted.sha256:
            raise InputError(
                f"{path}: was changed after the build, its digest is not the one in {built.FILE}; "
                "build again, or start it as it is with --as-is"
            )
