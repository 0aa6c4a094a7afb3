"""A delta of blocks: how bytes are made of others, the base, and of what comes along.

| bytes | are |
| --- | --- |
| 8 | `FWBLOCK1` |
| 4, 4, 4 | the number of runs, the number of chunks, the bytes of the index as it is stored |
| as said | the index, compressed by zlib: 16 bytes for each run, then 4 for each chunk |
| the rest | the chunks, one behind the other |

Numbers are little endian. The runs make the target from its first byte to its last. Each has its length (4 bytes), its
offset in the base (8, all ones where it comes along instead) and the CRC-32 of its bytes (4). What comes along, run
behind run, is cut into chunks of 256 KiB, of which the last may be smaller; the index has the bytes that each takes
here. As many as it stands for: it is stored as it is. Fewer: it is LZMA2 without a container, with a dictionary of
256 KiB.

So the index is at the front, and small, and whoever has it can begin anywhere: a run is 1 MiB at most, and a chunk can
be read without those before it. Chunks of 64 KiB would take a seventh more, measured on Debian's files. Runs and chunks
are apart because a change of one program leaves hundreds of runs of a few bytes, which are worth compressing together.

The CRC finds a base that is not the right one within its first run, before all was written for nothing. It proves
nothing: who uses a delta has the digest of the target.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

MAGIC = b"FWBLOCK1"
RUN_LIMIT = 1 << 20
"""Bytes of a run."""
CHUNK = 256 << 10
"""Bytes of what comes along that a chunk stands for."""
INDEX_LIMIT = 1 << 20
"""Bytes of an index, not compressed: a device holds them."""
BASE_LIMIT = 1 << 40
"""Where a run ends in the base at most, in bytes: beyond any partition, and no number that a system call refuses."""
ALONG = (1 << 64) - 1

_HEAD = struct.Struct("<8sIII")
_RUN = struct.Struct("<IQI")
_TAKEN = struct.Struct("<I")
HEAD_SIZE = _HEAD.size


@dataclass(frozen=True, slots=True)
class Run:
    """`offset` in the base, None for one that comes along. `length` in bytes."""

    length: int
    offset: int | None
    crc: int


@dataclass(frozen=True, slots=True)
class Head:
    """`stored` are the bytes of the compressed index, behind the head."""

    runs: int
    chunks: int
    stored: int

    @property
    def size(self) -> int:
        """Bytes of the index."""
        return self.runs * _RUN.size + self.chunks * _TAKEN.size


@dataclass(frozen=True, slots=True)
class Index:
    """`data` as it stands in a delta: kept as bytes, since records of it would take ten times the memory."""

    head: Head
    data: bytes

    def runs(self) -> Iterator[Run]:
        """In the order of the target."""
        for length, offset, crc in self._rows():
            yield Run(length, None if offset == ALONG else offset, crc)

    def taken(self) -> Iterator[int]:
        """Bytes that each chunk has in the delta."""
        chunks = memoryview(self.data)[self.head.runs * _RUN.size :]
        return (taken for (taken,) in _TAKEN.iter_unpack(chunks))

    @property
    def begin(self) -> int:
        """Where the first chunk stands in the delta."""
        return HEAD_SIZE + self.head.stored

    @property
    def size(self) -> int:
        """Of the target."""
        return sum(length for length, _, _ in self._rows())

    @property
    def along(self) -> int:
        """Bytes of the target that come along."""
        return sum(length for length, offset, _ in self._rows() if offset == ALONG)

    def _rows(self) -> Iterator[tuple[int, int, int]]:
        return _RUN.iter_unpack(memoryview(self.data)[: self.head.runs * _RUN.size])


def head(data: bytes) -> Head:
    """Of the first HEAD_SIZE bytes. Raises Malformed, also for an index that is too large to be held."""
    if len(data) < HEAD_SIZE or data[: len(MAGIC)] != MAGIC:
        raise Malformed("is no delta of blocks of this version")
    _, runs, chunks, stored = _HEAD.unpack_from(data)
    found = Head(runs, chunks, stored)
    if found.size > INDEX_LIMIT or stored > INDEX_LIMIT:
        raise Malformed(f"the index has {max(found.size, stored)} bytes, and {INDEX_LIMIT} are taken")
    return found


def index(found: Head, data: bytes, size: int, blob_size: int) -> Index:
    """Of its compressed bytes, for a target of `size` bytes and a delta of `blob_size`. Raises Malformed for what
    cannot make that target, or has other bytes than it names."""
    made = Index(found, expanded(data, found.size))
    for run in made.runs():
        if not 0 < run.length <= RUN_LIMIT:
            raise Malformed(f"a run has {run.length} bytes")
        if run.offset is not None and run.offset + run.length > BASE_LIMIT:
            raise Malformed(f"a run begins at {run.offset} in the base")
    if made.size != size:
        raise Malformed(f"makes {made.size} bytes, and not {size}")
    _check_chunks(made, blob_size)
    return made


def expanded(data: bytes, size: int) -> bytes:
    """An index of so many bytes. Raises Malformed for any other."""
    reader = zlib.decompressobj()
    try:
        found = reader.decompress(data, size + 1)
    except zlib.error as error:
        raise Malformed(f"the index cannot be expanded: {error}") from error
    if len(found) != size or not reader.eof or reader.unused_data:
        raise Malformed("the index has other bytes than its head says")
    return found


def _check_chunks(made: Index, blob_size: int) -> None:
    left, size = made.along, made.begin
    for taken in made.taken():
        if not 0 < taken <= min(left, CHUNK):
            raise Malformed(f"a chunk takes {taken} bytes")
        left, size = left - min(left, CHUNK), size + taken
    if left:
        raise Malformed(f"{left} bytes come along in no chunk")
    if size != blob_size:
        raise Malformed(f"has {blob_size} bytes, and its index says {size}")


def written(runs: Iterable[Run], taken: Iterable[int]) -> bytes:
    """Head and index. Raises Malformed for an index that is too large to be held."""
    rows = [_RUN.pack(run.length, ALONG if run.offset is None else run.offset, run.crc) for run in runs]
    chunks = [_TAKEN.pack(size) for size in taken]
    data = zlib.compress(b"".join((*rows, *chunks)), 9)
    made = _HEAD.pack(MAGIC, len(rows), len(chunks), len(data))
    head(made)
    return made + data
