"""The device's memory, as a flaw in a program gives it to an attacker: what lies there is found and overwritten while
the device runs.

QEMU shares it as a file without a name (docs/system/invocation, memory-backend-file). What Linux has read of a file
stays in whole pages of it, the rest of the last one zero (mm/filemap.c): there a file is told by its beginning.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PAGE = mmap.PAGESIZE
PIECE = 1 << 22
"""Bytes that are looked through at once, whole pages."""


@dataclass(frozen=True, slots=True)
class Page:
    """`at` is its place in the memory."""

    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Memory:
    """`size` in bytes."""

    descriptor: int
    size: int

    @property
    def arguments(self) -> tuple[str, ...]:
        """QEMU's, which inherits the descriptor."""
        backend = f"memory-backend-file,id=memory,size={self.size},mem-path=/proc/self/fd/{self.descriptor},share=on"
        return ("-object", backend, "-machine", "memory-backend=memory")

    def pages(self, beginning: bytes) -> Iterator[Page]:
        """Those that begin so, as the first page of a file does."""
        for start, end in self._filled():
            for at in range(start, end, PIECE):
                piece = os.pread(self.descriptor, min(PIECE, end - at), at)
                found = piece.find(beginning)
                while found >= 0:
                    if found % PAGE == 0:
                        yield Page(at + found, piece[found : found + PAGE])
                    found = piece.find(beginning, found + 1)

    def overwrite(self, at: int, data: bytes) -> None:
        os.pwrite(self.descriptor, data, at)

    def _filled(self) -> Iterator[tuple[int, int]]:
        """What the device has not touched takes no room, and would if it were read."""
        end = 0
        while end < self.size:
            try:
                start = os.lseek(self.descriptor, end, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                return
            end = os.lseek(self.descriptor, start, os.SEEK_HOLE)
            yield start, end


@contextmanager
def shared(size: int) -> Iterator[Memory]:
    descriptor = os.memfd_create("memory")
    try:
        os.ftruncate(descriptor, size)
        yield Memory(descriptor, size)
    finally:
        os.close(descriptor)
