"""The documents of a feed, one after the other, from a file, a folder or an archive as its upstream lays it out.

Nothing is unpacked: a member is a stream, which is read to its end or left before the next is asked for. Names serve to
tell what a document is and are never used as paths, so that none leads anywhere. What is decompressed, how many
documents there are and how deep archives lie in one another is bounded: a bomb ends with InputError.
"""

import gzip
import io
import lzma
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import zstandard

from firmward.formats import tar
from firmward.formats import zip as zip_format
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError

PIECE = 1 << 18
NAME_LIMIT = 1000
NESTING = 3
"""Archives in archives: CVE's list comes as a zip in a zip."""
ZSTD_WINDOW = 1 << 27
ZSTD_PIECE = 1 << 11
"""Bytes unpacked at a time: four of them may stand for 128 KiB."""
ENDLESS = 1 << 62
STORED, DEFLATED = 0, 8
TAR_NAMES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz")
DIRECTORY_LIMIT = 256 << 20
"""Bytes of a zip's central directory."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its `name` with the folders above it, as its archive writes it, and its bytes."""

    name: str
    stream: BinaryIO

    def read(self, limit: int) -> bytes:
        """All of it. Raises Malformed where that is more."""
        content = self.stream.read(limit + 1)
        if len(content) > limit:
            raise Malformed(f"has more than {limit} bytes")
        return content


@dataclass(slots=True)
class Budget:
    """What one feed may still cost: `bytes` decompressed, and `documents`."""

    bytes: int = 16 << 30
    documents: int = 2_000_000

    def take_bytes(self, count: int, name: str) -> None:
        self.bytes -= count
        if self.bytes < 0:
            raise InputError(f"{name}: holds more than a feed may have; nothing of it was taken")

    def take_document(self, name: str) -> None:
        self.documents -= 1
        if self.documents < 0:
            raise InputError(f"{name}: holds more documents than a feed may have; nothing of it was taken")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Metered(io.RawIOBase):
    """What a decompressor gives, counted; damage of the compression is told as the file's."""

    def __init__(self, inner: _Readable, budget: Budget, name: str) -> None:
        self._inner, self._budget, self._name = inner, budget, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        try:
            piece = self._inner.read(len(view))
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zstandard.ZstdError) as error:
            raise InputError(f"{self._name}: the compressed data are damaged or cut off: {error}"[:300]) from error
        self._budget.take_bytes(len(piece), self._name)
        view[: len(piece)] = piece
        return len(piece)


def documents(
    path: Path, budget: Budget, tell: Callable[[str], None] = lambda name: None, called: str = ""
) -> Iterator[Document]:
    """All documents of a file or folder, a folder's in the order of their names. A file may be `called` otherwise than
    its path says. Raises InputError."""
    try:
        if path.is_dir():
            yield from _of_folder(path, budget, tell)
        elif path.is_file():
            with path.open("rb") as file:
                yield from opened(called or path.name, file, budget)
        else:
            raise InputError(f"{path}: there is no such file or folder")
    except OSError as error:
        raise InputError(f"{error.filename or path}: {error.strerror or error}") from error


def _of_folder(folder: Path, budget: Budget, tell: Callable[[str], None]) -> Iterator[Document]:
    """Links are not followed: a folder may not lead out of itself."""
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name != ".git")
        for name in sorted(names):
            file = Path(place, name)
            if file.is_symlink() or not file.is_file():
                continue
            tell(name)
            with file.open("rb") as stream:
                yield from opened(str(file.relative_to(folder)), stream, budget)


def opened(name: str, stream: BinaryIO, budget: Budget, depth: int = 0) -> Iterator[Document]:
    """The documents in a file: itself, decompressed, or the members of an archive, told by their first bytes."""
    if depth > NESTING:
        raise InputError(f"{name}: archives lie more than {NESTING} deep in one another")
    buffered = io.BufferedReader(cast("io.RawIOBase", stream), PIECE) if not hasattr(stream, "peek") else stream
    head = cast("io.BufferedReader", buffered).peek(8)[:8]
    if head.startswith(zip_format.LOCAL):
        yield from _of_zip(name, buffered, budget, depth)
        return
    for magic, suffixes, decompress in COMPRESSED:
        if head.startswith(magic):
            inner = io.BufferedReader(_Metered(decompress(buffered), budget, name), PIECE)
            yield from opened(_without(name, suffixes), inner, budget, depth + 1)
            return
    if name.endswith(TAR_NAMES) or _is_tar(cast("io.BufferedReader", buffered)):
        yield from _of_tar(name, buffered, budget, depth)
        return
    budget.take_document(name)
    yield Document(name[:NAME_LIMIT], buffered)


def _gzip(stream: BinaryIO) -> _Readable:
    return gzip.GzipFile(fileobj=stream)


def _zstd(stream: BinaryIO) -> _Readable:
    return _Zstd(stream)


class _Zstd:
    """Frames of zstd, the last of which must be whole: the library's own reader takes a cut for the end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
        self._frame = self._decompressor.decompressobj()
        self._is_begun = False
        self._packed, self._out, self._at = b"", b"", 0

    def read(self, size: int, /) -> bytes:
        while self._at == len(self._out):
            piece = self._packed or self._stream.read(ZSTD_PIECE)
            if not piece:
                if self._is_begun:
                    raise EOFError("the end is missing")
                return b""
            self._out, self._at, self._is_begun = self._frame.decompress(piece), 0, True
            self._packed = b""
            if self._frame.eof:
                self._packed, self._is_begun = self._frame.unused_data, False
                self._frame = self._decompressor.decompressobj()
        out = self._out[self._at : self._at + size]
        self._at += len(out)
        return out


def _xz(stream: BinaryIO) -> _Readable:
    return _Xz(stream)


class _Xz:
    """xz with a bound on what its dictionary may take."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decompressor = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=ZSTD_WINDOW)

    def read(self, size: int, /) -> bytes:
        while not self._decompressor.eof:
            piece = self._stream.read(PIECE) if self._decompressor.needs_input else b""
            if not piece and self._decompressor.needs_input:
                raise EOFError("the end is missing")
            out = self._decompressor.decompress(piece, size)
            if out:
                return out
        return b""


