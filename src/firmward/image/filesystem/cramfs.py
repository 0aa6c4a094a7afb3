"""cramfs in place: the listing is read at once, contents block by block when asked for. It has no times."""

import stat
import struct
from collections.abc import Hashable, Iterator

from firmward.formats.cramfs import MAGIC, PADDING, TARGET_LIMIT, Cramfs, Inode, parse_superblock
from firmward.formats.malformed import Malformed
from firmward.image.block_codecs import unpack_zlib
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk, WalkedTree
from firmward.model.tree import KINDS, Entry, Kind


def measure(source: Source) -> int | None:
    """A version 1 does not tell its size: all there is."""
    try:
        found = parse_superblock(source.read)
    except Malformed:
        return None
    return min(found.size, source.size) if found.is_version_2 else source.size


def open_cramfs(source: Source, budget: Budget) -> "CramfsTree":
    try:
        return CramfsTree(Cramfs(parse_superblock(source.read), source.read, unpack_zlib), budget)
    except Malformed as error:
        raise Damaged(f"cramfs: {error}") from None


class CramfsTree(WalkedTree[Inode]):
    """A cramfs. `problems` says what could not be listed, `superblock` what its header says."""

    def __init__(self, image: Cramfs, budget: Budget) -> None:
        self._image = image
        self.superblock = image.superblock
        walk = _Walk(image, budget)
        super().__init__(walk, image.superblock.root)
        if image.superblock.is_version_2 and not image.holds():
            walk.problems.add("the checksum of the image does not hold")

    def content(self, reference: Inode, entry: Entry) -> Iterator[bytes]:
        return self._image.content(reference)


class _Walk(Walk[Inode, Inode]):
    def __init__(self, image: Cramfs, budget: Budget) -> None:
        super().__init__(budget)
        self._image = image

    def entries(self, root: Inode) -> Iterator[Entry]:
        """The targets of links come last: how large a block is shows in the sizes of all contents."""
        links = []
        sizes: dict[int, int] = {}
        for entry in super().entries(root):
            inode = self.references[entry.path]
            if entry.kind in (Kind.FILE, Kind.SYMLINK) and inode.size:
                sizes[inode.offset] = inode.size
            if entry.kind is Kind.SYMLINK:
                links.append(entry)
            else:
                yield entry
        self._image.fit_blocks(list(sizes.values()))
        for entry in links:
            try:
                yield self._with_target(entry)
            except Malformed as error:
                self.problems.add(f"{entry.path} cannot be read: {error}")

    def _with_target(self, link: Entry) -> Entry:
        inode = self.references[link.path]
        if inode.size > TARGET_LIMIT:
            raise Malformed(f"a symbolic link of {inode.size} bytes")
        self.budget.expand(inode.size)
        target = b"".join(self._image.content(inode)).decode("utf-8", "surrogateescape")
        return Entry(link.path, Kind.SYMLINK, link.mode, link.uid, link.gid, inode.size, target=target)

    def load(self, reference: Inode) -> Inode:
        return reference

    def identity(self, reference: Inode) -> Hashable:
        """Empty folders lie nowhere, each for itself."""
        return reference.offset if reference.size else object()

    def listing(self, folder: Inode) -> Iterator[tuple[bytes, Inode]]:
        return self._image.listing(folder)

    def describe(self, path: str, reference: Inode, node: Inode) -> Entry:
        kind = KINDS.get(stat.S_IFMT(node.mode))
        if kind is None:
            raise Malformed(f"a mode of {node.mode:#o}")
        device = (node.size >> 8 & 0xFF, node.size & 0xFF) if kind in (Kind.BLOCK, Kind.CHARACTER) else None
        size = node.size if kind in (Kind.FILE, Kind.SYMLINK) else 0
        return Entry(path, kind, node.mode & 0o7777, node.uid, node.gid, size, device=device)


ABOUT = About(
    title="cramfs",
    reads="Both byte orders, holes, device nodes, boot code before it, extended block pointers (execute in place), "
    "blocks of other sizes than 4 KiB; the checksum is held against the image.",
    limits="It has no times, and a group is a number below 256. Version 1 tells no size: all there is.",
    witness="mkfs.cramfs, fsck.cramfs",
)

_MAGICS = [struct.pack(order + "I", MAGIC) for order in "<>"]

FORMAT = Format(
    "cramfs", tuple(Magic(data, at) for data in _MAGICS for at in (0, PADDING)), measure, open_cramfs, ABOUT
)
