"""romfs: file headers in chains, each with its content behind it, all big-endian.

The rules this file holds:

- The header of a file is four words (the next file in the folder, a word by kind, size, checksum) and its name, padded
  to 16 bytes. The low four bits of the first word are the kind and whether the file may be executed.
- The words of a header and its name add up to 0; so do the first 512 bytes of the image.
- The first file is the root. A folder's word leads to its first file, a hard link's to the file that it is.
- Owners, modes and times there are none: Linux shows what `MODES` says.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from firmward.formats.malformed import Malformed
from firmward.model.tree import Kind

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"-rom1fs-"
SUMMED = 512
"""Bytes of the image that its checksum covers."""
NAME_LIMIT = 256
"""Bytes of a name or volume name, its end counted."""
HARD_LINK = 0
KINDS = (
    None,
    Kind.DIRECTORY,
    Kind.FILE,
    Kind.SYMLINK,
    Kind.BLOCK,
    Kind.CHARACTER,
    Kind.SOCKET,
    Kind.FIFO,
)
MODES = {
    Kind.DIRECTORY: 0o644,
    Kind.FILE: 0o644,
    Kind.SYMLINK: 0o777,
    Kind.BLOCK: 0o600,
    Kind.CHARACTER: 0o600,
    Kind.SOCKET: 0o644,
    Kind.FIFO: 0o644,
}
"""What Linux shows; what may be executed is so for all."""
_EXECUTABLE = 8
_HEADER = struct.Struct(">IIII")
LINKS = 8
"""Hard links to hard links that are followed."""


def _sum(data: bytes) -> int:
    words: tuple[int, ...] = struct.unpack(f">{len(data) // 4}I", data[: len(data) & ~3])
    return sum(words) & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Superblock:
    size: int
    volume: str
    root: int
    """Where the first header stands."""


def parse_superblock(read: Read) -> Superblock:
    """Raises Malformed when the bytes are no romfs, or its checksum does not hold."""
    data = read(0, SUMMED)
    if len(data) < 32 or data[:8] != MAGIC:
        raise Malformed("no romfs superblock")
    size = int.from_bytes(data[8:12], "big")
    end = data.find(b"\0", 16, 16 + NAME_LIMIT)
    if size < 32 or end < 0 or len(data) < min(size, SUMMED):
        raise Malformed("a superblock that contradicts itself")
    if _sum(data[: min(size, SUMMED)]):
        raise Malformed("the checksum of the superblock does not hold")
    return Superblock(size, data[16:end].decode("utf-8", "replace"), _padded(end + 1))


def _padded(length: int) -> int:
    return length + 15 & ~15


class File(NamedTuple):
    """One header."""

    at: int
    following: int
    """The next file in the folder; 0 after the last."""
    kind: Kind | None
    """None for a hard link."""
    is_executable: bool
    word: int
    size: int
    name: bytes
    content: int
    holds: bool
    """Whether its checksum does."""


class Romfs:
    """One file system. Every method raises Malformed when what it was asked for is damaged."""

    def __init__(self, superblock: Superblock, read: Read) -> None:
        self.superblock = superblock
        self._read = read

    def file(self, at: int) -> File:
        data = self._read(at, 16 + NAME_LIMIT)
        end = data.find(b"\0", 16)
        if at & 15 or at >= self.superblock.size or end < 0:
            raise Malformed(f"no file header at {at:#x}")
        first, word, size, _checksum = _HEADER.unpack_from(data)
        length = _padded(end + 1)
        kind = KINDS[first & 7]
        return File(
            at, first & ~15, kind, bool(first & _EXECUTABLE), word, size, data[16:end], at + length,
            not _sum(data[:length]),
        )  # fmt: skip

    def meant(self, file: File) -> File:
        """The file itself, hard links followed."""
        for _ in range(LINKS):
            if file.kind is not None:
                return file
            file = self.file(file.word & ~15)
        raise Malformed("hard links that lead to hard links")

    def listing(self, folder: File) -> Iterator[File]:
        """The files of a folder but `.` and `..`; what comes before a damage is given before Malformed is raised."""
        met = set()
        at = folder.word & ~15
        while at:
            if at in met:
                raise Malformed("a chain of files runs in a circle")
            met.add(at)
            file = self.file(at)
            if file.name not in (b".", b".."):
                yield file
            at = file.following

    def content(self, file: File, length: int) -> Iterator[bytes]:
        """The content in pieces of at most `length` bytes."""
        end = file.content + file.size
        if end > self.superblock.size:
            raise Malformed("its content lies outside the file system")
        for at in range(file.content, end, length):
            data = self._read(at, min(length, end - at))
            if len(data) < min(length, end - at):
                raise Malformed("the image ends before its file system")
            yield data