COMPRESSED: tuple[tuple[bytes, tuple[str, ...], Callable[[BinaryIO], _Readable]], ...] = (
    (b"\x1f\x8b", (".gz", ".tgz"), _gzip),
    (b"\x28\xb5\x2f\xfd", (".zst", ".zstd"), _zstd),
    (b"\xfd7zXZ\x00", (".xz",), _xz),
)


def _without(name: str, suffixes: tuple[str, ...]) -> str:
    for suffix in suffixes:
        if name.endswith(suffix):
            return name.removesuffix(suffix) + (".tar" if suffix == ".tgz" else "")
    return name


def _is_tar(stream: io.BufferedReader) -> bool:
    head = stream.peek(tar.BLOCK)[: tar.BLOCK]
    return len(head) == tar.BLOCK and head[257:262] == b"ustar" and tar.checksum_holds(head)


class _Forward:
    """A stream that is read from places which only grow, as a tar's members ask."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name, self._at = stream, name, 0

    def read(self, offset: int, size: int) -> bytes:
        if offset < self._at:
            raise Malformed("members lie in one another")
        while self._at < offset:
            passed = self._stream.read(min(PIECE, offset - self._at))
            if not passed:
                return b""
            self._at += len(passed)
        content = self._stream.read(size)
        self._at += len(content)
        return content


class _Member(io.RawIOBase):
    """A file in a tar: so many bytes from here."""

    def __init__(self, forward: _Forward, start: int, size: int) -> None:
        self._forward, self._at, self._end = forward, start, start + size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        piece = self._forward.read(self._at, min(len(view), self._end - self._at)) if self._at < self._end else b""
        self._at += len(piece)
        view[: len(piece)] = piece
        return len(piece)


def _of_tar(name: str, stream: BinaryIO, budget: Budget, depth: int) -> Iterator[Document]:
    forward = _Forward(stream, name)
    try:
        for member in tar.members(forward.read, ENDLESS):
            budget.take_document(name)
            if member.type not in (b"0", b"\0", b"7") or member.pieces is not None:
                continue
            inner = io.BufferedReader(_Member(forward, member.data, member.size), PIECE)
            yield from opened(_told(member.name), inner, budget, depth + 1)
    except Malformed as error:
        raise InputError(f"{name}: the archive is damaged or cut off: {error}") from error


def _told(name: bytes) -> str:
    return name[:NAME_LIMIT].decode("utf-8", "replace")


def _of_zip(name: str, stream: BinaryIO, budget: Budget, depth: int) -> Iterator[Document]:
    with closing(_seekable(name, stream, budget, depth)) as file:
        size = file.seek(0, io.SEEK_END)

        def read(offset: int, count: int) -> bytes:
            if offset < 0 or count <= 0:
                return b""
            file.seek(offset)
            return file.read(count)

        directory = zip_format.find_directory(read, lambda mark, start: _last(read, mark, start, size), size)
        if directory is None or directory.size > DIRECTORY_LIMIT:
            raise InputError(f"{name}: the archive is damaged or cut off: it has no directory at its end")
        found = 0
        for member in zip_format.members(read, directory):
            found += 1
            budget.take_document(name)
            if member.name.endswith(b"/"):
                continue
            if member.encrypted or member.method not in (STORED, DEFLATED):
                raise InputError(f"{name}: {_told(member.name)} is encrypted or packed in a way that no feed uses")
            start = zip_format.data_offset(read, member)
            if start is None or start + member.packed > size:
                raise InputError(f"{name}: the archive is damaged: {_told(member.name)} lies outside of it")
            packed = _Deflated(read, start, member.packed, deflated=member.method == DEFLATED)
            inner = io.BufferedReader(_Metered(packed, budget, f"{name}: {_told(member.name)}"), PIECE)
            yield from opened(_told(member.name), inner, budget, depth + 1)
        if found < directory.count:
            raise InputError(f"{name}: the archive's directory is damaged after {found} of {directory.count} names")


def _last(read: Callable[[int, int], bytes], mark: bytes, start: int, size: int) -> int:
    found = read(start, size - start).rfind(mark)
    return found if found < 0 else start + found


def _seekable(name: str, stream: BinaryIO, budget: Budget, depth: int) -> BinaryIO:
    """The outermost file itself; a copy without a name of one that lies in another."""
    if not depth:
        return cast("BinaryIO", os.fdopen(os.dup(stream.fileno()), "rb"))
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    while piece := stream.read(PIECE):
        copy.write(piece)
    return cast("BinaryIO", copy)


class _Deflated:
    """A zip's member, unpacked as it is read."""

    def __init__(self, read: Callable[[int, int], bytes], start: int, size: int, *, deflated: bool) -> None:
        self._read, self._at, self._end = read, start, start + size
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if deflated else None
        self._tail = b""

    def read(self, size: int, /) -> bytes:
        if self._inflate is None:
            return self._packed(size)
        while not self._inflate.eof:
            packed = self._tail or self._packed(PIECE)
            if not packed:
                raise EOFError("the end is missing")
            out = self._inflate.decompress(packed, size)
            self._tail = self._inflate.unconsumed_tail
            if out:
                return out
        return b""

    def _packed(self, size: int) -> bytes:
        piece = self._read(self._at, min(size, self._end - self._at))
        self._at += len(piece)
        return piece
