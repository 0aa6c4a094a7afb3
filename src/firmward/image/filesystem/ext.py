"""ext2, ext3 and ext4 in place.

docs/adr/003-ext-reader.md says why the reader is our own. A journal that was not replayed is a problem and not an
error: what it holds is not seen.
"""

from collections.abc import Iterator

from firmward.formats.ext4 import (
    MAGIC,
    MAGIC_OFFSET,
    RECOVER,
    ROOT_INODE,
    SUPERBLOCK_OFFSET,
    SUPERBLOCK_SIZE,
    Ext,
    Inode,
    Superblock,
    check_features,
    parse_superblock,
)
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk, WalkedTree
from firmward.model.tree import Entry, Kind


def measure(source: Source) -> int | None:
    try:
        return min(_superblock(source).size, source.size)
    except Malformed:
        return None


def open_ext(source: Source, budget: Budget) -> "ExtTree":
    try:
        superblock = _superblock(source)
        check_features(superblock)
        image = Ext(superblock, source.read)
        if image.inode(ROOT_INODE).kind is not Kind.DIRECTORY:
            raise Malformed("the root is not a folder")
    except Malformed as error:
        raise Damaged(f"ext: {error}") from None
    return ExtTree(image, budget)


def _superblock(source: Source) -> Superblock:
    return parse_superblock(source.read(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE))


class ExtTree(WalkedTree[int]):
    """An ext file system. `problems` says what could not be listed, `superblock` what its header says."""

    def __init__(self, image: Ext, budget: Budget) -> None:
        self._image = image
        walk = _Walk(image, budget)
        if image.superblock.incompatible & RECOVER:
            walk.problems.add("the journal was not replayed: the last changes are not seen")
        super().__init__(walk, ROOT_INODE)
        self.superblock = image.superblock

    def content(self, reference: int, entry: Entry) -> Iterator[bytes]:
        return self._image.content(self._image.inode(reference))


class _Walk(Walk[int, Inode]):
    def __init__(self, image: Ext, budget: Budget) -> None:
        super().__init__(budget)
        self._image = image

    def load(self, reference: int) -> Inode:
        return self._image.inode(reference)

    def listing(self, folder: Inode) -> Iterator[tuple[bytes, int]]:
        return self._image.listing(folder)

    def describe(self, path: str, reference: int, node: Inode) -> Entry:
        target = None
        if node.kind is Kind.SYMLINK:
            target = self._target(path, node)
        size = node.size if node.kind in (Kind.FILE, Kind.SYMLINK) else 0
        xattrs = self.xattrs(path, reference, lambda: self._image.xattrs(node))
        return Entry(path, node.kind, node.mode, node.uid, node.gid, size, node.mtime, target, node.device, xattrs)

    def _target(self, path: str, link: Inode) -> str | None:
        try:
            target = self._image.target(link)
        except Malformed as error:
            self.problems.add(f"{path}: the link's target cannot be read: {error}")
            return None
        self.budget.expand(len(target))
        return target.decode("utf-8", "surrogateescape")


ABOUT = About(
    title="ext2, ext3, ext4",
    reads="Extents and block maps, inline data, hashed folders, extended attributes, 64-bit images, holes.",
    limits=(
        "The journal is not replayed, so that an image taken in use may lack its last writes; encrypted files have no "
        "content."
    ),
    witness="mke2fs, debugfs",
)

FORMAT = Format("ext", (Magic(MAGIC, MAGIC_OFFSET),), measure, open_ext, ABOUT)
