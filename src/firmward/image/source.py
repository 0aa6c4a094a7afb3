"""Random access to the bytes of a part, wherever they lie."""

import hashlib
import mmap
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from firmward.model.errors import InputError

CHUNK = 1 << 20
"""Bytes per step when a whole source is read."""

SEEN = 32 << 20
"""Bytes read of a mapped file in small pieces before its pages are let go."""

RUNS = 4096
"""Runs of data kept of a sparse file; a file in more pieces counts as data to its end."""

FIRST_STEP = 16 << 10
"""Bytes that a search in a mapped file looks through first."""

_ZEROS = bytes(CHUNK)
_ONES = b"\xff" * CHUNK


def is_erased(piece: bytes) -> bool:
    """Whether bytes, CHUNK at most, are all 0x00 or all 0xff: faster than any other look at them."""
    return piece in (_ZEROS[: len(piece)], _ONES[: len(piece)])


class Source(ABC):
    """A run of bytes of known size. `read` gives less than asked only at the end, and never raises for a range."""

    size: int

    @abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """The bytes from `offset`, at most `length`; negative or past the end gives none."""

    @abstractmethod
    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        """The offset of the first `needle` that begins at `start` or later and ends by `end`; -1 when there is none."""

    def find_last(self, needle: bytes, start: int = 0) -> int:
        """The offset of the last `needle` that begins at `start` or later; -1 when there is none.

        Reads all from `start` on, so that `start` should be near the end.
        """
        found = self.read(start, self.size - start).rfind(needle)
        return found if found < 0 else found + start

    def slice(self, offset: int, size: int | None = None) -> "Source":
        """A part of this source, clipped to it."""
        offset = min(max(offset, 0), self.size)
        room = self.size - offset
        return Slice(self, offset, room if size is None else max(0, min(size, room)))

    def data(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
        """The runs `(start, end)` that may hold anything but zeros, in order: a sparse file's holes are left out."""
        stop = self.size if end is None else min(end, self.size)
        if 0 <= start < stop:
            yield start, stop

    def first_written(self, start: int = 0, end: int | None = None) -> int | None:
        """The offset of the first byte that is neither 0x00 nor 0xff (erased flash); None when all are."""
        for begin, stop in self.data(start, end):
            for offset in range(begin, stop, CHUNK):
                piece = self.read(offset, min(CHUNK, stop - offset))
                if is_erased(piece):
                    continue
                written = piece.lstrip(b"\0\xff")
                if written:
                    return offset + len(piece) - len(written)
        return None

    def chunks(self, length: int = CHUNK) -> Iterator[bytes]:
        offset = 0
        while piece := self.read(offset, length):
            yield piece
            offset += len(piece)

    def sha256(self) -> str:
        """`sha256:` and the digest of all the bytes."""
        digest = hashlib.sha256()
        for piece in self.chunks():
            digest.update(piece)
        return f"sha256:{digest.hexdigest()}"


class Bytes(Source):
    """Bytes in memory: what a wrapper expanded to, or a test."""

    def __init__(self, data: bytes | bytearray | mmap.mmap) -> None:
        self._data = data
        self._view = memoryview(data)
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._view[offset : offset + length]) if offset >= 0 and length > 0 else b""

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        return self._data.find(needle, max(start, 0), self.size if end is None else max(end, 0))


