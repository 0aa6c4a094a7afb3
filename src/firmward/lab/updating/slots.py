"""What lies in the two slots of a device's disk, read from outside: a version whole to the byte, or none.

Nothing that the device says of itself counts here. Of the root the hash tree is looked at too, since the device makes
it itself: it has to have the root hash that the release names, and be the tree of what lies before it.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from firmward.build.built import BOOT, ROOT, SLOTS
from firmward.build.verity import tree_shape
from firmward.formats.malformed import Malformed
from firmward.formats.verity import SUPERBLOCK_SIZE, Shape, compute, parse_superblock
from firmward.lab.device import FIT, Device
from firmward.update.manifest import Manifest

ROOT_IMAGE = "slot/root.img"
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Content:
    """`size` bytes from the partition's first on; `root_hash` where a hash tree lies behind them."""

    partition: str
    size: int
    sha256: str
    root_hash: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A release, as it lies in a slot."""

    name: str
    contents: tuple[Content, ...]


def built_version(device: Device) -> Version:
    """What a build has put into the slots of its disk."""
    said, folder = device.said, device.folder
    boot = (folder / FIT).stat().st_size
    found = [Content(BOOT, boot, _beginning(folder / FIT, boot))]
    if said.root_hash:
        size = tree_shape(folder / ROOT_IMAGE).data_size
        found.append(Content(ROOT, size, _beginning(folder / ROOT_IMAGE, size), said.root_hash))
    return Version(said.version, tuple(found))


def released_version(manifest: Manifest) -> Version:
    root_hash = "" if manifest.verity is None else manifest.verity.root_hash
    return Version(
        manifest.version,
        tuple(
            Content(one.partition, one.size, one.sha256, root_hash if one.partition == ROOT else "")
            for one in manifest.payloads
        ),
    )


class Slots:
    """Those of a disk that is open as `descriptor`."""

    def __init__(self, device: Device, descriptor: int, known: Iterable[Version]) -> None:
        self._device, self._descriptor, self._known = device, descriptor, tuple(known)

    def holds(self, slot: str) -> str | None:
        """The version that lies there whole; None for anything else."""
        return next((one.name for one in self._known if all(self._lies(part, slot) for part in one.contents)), None)

    def both(self) -> dict[str, str | None]:
        return {slot: self.holds(slot) for slot in SLOTS}

    def _lies(self, content: Content, slot: str) -> bool:
        place = self._device.partition(f"{content.partition}_{slot}")
        if content.size > place.size or _digest(self._descriptor, place.start, content.size) != content.sha256:
            return False
        return not content.root_hash or self._has_tree(content, place.start, place.size)

    def _has_tree(self, content: Content, start: int, room: int) -> bool:
        def read(at: int, length: int) -> bytes:
            return os.pread(self._descriptor, min(length, room - at), start + at) if at < room else b""

        try:
            shape = parse_superblock(read(content.size, SUPERBLOCK_SIZE))
            found = compute(shape, read, lambda at, length: read(_tree(shape) + at, length))
        except Malformed:
            return False
        is_its = shape.data_size == content.size and found.root_hash == content.root_hash
        return is_its and found.differs is None


def _tree(shape: Shape) -> int:
    """The superblock has a block of its own."""
    return shape.data_size + shape.hash_block


def _beginning(path: Path, size: int) -> str:
    with path.open("rb") as file:
        return _digest(file.fileno(), 0, size)


def _digest(descriptor: int, start: int, size: int) -> str:
    digest = hashlib.sha256()
    for at in range(0, size, PIECE):
        digest.update(os.pread(descriptor, min(PIECE, size - at), start + at))
    return digest.hexdigest()
