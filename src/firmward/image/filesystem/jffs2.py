"""JFFS2 in place: the log is read through once, contents node by node when asked for.

A node of which only the data are damaged takes the file with it: on a device an older version would come to light,
which nobody can have meant.
"""

import lzma
import stat
import struct
from collections.abc import Iterator

from firmward.formats.jffs2 import (
    CLEANMARKER,
    DIRENT,
    INODE,
    LZMA,
    LZO,
    MAGIC,
    ROOT,
    RTIME,
    TARGET_LIMIT,
    ZLIB,
    Description,
    Jffs2,
    Unpack,
    byte_order,
    unpack_rtime,
)
from firmward.formats.malformed import Malformed
from firmward.image.block_codecs import unpack_lzo, unpack_zlib
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk, WalkedTree
from firmward.model.tree import KINDS, Entry, Kind

HEAD = 512
"""Bytes that hold a first node's header."""
HOLE = 1 << 20
"""Bytes of a hole given at a time."""
KEPT = 4
"""Nodes kept unpacked for a file whose versions lie over each other."""

_FILTERS = [{"id": lzma.FILTER_LZMA1, "dict_size": 0x2000, "lc": 0, "lp": 0, "pb": 0}]


def unpack_lzma(data: bytes, length: int) -> bytes:
    """What OpenWrt's patch writes: without header and end mark, so that only the length says where it ends."""
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS).decompress(data, length)[:length]
    except (lzma.LZMAError, MemoryError) as error:
        raise Malformed(f"an lzma node is damaged: {error}") from None


UNPACK: dict[int, Unpack] = {RTIME: unpack_rtime, ZLIB: unpack_zlib, LZO: unpack_lzo, LZMA: unpack_lzma}


def measure(source: Source) -> int | None:
    """All there is: a JFFS2 does not say where it ends."""
    return source.size if byte_order(source.read(0, HEAD)) else None


def end(source: Source, budget: Budget) -> int:
    try:
        return _log(source, budget).end
    except Damaged:
        return 0


def open_jffs2(source: Source, budget: Budget) -> "Jffs2Tree":
    return Jffs2Tree(_log(source, budget), source, budget)


def _log(source: Source, budget: Budget) -> Jffs2:
    order = byte_order(source.read(0, HEAD))
    if order is None:
        raise Damaged("jffs2: there is no node where it should begin")
    return Jffs2(source.read, source.size, order, budget.expand)


class Jffs2Tree(WalkedTree[int]):
    """A JFFS2. `problems` says what could not be listed or was passed over."""

    def __init__(self, log: Jffs2, source: Source, budget: Budget) -> None:
        self._log = log
        walk = _Walk(log, budget)
        super().__init__(walk, ROOT)
        if log.damaged:
            walk.problems.add(f"{log.damaged} nodes were left out since their checksums do not hold")
        if log.is_followed:
            walk.problems.add(f"another jffs2 begins at {log.end:#x}: what follows was not read")
        elif source.first_written(log.end) is not None:
            walk.problems.add(f"what follows from {log.end:#x} on is no jffs2 and was not read")

    def content(self, reference: int, entry: Entry) -> Iterator[bytes]:
        return _content(self._log, reference, entry.size)


def _content(log: Jffs2, ino: int, size: int) -> Iterator[bytes]:
    kept: dict[int, bytes] = {}
    for start, stop, node in log.runs(ino, size):
        if node is None:
            yield from (bytes(min(HOLE, stop - at)) for at in range(start, stop, HOLE))
            continue
        data = kept.get(node.at)
        if data is None:
            data = kept[node.at] = log.held(node, UNPACK)
            if len(kept) > KEPT:
                del kept[next(iter(kept))]
        yield data[start - node.offset : stop - node.offset]


class _Walk(Walk[int, Description]):
    def __init__(self, log: Jffs2, budget: Budget) -> None:
        super().__init__(budget)
        self._log = log

    def load(self, reference: int) -> Description:
        if reference == ROOT:  # it is described only once its owner or mode was changed
            return Description(ROOT, 0, stat.S_IFDIR | 0o755, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        return self._log.description(reference)

    def listing(self, folder: Description) -> Iterator[tuple[bytes, int]]:
        return self._log.listing(folder.ino)

    def describe(self, path: str, reference: int, node: Description) -> Entry:
        kind = KINDS.get(stat.S_IFMT(node.mode))
        if kind is None:
            raise Malformed(f"a mode of {node.mode:#o}")
        target = self._target(node) if kind is Kind.SYMLINK else None
        size = node.size if kind is Kind.FILE else len(target or b"")
        text = None if target is None else target.decode("utf-8", "surrogateescape")
        device = self._device(node) if kind in (Kind.BLOCK, Kind.CHARACTER) else None
        xattrs = self.xattrs(path, reference, lambda: self._log.xattrs(reference))
        return Entry(path, kind, node.mode & 0o7777, node.uid, node.gid, size, node.mtime, text, device, xattrs)

    def _target(self, node: Description) -> bytes:
        if node.length > TARGET_LIMIT:
            raise Malformed(f"a symbolic link of {node.length} bytes")
        self.budget.expand(node.length)
        return self._log.held(node, UNPACK)

    def _device(self, node: Description) -> tuple[int, int]:
        """Two bytes hold the numbers as old kernels write them, four as new ones do."""
        data = self._log.held(node, UNPACK)
        if len(data) not in (2, 4):
            raise Malformed(f"a device of {len(data)} bytes")
        value = int.from_bytes(data, self._log.byte_order)
        if len(data) == 2:
            return value >> 8, value & 0xFF
        return value >> 8 & 0xFFF, value & 0xFF | value >> 12 & 0xFFF00


ABOUT = About(
    title="JFFS2",
    reads="Both byte orders, newest versions, removed names, zlib, lzo, rtime and OpenWrt's lzma, holes, hard links, "
    "devices, extended attributes and access lists, images with and without cleanmarkers or summaries.",
    limits="rubin and dynrubin are told; where it ends is concluded: behind the last node before 1 MiB without one.",
    witness="mkfs.jffs2, sumtool",
)

FORMAT = Format(
    "jffs2",
    tuple(Magic(struct.pack(order + "HH", MAGIC, kind)) for order in "<>" for kind in (CLEANMARKER, DIRENT, INODE)),
    measure,
    open_jffs2,
    ABOUT,
    end=end,
)
