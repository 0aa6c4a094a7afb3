"""lzip: members of LZMA with fixed properties, each with a checksum and both its lengths behind it."""

import lzma
import zlib
from collections.abc import Iterator

from firmward.image import stream
from firmward.image.budget import Budget
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Source

MAGIC = b"LZIP\x01"
HEADER, TRAILER = 6, 20
"""Bytes: the magic, the version and the dictionary's size; CRC32, length of the content, length of the member."""
SMALLEST_DICTIONARY, LARGEST_DICTIONARY = 4 << 10, 512 << 20
PROBE = 1 << 10
"""Compressed bytes tried."""


def _dictionary(code: int) -> int:
    """A power of two, less some sixteenths of it."""
    base = 1 << (code & 0x1F)
    return base - (base // 16) * (code >> 5)


def _begins(head: bytes) -> bool:
    """The first byte of an LZMA stream is zero."""
    return (
        head[:5] == MAGIC
        and len(head) > HEADER
        and SMALLEST_DICTIONARY <= _dictionary(head[5]) <= LARGEST_DICTIONARY
        and head[HEADER] == 0
    )


def _engine(code: int) -> lzma.LZMADecompressor:
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": _dictionary(code), "lc": 3, "lp": 0, "pb": 2}]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)


class Member:
    """One member as a decoder: its header, its LZMA stream, and its trailer, which is held against what came out."""

    def __init__(self) -> None:
        self._head = b""
        self._engine: lzma.LZMADecompressor | None = None
        self._trailer = b""
        self._taken = 0
        self._made = 0
        self._checksum = 0
        self.eof = False
        self.unused_data = b""

    @property
    def needs_input(self) -> bool:
        if self._engine is not None and self._engine.eof:
            return len(self._trailer) < TRAILER
        return self._engine is None or self._engine.needs_input

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        """Raises LZMAError for what is damaged, checksum and lengths among it; no content is lost to a bad trailer."""
        self._taken += len(data)
        if self._engine is None:
            self._head += data
            if len(self._head) <= HEADER:
                return b""
            if not _begins(self._head):
                raise lzma.LZMAError("no header of a member")
            self._engine = _engine(self._head[5])
            data = self._head[HEADER:]
        piece = b""
        if not self._engine.eof:
            piece = self._engine.decompress(data, max_length)
            self._made += len(piece)
            self._checksum = zlib.crc32(piece, self._checksum)
            data = self._engine.unused_data
        if self._engine.eof:
            self._trailer += data
        if self._engine.eof and not piece and len(self._trailer) >= TRAILER:
            self._end()
        return piece

    def _end(self) -> None:
        self.eof = True
        self.unused_data = self._trailer[TRAILER:]
        said = [int.from_bytes(self._trailer[at:end], "little") for at, end in ((0, 4), (4, 12), (12, 20))]
        if said != [self._checksum, self._made, self._taken - len(self.unused_data)]:
            raise lzma.LZMAError("a member's checksum or lengths do not hold")


CODEC = stream.Codec(Member, (lzma.LZMAError, EOFError, MemoryError), _begins)


def measure(source: Source) -> int | None:
    """The length stands at the end only: members that end with the source are all of it, else `end` reads through."""
    head = source.read(0, PROBE)
    if not _begins(head):
        return None
    try:
        Member().decompress(head, 512)
    except CODEC.errors:
        return None
    return source.size


def open_lzip(source: Source, budget: Budget) -> Iterator[Child]:
    yield from stream.child("content", stream.expand(source, CODEC, budget), source)


def end(source: Source, budget: Budget) -> int:
    return stream.length(source, CODEC, budget)


ABOUT = About(
    title="lzip",
    reads="Concatenated members, with their checksums and lengths.",
    limits="A damaged member gives what came before; version 0 is not read.",
    witness="lzip",
)

FORMAT = Format("lzip", (Magic(MAGIC),), measure, open_lzip, ABOUT, end=end)
