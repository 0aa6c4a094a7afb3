"""Android's sparse images (AOSP's libsparse, sparse_format.h): a disk in chunks of blocks, without what is empty.

Nothing is copied: the disk is a view that reads raw chunks where they stand and makes up fills and gaps. Numbers are
little endian.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import CHUNK, Source

MAGIC = b"\x3a\xff\x26\xed"
HEADER_SIZE, CHUNK_HEADER_SIZE = 28, 12
RAW, FILL, SKIP, CHECKSUM = 0xCAC1, 0xCAC2, 0xCAC3, 0xCAC4

CHUNKS = 1 << 18
"""Chunks of one image; those of real disks have some thousands."""
PIECE_COST = 128
"""Bytes charged for a chunk that is remembered."""
DISK_LIMIT = 1 << 44
"""Bytes of a disk; 16 TiB is what blocks of 4 KiB and 32 bits can number."""

_HEADER = struct.Struct("<4sHHHHIIII")
_CHUNK = struct.Struct("<HHII")


@dataclass(frozen=True, slots=True)
class Header:
    """`block` in bytes; `start` is where the first chunk's header stands, and `step` how long such a header is."""

    start: int
    step: int
    block: int
    blocks: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the disk: `offset` in the image when it stands there, else `fill` over and over."""

    start: int
    size: int
    offset: int | None
    fill: bytes = b""


def parse_header(head: bytes) -> Header | None:
    if len(head) < HEADER_SIZE or head[:4] != MAGIC:
        return None
    _, major, _, size, step, block, blocks, chunks, _ = _HEADER.unpack_from(head)
    holds = (
        major == 1
        and HEADER_SIZE <= size <= 4096
        and CHUNK_HEADER_SIZE <= step <= 4096
        and block % 4 == 0
        and 0 < block <= 1 << 24
        and chunks > 0
        and blocks * block <= DISK_LIMIT
    )
    return Header(size, step, block, blocks, chunks) if holds else None


@dataclass(frozen=True, slots=True)
class Record:
    """One chunk: `offset` is where its data stand, `end` where the next chunk begins, `blocks` its part of the disk."""

    kind: int
    blocks: int
    offset: int
    end: int


def records(source: Source, header: Header) -> Iterator[Record]:
    """The chunks in their order. Raises Damaged at the first that contradicts itself."""
    offset = header.start
    for number in range(min(header.chunks, CHUNKS)):
        head = source.read(offset, CHUNK_HEADER_SIZE)
        if len(head) < CHUNK_HEADER_SIZE:
            raise Damaged(f"cut off before chunk {number} of {header.chunks}")
        kind, _, blocks, size = _CHUNK.unpack(head)
        data = {RAW: blocks * header.block, FILL: 4, SKIP: 0, CHECKSUM: 4}.get(kind)
        if data is None or size != header.step + data:
            raise Damaged(f"chunk {number} of {header.chunks} contradicts itself")
        yield Record(kind, blocks, offset + header.step, offset + size)
        offset += size
    if header.chunks > CHUNKS:
        raise Damaged(f"more than {CHUNKS} chunks")


def measure(source: Source) -> int | None:
    """The end of the last chunk that holds."""
    header = parse_header(source.read(0, HEADER_SIZE))
    if header is None:
        return None
    end = None
    try:
        for record in records(source, header):
            end = record.end
    except Damaged:
        pass
    return None if end is None else min(end, source.size)


def open_android_sparse(source: Source, budget: Budget) -> Iterator[Child]:
    header = parse_header(source.read(0, HEADER_SIZE))
    if header is None:
        raise Damaged("no header of a sparse image")
    pieces, problem = _pieces(source, header, budget)
    disk = Disk(source, pieces)
    if problem is None and disk.size != header.blocks * header.block:
        problem = f"the chunks make {disk.size} bytes of {header.blocks * header.block}"
    yield Child("content", disk, problem=problem)


def _pieces(source: Source, header: Header, budget: Budget) -> tuple[tuple[Piece, ...], str | None]:
    """What the chunks make of the disk until the first that is damaged, and why there is no more."""
    pieces: list[Piece] = []
    position = 0
    try:
        for record in records(source, header):
            size = record.blocks * header.block
            if record.kind == CHECKSUM or not size:
                continue
            if position + size > DISK_LIMIT:
                raise Damaged(f"a disk of more than {DISK_LIMIT} bytes")
            budget.expand(PIECE_COST)
            pieces.append(_piece(source, record, position, size))
            position += size
            if record.kind == RAW and record.end > source.size:
                raise Damaged("cut off in the data of a chunk")
    except Damaged as error:
        return tuple(pieces), str(error)
    return tuple(pieces), None


def _piece(source: Source, record: Record, start: int, size: int) -> Piece:
    if record.kind == RAW:
        return Piece(start, min(size, max(0, source.size - record.offset)), record.offset)
    pattern = source.read(record.offset, 4) if record.kind == FILL else b""
    return Piece(start, size, None, pattern if pattern.strip(b"\0") else b"")


class Disk(Source):
    """The disk that a sparse image stands for."""

    def __init__(self, source: Source, pieces: tuple[Piece, ...]) -> None:
        self._source = source
        self._pieces = pieces
        self._starts = [piece.start for piece in pieces]
        self.size = pieces[-1].start + pieces[-1].size if pieces else 0

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or length <= 0:
            return b""
        end = min(offset + length, self.size)
        made = bytearray()
        for piece in self._from(offset):
            if piece.start >= end:
                break
            made += self._bytes(piece, max(offset, piece.start), min(end, piece.start + piece.size))
        return bytes(made)

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        stop = self.size if end is None else min(end, self.size)
        start = max(start, 0)
        margin = len(needle)
        if not needle.strip(b"\0"):  # zeros are found in gaps too
            return self._find_in(needle, start, stop)
        for begin, until in self._searched(start, stop, margin):
            found = self._find_in(needle, max(begin - margin, start), min(until + margin, stop))
            if found >= 0:
                return found
        return -1

    def data(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
        stop = self.size if end is None else min(end, self.size)
        run: tuple[int, int] | None = None
        for piece in self._from(max(start, 0)):
            if piece.start >= stop:
                break
            if piece.offset is None and not piece.fill:
                continue
            begin, until = max(piece.start, start), min(piece.start + piece.size, stop)
            if run is not None and run[1] == begin:
                run = run[0], until
            else:
                if run is not None:
                    yield run
                run = begin, until
        if run is not None and run[0] < run[1]:
            yield run

    def _searched(self, start: int, stop: int, margin: int) -> Iterator[tuple[int, int]]:
        """What may hold a needle of `margin` bytes: of a fill, which may say that it is terabytes, only its ends."""
        for piece in self._from(start):
            if piece.start >= stop:
                break
            begin, until = max(piece.start, start), min(piece.start + piece.size, stop)
            if piece.offset is not None:
                yield begin, until
            elif piece.fill:
                yield begin, min(begin + len(piece.fill), until)
                yield max(until - margin, begin), until

    def first_written(self, start: int = 0, end: int | None = None) -> int | None:
        stop = self.size if end is None else min(end, self.size)
        for piece in self._from(max(start, 0)):
            begin, until = max(piece.start, start), min(piece.start + piece.size, stop)
            if begin >= until:
                continue
            if piece.offset is None:
                until = min(begin + len(piece.fill), until)
            found = super().first_written(begin, until)
            if found is not None:
                return found
        return None

    def _from(self, offset: int) -> Iterator[Piece]:
        """The pieces from the one that holds `offset` on."""
        for index in range(max(bisect_right(self._starts, offset) - 1, 0), len(self._pieces)):
            yield self._pieces[index]

    def _bytes(self, piece: Piece, begin: int, end: int) -> bytes:
        if end <= begin:
            return b""
        if piece.offset is not None:
            return self._source.read(piece.offset + begin - piece.start, end - begin)
        if not piece.fill:
            return bytes(end - begin)
        turn = (begin - piece.start) % 4
        return (piece.fill * ((end - begin) // 4 + 2))[turn : turn + end - begin]

    def _find_in(self, needle: bytes, start: int, stop: int) -> int:
        while start < stop:
            found = self.read(start, min(CHUNK + len(needle) - 1, stop - start)).find(needle)
            if found >= 0:
                return start + found
            start += CHUNK
        return -1


ABOUT = About(
    title="Android sparse image",
    reads="Raw, fill, don't-care and checksum chunks, as a disk that is read in place.",
    limits="The checksums are not verified; a damaged chunk ends the disk there, which is told.",
    witness="img2simg, mkfs.ext4",
)

FORMAT = Format("android-sparse", (Magic(MAGIC),), measure, open_android_sparse, ABOUT)
