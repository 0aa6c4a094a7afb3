"""ISO 9660 in place, as Linux mounts it: Rock Ridge before Joliet before plain names.

An image that may also be written to a disk (isohybrid) has a partition table in the bytes that ISO 9660 leaves free:
the file system holds all, and is what it is taken for.
"""

from collections.abc import Hashable, Iterator

from firmward.formats.iso9660 import MAGIC, MAGIC_OFFSET, Iso, Record, parse_volume
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk, WalkedTree
from firmward.model.tree import Entry, Kind


def measure(source: Source) -> int | None:
    try:
        volume = parse_volume(source.read)
        Iso(volume, source.read)
    except Malformed:
        return None
    return min(max(volume.size, MAGIC_OFFSET + 2048), source.size)


def open_iso(source: Source, budget: Budget) -> "IsoTree":
    try:
        image = Iso(parse_volume(source.read), source.read)
    except Malformed as error:
        raise Damaged(f"iso9660: {error}") from None
    return IsoTree(image, budget)


class IsoTree(WalkedTree[Record]):
    """An ISO 9660. `problems` says what could not be listed, `volume` what its descriptors say."""

    def __init__(self, image: Iso, budget: Budget) -> None:
        self._image = image
        walk = _Walk(image, budget)
        super().__init__(walk, image.root)
        _tell_boot_images(image, walk)
        self.volume = image.volume

    def content(self, reference: Record, entry: Entry) -> Iterator[bytes]:
        return self._image.content(reference)


def _tell_boot_images(image: Iso, walk: "_Walk") -> None:
    """Boot images are mostly files too; what is none is told, since nobody will read it."""
    known = {offset for record in walk.references.values() for offset, _ in record.extents}
    try:
        for offset in image.boot_images():
            if offset not in known:
                walk.problems.add(f"the boot image at {offset:#x} (El Torito) is no file and was not read")
    except Malformed as error:
        walk.problems.add(str(error))


class _Walk(Walk[Record, Record]):
    def __init__(self, image: Iso, budget: Budget) -> None:
        super().__init__(budget)
        self._image = image

    def load(self, reference: Record) -> Record:
        return reference

    def identity(self, reference: Record) -> Hashable:
        return reference.extents[0][0]

    def listing(self, folder: Record) -> Iterator[tuple[bytes, Record]]:
        for record in self._image.listing(folder):
            yield record.name, record

    def describe(self, path: str, reference: Record, node: Record) -> Entry:
        target = None
        size = node.size if node.kind is Kind.FILE else 0
        if node.kind is Kind.SYMLINK:
            text = node.target or b""
            self.budget.expand(len(text))
            target, size = text.decode("utf-8", "surrogateescape"), len(text)
        device = node.device if node.kind in (Kind.BLOCK, Kind.CHARACTER) else None
        return Entry(path, node.kind, node.mode, node.uid, node.gid, size, node.mtime, target, device)


ABOUT = About(
    title="ISO 9660",
    reads=(
        "Rock Ridge (owners, modes, links, devices, moved folders, long names), else Joliet, else plain names; files "
        "in several extents, zisofs; images that are disks too (isohybrid)."
    ),
    limits=(
        "A boot image (El Torito) that is no file is told and not read; extended attributes of xorriso and UDF are not "
        "read; of several sessions the first."
    ),
    witness="xorriso, genisoimage",
)

FORMAT = Format("iso9660", (Magic(MAGIC, MAGIC_OFFSET),), measure, open_iso, ABOUT)
