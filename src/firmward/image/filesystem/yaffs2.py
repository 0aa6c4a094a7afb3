"""YAFFS2 in place: the tags are read through once, contents chunk by chunk when asked for.

The error correction of the flash is not applied: a dump has the bytes as they were read.
"""

import stat
from collections.abc import Hashable, Iterator

from firmward.formats.yaffs2 import MAGICS, ROOT, Header, Yaffs2, find_geometry
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk, WalkedTree
from firmward.model.tree import KINDS, Entry, Kind


def measure(source: Source) -> int | None:
    """All there is: a YAFFS2 does not say where it ends."""
    return source.size if find_geometry(source.read, source.size) else None


def end(source: Source, budget: Budget) -> int:
    try:
        return _log(source, budget).end
    except Damaged:
        return 0


def open_yaffs2(source: Source, budget: Budget) -> "Yaffs2Tree":
    return Yaffs2Tree(_log(source, budget), source, budget)


def _log(source: Source, budget: Budget) -> Yaffs2:
    geometry = find_geometry(source.read, source.size)
    if geometry is None:
        raise Damaged("yaffs2: no header with tags where it should begin")
    return Yaffs2(source.read, source.size, geometry, budget.expand)


class Yaffs2Tree(WalkedTree[int]):
    """A YAFFS2. `problems` says what is missing, `geometry` the pages and spares that were found."""

    def __init__(self, log: Yaffs2, source: Source, budget: Budget) -> None:
        self._log = log
        self.geometry = log.geometry
        walk = _Walk(log, budget)
        super().__init__(walk, ROOT)
        if log.damaged:
            walk.problems.add(f"{log.damaged} chunks were left out since their tags or headers do not hold")
        if log.torn:
            walk.problems.add(f"{log.torn} files have content and no header, and were left out")
        if log.orphans:
            walk.problems.add(f"{log.orphans} names stand in folders that are not there, and were left out")
        if log.is_followed:
            walk.problems.add(f"another yaffs2 begins at {log.end:#x} or behind it: what follows was not read")
        elif source.first_written(log.end) is not None:
            walk.problems.add(f"what follows from {log.end:#x} on is no yaffs2 and was not read")

    def content(self, reference: int, entry: Entry) -> Iterator[bytes]:
        return self._log.content(self._log.aim(reference), entry.size)


class _Walk(Walk[int, int]):
    """References are the objects that are listed, nodes those that they lead to."""

    def __init__(self, log: Yaffs2, budget: Budget) -> None:
        super().__init__(budget)
        self._log = log

    def load(self, reference: int) -> int:
        return reference if reference == ROOT else self._log.aim(reference)

    def identity(self, reference: int) -> Hashable:
        return reference

    def listing(self, folder: int) -> Iterator[tuple[bytes, int]]:
        return self._log.listing(folder)

    def describe(self, path: str, reference: int, node: int) -> Entry:
        header = self._log.header(node)
        kind = KINDS[stat.S_IFMT(header.mode)]
        size = self._log.size(node) if kind is Kind.FILE else 0
        target = None
        if kind is Kind.SYMLINK:
            target, size = header.target.decode("utf-8", "surrogateescape"), len(header.target)
        device = _device(header) if kind in (Kind.BLOCK, Kind.CHARACTER) else None
        xattrs = self.xattrs(path, reference, lambda: self._log.xattrs(node))
        return Entry(
            path, kind, header.mode & 0o7777, header.uid, header.gid, size, header.mtime, target, device, xattrs
        )


def _device(header: Header) -> tuple[int, int]:
    value = header.device
    return value >> 8 & 0xFFF, value & 0xFF | value >> 12 & 0xFFF00


ABOUT = About(
    title="YAFFS2",
    reads="Both byte orders, pages of 512 to 16384 bytes with their spare, tags at the spare's start or behind a mark "
    "of bad blocks, newest chunks, deleted and shadowed objects, shrunk files, hard links, devices, holes, extended "
    "attributes.",
    limits="Only images that begin with the header of something in the root folder; tags inside pages (inband) and "
    "YAFFS1 are not read; error correction is not applied; where it ends is concluded: before 1 MiB of something else.",
    witness="The Sleuth Kit reads the images; no packaged tool makes them: the tests' own writer does",
)

FORMAT = Format("yaffs2", tuple(Magic(data) for data in MAGICS), measure, open_yaffs2, ABOUT, end=end)
