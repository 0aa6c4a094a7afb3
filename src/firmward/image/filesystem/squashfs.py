"""Squashfs 4.0 in place: the listing is read at once, contents block by block when asked for.

docs/adr/002-squashfs-reader.md says why the reader is our own. What is damaged inside (a folder, an inode, a block)
does not lose the rest: `problems` tells what is missing from the listing, `chunks` raises for contents.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.formats.squashfs import (
    COMPRESSORS,
    MAGIC,
    NO_XATTR,
    SUPERBLOCK_SIZE,
    Block,
    Inode,
    Reference,
    Squashfs,
    Superblock,
    parse_superblock,
)
from firmward.image.block_codecs import CODECS
from firmward.image.budget import Budget, Damaged
from firmward.image.format import Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, IndexedTree, Kind

FRAGMENT_CACHE = 4 << 20
"""Bytes of fragment blocks kept unpacked: neighbours in a folder mostly share one."""

Xattrs = tuple[tuple[str, bytes], ...]


def measure(source: Source) -> int | None:
    try:
        return min(parse_superblock(source.read(0, SUPERBLOCK_SIZE)).size, source.size)
    except Malformed:
        return None


def open_squashfs(source: Source, budget: Budget) -> "SquashfsTree":
    try:
        superblock = parse_superblock(source.read(0, SUPERBLOCK_SIZE))
        image = Squashfs(superblock, source.read, CODECS[COMPRESSORS[superblock.compressor]])
        if image.inode(superblock.root).kind is not Kind.DIRECTORY:
            raise Malformed("the root is not a folder")
        image.owner(0)
    except Malformed as error:
        raise Damaged(f"squashfs: {error}") from None
    return SquashfsTree(image, budget)


class SquashfsTree(IndexedTree):
    """A squashfs. `problems` says what could not be listed, `superblock` what its header says."""

    def __init__(self, image: Squashfs, budget: Budget) -> None:
        self._image = image
        self._fragments = _Fragments(image)
        walk = _Walk(image, budget)
        super().__init__(walk.entries(image.superblock.root))
        self._inodes = walk.references
        self.superblock: Superblock = image.superblock
        self.problems = walk.problems.told

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        try:
            for piece in self._pieces(entry):
                yield piece.content(self._image, self._fragments)
        except Malformed as error:
            raise Unavailable(f"{entry.path} is damaged: {error}") from None

    def _pieces(self, entry: Entry) -> Iterator["_Piece"]:
        """How a file's content is put together. Raises Malformed where its block list is damaged."""
        reference = self._inodes.get(entry.path)
        if reference is None or entry.kind is not Kind.FILE:
            raise Unavailable(f"{entry.path} is not a regular file of this image")
        inode = self._image.inode(reference)
        size = self._image.superblock.block_size
        left = inode.size
        for block in self._image.blocks(reference, inode):
            length = min(size, left)
            yield _Piece(block, length, 0, is_fragment=False)
            left -= length
        if left:
            yield _Piece(self._image.fragment(inode.fragment), left, inode.offset, is_fragment=True)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of a file's content: `length` bytes from `offset` of a block's content; a hole when the block is empty."""

    block: Block
    length: int
    offset: int
    is_fragment: bool

    def content(self, image: Squashfs, fragments: "_Fragments") -> bytes:
        if not self.block.size:
            return bytes(self.length)
        if not self.is_fragment:
            data = image.content(self.block, image.superblock.block_size)
        else:
            data = fragments.content(self.block)
        data = data[self.offset : self.offset + self.length] if self.is_fragment else data
        if len(data) != self.length:
            raise Malformed(f"a block holds {len(data)} bytes where {self.length} were expected")
        return data


class _Fragments:
    """The fragment blocks used last, unpacked. Safe for several threads; two may unpack the same block at once."""

    def __init__(self, image: Squashfs) -> None:
        self._image = image
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._room = max(2, FRAGMENT_CACHE // image.superblock.block_size)
        self._lock = threading.Lock()

    def content(self, block: Block) -> bytes:
        with self._lock:
            known = self._kept.get(block.start)
        if known is None:
            known = self._image.content(block, self._image.superblock.block_size)
            with self._lock:
                self._kept[block.start] = known
                if len(self._kept) > self._room:
                    self._kept.popitem(last=False)
        return known


class _Walk(Walk[Reference, Inode]):
    def __init__(self, image: Squashfs, budget: Budget) -> None:
        super().__init__(budget)
        self._image = image
        self._xattrs: dict[int, Xattrs] = {NO_XATTR: ()}

    def load(self, reference: Reference) -> Inode:
        return self._image.inode(reference)

    def listing(self, folder: Inode) -> Iterator[tuple[bytes, Reference]]:
        return self._image.listing(folder)

    def describe(self, path: str, reference: Reference, node: Inode) -> Entry:
        image = self._image
        kind = node.kind
        uid = image.owner(node.uid_index)
        gid = image.owner(node.gid_index)
        target = None
        xattr = node.xattr
        if kind is Kind.SYMLINK:
            self.budget.expand(node.size)
            target = image.target(reference, node).decode("utf-8", "surrogateescape")
            xattr = image.xattr_index(reference, node)
        size = 0 if kind is Kind.DIRECTORY else node.size
        xattrs = self._xattrs_of(path, xattr)
        return Entry(path, kind, node.mode, uid, gid, size, node.mtime, target, node.device, xattrs)

    def _xattrs_of(self, path: str, index: int) -> Xattrs:
        """Most files with attributes share a set: each is read once."""
        known = self._xattrs.get(index)
        if known is None:
            try:
                known = self._image.xattrs(index)
            except Malformed as error:
                self.problems.add(f"{path}: the extended attributes cannot be read: {error}")
                known = ()
            self.budget.expand(sum(len(name) + len(value) for name, value in known))
            self._xattrs[index] = known
        return known


FORMAT = Format("squashfs", (Magic(MAGIC),), measure, open_squashfs)
