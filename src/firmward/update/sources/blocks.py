"""A delta of blocks (formats/block_delta.py): what the running slot holds already is copied from there.

Rules:

- The index is read first, and bounded; what it says is held against what the manifest says before anything is made.
- The base is not verified beforehand: that would cost as much as reading all of it once more, and a root that runs
  from dm-verity was verified by the kernel. Each run has a checksum, so that another base is found at its first run.
- One request serves for all of the blob where the payload is made from its beginning; a further one where it is gone
  on with. What there is in memory at a time are the index, one chunk and one piece: less than 3 MiB.
"""

import zlib
from collections.abc import Iterator
from itertools import islice

from firmward.formats import block_delta
from firmward.formats.block_delta import CHUNK, HEAD_SIZE, Index, Run
from firmward.formats.malformed import Malformed
from firmward.model.errors import DeviceError, TrustError
from firmward.trust.place import Place, WholeFilesError
from firmward.update.manifest import Blob
from firmward.update.sources.source import Base, Material

PIECE = 64 << 10
ENOUGH = 16 << 10
"""Bytes that a line has brought when it is worth asking once more after it broke: whoever drips would hold a device for
as long as there are bytes."""


def opened(material: Material) -> "Blocks":
    """Raises DeviceError, TrustError."""
    blob, size = material.source.blob, material.payload.size
    file = _File(material.blobs, blob)
    try:
        head = block_delta.head(file.read(0, min(HEAD_SIZE, blob.size)))
        stored = file.read(HEAD_SIZE, min(head.stored, blob.size - HEAD_SIZE))
        index = block_delta.index(head, stored, size, blob.size)
    except Malformed as error:
        raise TrustError(f"{blob.sha256}: {error}") from error
    return Blocks(index, file, material.base)


class Blocks:
    """A source (source.py)."""

    def __init__(self, index: Index, file: "_File", base: Base) -> None:
        self._index = index
        self._base = base
        self._along = _Along(index, file)

    def pieces(self, offset: int) -> Iterator[bytes]:
        at = along = 0
        for run in self._index.runs():
            if at + run.length > offset:
                yield from _behind(self._made(run, along), offset - at)
            at += run.length
            along += run.length if run.offset is None else 0

    def _made(self, run: Run, along: int) -> Iterator[bytes]:
        """A run from its beginning, so that its checksum counts; the last piece only when that was right."""
        crc = 0
        for at in range(0, run.length, PIECE):
            length = min(PIECE, run.length - at)
            if run.offset is None:
                piece = self._along.read(along + at, length)
            else:
                piece = self._copied(run.offset + at, length)
            crc = zlib.crc32(piece, crc)
            if at + length == run.length and crc != run.crc:
                what = "what came along" if run.offset is None else "what the running slot holds"
                raise TrustError(f"{what} is not what the delta was made for")
            yield piece

    def _copied(self, offset: int, length: int) -> bytes:
        try:
            piece = self._base(offset, length)
        except OSError as error:
            raise DeviceError(f"the running slot cannot be read: {error.strerror or error}") from error
        if len(piece) != length:
            raise TrustError(f"the running slot has no {length} bytes at {offset}, which the delta copies")
        return piece


def _behind(pieces: Iterator[bytes], skipped: int) -> Iterator[bytes]:
    """Without the first bytes, which are there already."""
    for piece in pieces:
        if len(piece) > skipped:
            yield piece[max(skipped, 0) :]
        skipped -= len(piece)


class _Along:
    """What comes along. The chunk at hand has this `number`, and ends at `place` in the file."""

    def __init__(self, index: Index, file: "_File") -> None:
        self._index = index
        self._file = file
        self._begin()

    def read(self, offset: int, length: int) -> bytes:
        found = b""
        while len(found) < length:
            number, at = divmod(offset + len(found), CHUNK)
            if number != self._number:
                self._find(number)
            found += self._chunk[at : at + length - len(found)]
        return found

    def _begin(self) -> None:
        self._taken = self._index.taken()
        self._number, self._place, self._chunk = -1, self._index.begin, b""

    def _find(self, number: int) -> None:
        if number < self._number:
            self._begin()
        self._place += sum(islice(self._taken, number - self._number - 1))
        taken = next(self._taken)
        size = min(CHUNK, self._index.along - number * CHUNK)
        data = self._file.read(self._place, taken)
        self._chunk = data if taken == size else _expanded(data, size)
        self._number, self._place = number, self._place + taken


def _expanded(data: bytes, size: int) -> bytes:
    """Raises TrustError, also where this Python has no LZMA: another source may serve."""
    try:
        import lzma
    except ImportError as error:
        raise TrustError("the delta is compressed by LZMA, which this Python does not have") from error
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": CHUNK}]
    try:
        reader = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        found = reader.decompress(data, size + 1)
    except lzma.LZMAError as error:
        raise TrustError(f"a chunk cannot be expanded: {error}") from error
    if len(found) != size or not reader.eof or reader.unused_data:
        raise TrustError(f"a chunk has other than {size} bytes")
    return found


class _File:
    """A blob, read forwards by one request as long as nothing is left out: `at` is where that is."""

    def __init__(self, blobs: Place, blob: Blob) -> None:
        self._blobs = blobs
        self._blob = blob
        self._stream: Iterator[bytes] | None = None
        self._at = self._came = 0
        self._rest = b""

    def read(self, at: int, length: int) -> bytes:
        """Raises DeviceError, TrustError where the blob is shorter than it was said to be."""
        if self._stream is None or at != self._at:
            self._find(at)
        return b"".join(self._parts(length))

    def _find(self, at: int) -> None:
        """From a server that gives no part of a file what is not wanted comes too, and is passed over."""
        self._open(at)
        try:
            self._rest = self._piece()
        except WholeFilesError:
            self._open(0)
            while self._at < at:
                next(self._parts(min(at - self._at, PIECE)))

    def _open(self, at: int) -> None:
        self._stream = self._blobs.stream((self._blob.sha256,), at, self._blob.size - at)
        self._at, self._came, self._rest = at, 0, b""

    def _parts(self, length: int) -> Iterator[bytes]:
        while length:
            piece = self._rest or self._piece()
            part, self._rest = piece[:length], piece[length:]
            self._at, length = self._at + len(part), length - len(part)
            if self._at == self._blob.size:
                self._stream = None  # whose connection serves for something else now
            yield part

    def _piece(self) -> bytes:
        """The next bytes of the answer, or of a further one: a chunk is more than some lines give at once."""
        try:
            piece = next(self._stream or iter(()), b"")
        except DeviceError:
            self._stream = None
            if self._came < ENOUGH:
                raise
            self._open(self._at)
            return self._piece()
        if not piece:
            raise TrustError(f"{self._blob.sha256}: ends before the {self._blob.size} bytes that it should have")
        self._came += len(piece)
        return piece