class Mapped(Bytes):
    """A file mapped read-only. `runs` are its pieces of data, where the file system tells of holes."""

    def __init__(self, data: mmap.mmap, runs: tuple[tuple[int, int], ...]) -> None:
        super().__init__(data)
        self._map = data
        self._last = 0
        self._seen = 0
        self._runs = runs

    def read(self, offset: int, length: int) -> bytes:
        """With a large piece all since the last is let go, and everything after many small ones: a page that was looked
        at through a map counts as memory."""
        piece = super().read(offset, length)
        self._seen += len(piece)
        if self._seen >= SEEN:
            self._map.madvise(mmap.MADV_DONTNEED)
            self._seen = 0
        if length >= CHUNK and piece:
            page = min(self._last, offset) // mmap.PAGESIZE * mmap.PAGESIZE
            self._map.madvise(mmap.MADV_DONTNEED, page, offset + len(piece) - page)
            self._last = offset
        return piece

    def data(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
        stop = self.size if end is None else min(end, self.size)
        for begin, until in self._runs:
            if begin < stop and until > start:
                yield max(begin, start), min(until, stop)

    def chunks(self, length: int = CHUNK) -> Iterator[bytes]:
        """Holes are not read."""
        position = 0
        for start, stop in (*self._runs, (self.size, self.size)):
            while position < start:
                step = min(length, CHUNK, start - position)
                yield _ZEROS[:step]
                position += step
            for offset in range(start, stop, length):
                yield self.read(offset, min(length, stop - offset))
            position = max(position, stop)

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        stop = self.size if end is None else min(end, self.size)
        margin = len(needle)
        for begin, until in self.data(start, stop):
            # A match may begin in a hole and end in data, or the reverse, when the needle holds zeros.
            found = self._find_in(needle, max(begin - margin, start), min(until + margin, stop))
            if found >= 0:
                return found
        return -1

    def _find_in(self, needle: bytes, start: int, stop: int) -> int:
        # A map searches itself byte by byte; copied piece by piece into bytes the search is many times as fast. Pieces
        # grow, since the next hit is often near.
        step = FIRST_STEP
        while start < stop:
            found = self.read(start, min(step + len(needle) - 1, stop - start)).find(needle)
            if found >= 0:
                return start + found
            start += step
            step = min(step * 4, CHUNK)
        return -1


class Slice(Source):
    """A window into another source."""

    def __init__(self, parent: Source, offset: int, size: int) -> None:
        # windows do not stack, so that depth costs nothing
        self._parent: Source = parent._parent if isinstance(parent, Slice) else parent
        self._offset: int = parent._offset + offset if isinstance(parent, Slice) else offset
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or length <= 0:
            return b""
        return self._parent.read(self._offset + offset, min(length, self.size - offset))

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        stop = self.size if end is None else min(max(end, 0), self.size)
        found = self._parent.find(needle, self._offset + max(start, 0), self._offset + stop)
        return found if found < 0 else found - self._offset

    def data(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
        stop = self.size if end is None else min(end, self.size)
        for begin, until in self._parent.data(self._offset + start, self._offset + stop):
            yield begin - self._offset, until - self._offset


def open_file(path: Path) -> Source:
    """A regular file or block device, mapped read-only. Raises InputError when it is neither or cannot be read.

    The file is read through the map: should it shrink meanwhile, the kernel ends the process, so that what is audited
    must not be written to at the same time.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', error)}") from error
    try:
        return map_descriptor(descriptor)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error
    finally:
        os.close(descriptor)


def map_descriptor(descriptor: int) -> Source:
    """An open file, mapped read-only; the descriptor may be closed afterwards. Raises OSError or ValueError."""
    status = os.fstat(descriptor)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        raise ValueError("not a file, folder or block device")
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if size == 0:
        return Bytes(b"")
    mapped = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
    sparse = stat.S_ISREG(status.st_mode) and status.st_blocks * 512 < size
    return Mapped(mapped, tuple(_runs(descriptor, size)) if sparse else ((0, size),))


def _runs(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    offset = 0
    for _ in range(RUNS):
        try:
            begin = os.lseek(descriptor, offset, os.SEEK_DATA)
            offset = os.lseek(descriptor, begin, os.SEEK_HOLE)
        except OSError:  # ENXIO: no data from here on
            return
        yield begin, min(offset, size)
        if offset >= size:
            return
    yield offset, size


SNIFFED = 4 << 10
"""Bytes a file in a tree must exceed to be looked at: nothing smaller holds an image."""
