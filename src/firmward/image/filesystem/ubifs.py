"""UBIFS in place: all nodes are looked at once, contents are read piece by piece when asked for."""

import stat
from bisect import bisect_right
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from firmward.formats import ubifs
from firmward.formats.malformed import Malformed
from firmward.formats.ubifs import Data, Inode, Name
from firmward.image import inflate
from firmward.image.block_codecs import unpack_lzo, unpack_zstd
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.walk import Walk, WalkedTree
from firmward.model.facts import Unavailable
from firmward.model.tree import KINDS, Entry, Kind

NODE_COST = 150
"""Bytes charged for a node that is remembered."""
HOLE = 1 << 20
"""Bytes of a hole given at a time."""


def unpack_deflate(data: bytes, limit: int) -> bytes:
    engine = inflate.inflater(inflate.BARE)
    try:
        content = engine.decompress(data, limit + 1)
    except inflate.ERRORS as error:
        raise Malformed(f"a deflate block is damaged: {error}") from None
    if len(content) > limit:
        raise Malformed(f"a block expands beyond {limit} bytes")
    return content


UNPACK = {ubifs.LZO: unpack_lzo, ubifs.ZLIB: unpack_deflate, ubifs.ZSTD: unpack_zstd}


def measure(source: Source) -> int | None:
    found = ubifs.parse_superblock(source.read(0, ubifs.BLOCK))
    return None if found is None else min(found.block * found.blocks, source.size)


def open_ubifs(source: Source, budget: Budget) -> "UbifsTree":
    superblock = ubifs.parse_superblock(source.read(0, ubifs.BLOCK))
    if superblock is None:
        raise Damaged("ubifs: a superblock whose checksum does not hold")
    log = _Log(source, budget)
    log.read(superblock.block)
    if ubifs.ROOT not in log.inodes:
        raise Damaged("ubifs: there is no root folder")
    return UbifsTree(log, budget)


@dataclass(frozen=True, slots=True)
class Piece:
    """A data node: where it stands, and how large it is."""

    sequence: int
    offset: int
    length: int


@dataclass(slots=True)
class _Log:
    """What the newest nodes say."""

    source: Source
    budget: Budget
    inodes: dict[int, tuple[int, Inode]] = field(default_factory=dict)
    names: dict[int, dict[bytes, tuple[int, int]]] = field(default_factory=dict)
    """By folder: name → sequence number and inode."""
    attributes: dict[int, dict[bytes, tuple[int, int]]] = field(default_factory=dict)
    pieces: dict[int, dict[int, Piece]] = field(default_factory=dict)
    cuts: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """By inode: sequence number and the bytes it was cut to."""

    def read(self, block: int) -> None:
        for start in range(0, self.source.size, block):
            self.budget.check_time()
            data = self.source.read(start, block)
            for at, header in ubifs.nodes(data):
                self._take(start + at, header, data[at : at + min(header.size, ubifs.NODE_LIMIT)])
        for inode, cuts in self.cuts.items():
            self._cut(inode, cuts)

    def _take(self, offset: int, header: ubifs.Header, node: bytes) -> None:
        self.budget.expand(NODE_COST)
        match header.kind:
            case ubifs.INODE:
                inode = ubifs.parse_inode(node)
                if inode is not None and self._is_newer(self.inodes.get(inode.number), header):
                    self.budget.expand(len(inode.data))
                    self.inodes[inode.number] = header.sequence, inode
            case ubifs.NAME | ubifs.ATTRIBUTE:
                name = ubifs.parse_name(node)
                if name is not None:
                    self._name(name, header)
            case ubifs.DATA:
                data = ubifs.parse_data(node)
                if data is not None:
                    self._data(data, header, offset)
            case ubifs.TRUNCATION:
                cut = ubifs.parse_truncation(node)
                if cut is not None:
                    self.cuts.setdefault(cut[0], []).append((header.sequence, cut[1]))
            case _:
                self.budget.release(NODE_COST)

    def _name(self, name: Name, header: ubifs.Header) -> None:
        table = self.names if header.kind == ubifs.NAME else self.attributes
        known = table.setdefault(name.parent, {})
        if self._is_newer(known.get(name.name), header):
            known[name.name] = header.sequence, name.inode

    def _data(self, data: Data, header: ubifs.Header, offset: int) -> None:
        pieces = self.pieces.setdefault(data.inode, {})
        known = pieces.get(data.block)
        if known is None or header.sequence >= known.sequence:
            pieces[data.block] = Piece(header.sequence, offset, header.size)

    @staticmethod
    def _is_newer(known: tuple[int, object] | None, header: ubifs.Header) -> bool:
        return known is None or header.sequence >= known[0]

    def _cut(self, inode: int, cuts: list[tuple[int, int]]) -> None:
        """Forget what a file held behind its end when it was cut, and was not written again."""
        cuts.sort()
        sequences = [sequence for sequence, _ in cuts]
        # from each cut on, the least that the file was cut to since
        least = [*accumulate((size for _, size in reversed(cuts)), min)][::-1]
        pieces = self.pieces.get(inode, {})
        for block, piece in list(pieces.items()):
            later = bisect_right(sequences, piece.sequence)
            if later < len(least) and block * ubifs.BLOCK >= least[later]:
                del pieces[block]


