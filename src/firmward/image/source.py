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


class Source(ABC):
    """A run of bytes of known size. `read` gives less than asked only at the end, and never raises for a range."""

    size: int

    @abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """The bytes from `offset`, at most `length`; negative or past the end gives none."""

    @abstractmethod
    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        """The offset of the first `needle` that begins at `start` or later and ends by `end`; -1 when there is none."""

    def slice(self, offset: int, size: int | None = None) -> "Source":
        """A part of this source, clipped to it."""
        offset = min(max(offset, 0), self.size)
        room = self.size - offset
        return Slice(self, offset, room if size is None else max(0, min(size, room)))

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
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._data[offset : offset + length]) if offset >= 0 and length > 0 else b""

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        return self._data.find(needle, start, self.size if end is None else end)


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
        stop = self.size if end is None else min(end, self.size)
        found = self._parent.find(needle, self._offset + max(start, 0), self._offset + stop)
        return found if found < 0 else found - self._offset


def open_file(path: Path) -> Source:
    """A regular file or block device, mapped read-only. Raises InputError when it is neither or cannot be read.

    The file is read through the map: should it shrink meanwhile, the kernel ends the process, so that what is audited
    must not be written to at the same time.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            raise InputError(f"{path}: not a file, folder or block device")
        size = os.lseek(descriptor, 0, os.SEEK_END)
        return Bytes(mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)) if size else Bytes(b"")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error
    finally:
        os.close(descriptor)
