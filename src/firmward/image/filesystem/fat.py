"""FAT12, FAT16 and FAT32 in place.

docs/adr/004-fat-reader.md says why the reader is our own. FAT has no owners: everything is root's, and what is not
marked read-only has mode 0755, as Linux mounts it.
"""

from collections.abc import Hashable, Iterator

from firmward.formats.fat import (
    BOOT_SIZE,
    MAGIC,
    MAGIC_OFFSET,
    READ_ONLY,
    Fat,
    Geometry,
    Record,
    is_table,
    parse_boot,
)
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk, WalkedTree
from firmward.model.tree import Entry, Kind


def measure(source: Source) -> int | None:
    try:
        return min(_geometry(source).size, source.size)
    except Malformed:
        return None


def open_fat(source: Source, budget: Budget) -> "FatTree":
    try:
        image = Fat(_geometry(source), source.read)
    except Malformed as error:
        raise Damaged(f"fat: {error}") from None
    return FatTree(image, budget)


def _geometry(source: Source) -> Geometry:
    found = parse_boot(source.read(0, BOOT_SIZE))
    if not is_table(source.read(found.table, 3), found):
        raise Malformed("an allocation table that does not repeat the media byte")
    return found


class FatTree(WalkedTree[Record]):
    """A FAT. `problems` says what could not be listed, `geometry` what its boot sector says."""

    def __init__(self, image: Fat, budget: Budget) -> None:
        self._image = image
        walk = _Walk(image, budget)
        super().__init__(walk, image.root)
        self.geometry = image.geometry

    def content(self, reference: Record, entry: Entry) -> Iterator[bytes]:
        return self._image.content(reference)


class _Walk(Walk[Record, Record]):
    def __init__(self, image: Fat, budget: Budget) -> None:
        super().__init__(budget)
        self._image = image

    def load(self, reference: Record) -> Record:
        return reference

    def identity(self, reference: Record) -> Hashable:
        return reference.cluster

    def listing(self, folder: Record) -> Iterator[tuple[bytes, Record]]:
        for record in self._image.listing(folder):
            yield record.name, record

    def describe(self, path: str, reference: Record, node: Record) -> Entry:
        kind = Kind.DIRECTORY if node.is_folder else Kind.FILE
        mode = 0o555 if node.attributes & READ_ONLY and not node.is_folder else 0o755
        return Entry(path, kind, mode, size=0 if node.is_folder else node.size, mtime=node.mtime)


ABOUT = About(
    title="FAT12, FAT16, FAT32",
    reads="Long names, folders, chains.",
    limits="No owners and modes: all is root's, mode 0755, as Linux mounts it; exFAT is not read.",
    witness="mkfs.fat, mtools",
)

FORMAT = Format("fat", (Magic(MAGIC, MAGIC_OFFSET),), measure, open_fat, ABOUT)
