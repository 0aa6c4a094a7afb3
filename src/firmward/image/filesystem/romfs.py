"""romfs in place: what is listed is what Linux shows, since the format knows neither owners nor modes nor times."""

from collections.abc import Iterator

from firmward.formats.malformed import Malformed
from firmward.formats.romfs import MAGIC, MODES, File, Romfs, parse_superblock
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk, WalkedTree
from firmward.model.tree import Entry, Kind

CHUNK = 256 << 10
"""Bytes given at a time."""
TARGET_LIMIT = 4096


def measure(source: Source) -> int | None:
    try:
        return min(parse_superblock(source.read).size, source.size)
    except Malformed:
        return None


def open_romfs(source: Source, budget: Budget) -> "RomfsTree":
    try:
        image = Romfs(parse_superblock(source.read), source.read)
        if image.file(image.superblock.root).kind is not Kind.DIRECTORY:
            raise Malformed("the root is not a folder")
    except Malformed as error:
        raise Damaged(f"romfs: {error}") from None
    return RomfsTree(image, budget)


class RomfsTree(WalkedTree[int]):
    """A romfs. `problems` says what could not be listed, `superblock` what its header says."""

    def __init__(self, image: Romfs, budget: Budget) -> None:
        self._image = image
        self.superblock = image.superblock
        walk = _Walk(image, budget)
        super().__init__(walk, image.superblock.root)

    def content(self, reference: int, entry: Entry) -> Iterator[bytes]:
        return self._image.content(self._image.file(reference), CHUNK)


class _Walk(Walk[int, File]):
    """References are where the header stands of the file itself, hard links followed."""

    def __init__(self, image: Romfs, budget: Budget) -> None:
        super().__init__(budget)
        self._image = image

    def load(self, reference: int) -> File:
        return self._image.file(reference)

    def listing(self, folder: File) -> Iterator[tuple[bytes, int]]:
        for file in self._image.listing(folder):
            try:
                yield file.name, self._image.meant(file).at
            except Malformed as error:
                self.problems.add(f"{file.name.decode('utf-8', 'backslashreplace')} leads nowhere: {error}")

    def describe(self, path: str, reference: int, node: File) -> Entry:
        kind = node.kind
        if kind is None:
            raise Malformed("a hard link")
        if not node.holds:
            self.problems.add(f"{path}: the checksum of its header does not hold")
        mode = MODES[kind] | (0o111 if node.is_executable else 0)
        device = (node.word >> 16, node.word & 0xFFFF) if kind in (Kind.BLOCK, Kind.CHARACTER) else None
        target = self._target(node) if kind is Kind.SYMLINK else None
        size = node.size if kind in (Kind.FILE, Kind.SYMLINK) else 0
        return Entry(path, kind, mode, size=size, target=target, device=device)

    def _target(self, link: File) -> str:
        if link.size > TARGET_LIMIT:
            raise Malformed(f"a symbolic link of {link.size} bytes")
        self.budget.expand(link.size)
        return b"".join(self._image.content(link, TARGET_LIMIT)).decode("utf-8", "surrogateescape")


ABOUT = About(
    title="romfs",
    reads="Folders, hard links, devices, links, what may be executed; checksums are held against the headers.",
    limits="No owners, modes and times: all is root's, with the modes that Linux shows.",
    witness="genromfs",
)

FORMAT = Format("romfs", (Magic(MAGIC),), measure, open_romfs, ABOUT)