class UbifsTree(WalkedTree[int]):
    """A UBIFS. `problems` says what could not be listed."""

    def __init__(self, log: _Log, budget: Budget) -> None:
        self._log = log
        walk = _Walk(log, budget)
        super().__init__(walk, ubifs.ROOT)

    def content(self, reference: int, entry: Entry) -> Iterator[bytes]:
        inode = self._log.inodes[reference][1]
        if inode.flags & ubifs.ENCRYPTED:
            raise Unavailable(f"{entry.path} is encrypted with fscrypt")
        pieces = self._log.pieces.get(inode.number, {})
        position = 0
        for block in sorted(pieces):
            start = block * ubifs.BLOCK
            if start >= inode.size:
                break
            yield from _zeros(start - position)
            length = min(ubifs.BLOCK, inode.size - start)
            yield self._piece(pieces[block])[:length].ljust(length, b"\0")
            position = start + length
        yield from _zeros(inode.size - position)

    def _piece(self, piece: Piece) -> bytes:
        node = self._log.source.read(piece.offset, min(piece.length, ubifs.NODE_LIMIT))
        data = ubifs.parse_data(node)
        if data is None:
            raise Malformed("a data node that is none")
        packed = node[ubifs.DATA_SIZE :]
        if data.compression == ubifs.NONE:
            return packed[: data.size]
        unpack = UNPACK.get(data.compression)
        if unpack is None:
            raise Malformed(f"compression {data.compression} is not known")
        content = unpack(packed, data.size)
        if len(content) != data.size:
            raise Malformed("a block is not as long as it says")
        return content


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        step = min(count, HOLE)
        yield bytes(step)
        count -= step


class _Walk(Walk[int, Inode]):
    def __init__(self, log: _Log, budget: Budget) -> None:
        super().__init__(budget)
        self._log = log

    def load(self, reference: int) -> Inode:
        found = self._log.inodes.get(reference)
        if found is None:
            raise Malformed(f"inode {reference} is not there")
        return found[1]

    def identity(self, reference: int) -> Hashable:
        return reference

    def listing(self, folder: Inode) -> Iterator[tuple[bytes, int]]:
        names = self._log.names.get(folder.number, {})
        if folder.flags & ubifs.ENCRYPTED and names:
            raise Malformed("its names are encrypted with fscrypt")
        for name, (_, inode) in sorted(names.items()):
            if inode:
                yield name, inode

    def describe(self, path: str, reference: int, node: Inode) -> Entry:
        kind = KINDS.get(stat.S_IFMT(node.mode))
        if kind is None:
            raise Malformed(f"mode {node.mode:o} is no kind of file")
        is_link = kind is Kind.SYMLINK
        sized = node.size if kind is Kind.FILE else len(node.data) if is_link else 0
        is_device = kind in (Kind.CHARACTER, Kind.BLOCK)
        return Entry(
            path,
            kind,
            stat.S_IMODE(node.mode),
            node.uid,
            node.gid,
            sized,
            node.mtime,
            node.data.decode("utf-8", "surrogateescape") if is_link else None,
            ubifs.device(node.data) if is_device else None,
            self.xattrs(path, reference, lambda: tuple(self._attributes(reference))),
        )

    def _attributes(self, reference: int) -> Iterator[tuple[str, bytes]]:
        for name, (_, inode) in sorted(self._log.attributes.get(reference, {}).items()):
            found = self._log.inodes.get(inode)
            if found is not None:
                yield name.decode("utf-8", "surrogateescape"), found[1].data


ABOUT = About(
    title="UBIFS",
    reads=(
        "All nodes, the newest of each key, so that what was written last and is not in the index yet counts too; "
        "lzo, zlib and zstd, extended attributes, devices, hard links, holes."
    ),
    limits="Encrypted (fscrypt) files and names are told; signatures of an authenticated image are not verified.",
    witness="mkfs.ubifs of mtd-utils",
)

FORMAT = Format("ubifs", (Magic(ubifs.MAGIC),), measure, open_ubifs, ABOUT)
