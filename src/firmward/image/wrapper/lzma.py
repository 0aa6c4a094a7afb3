"""LZMA alone (`.lzma`): no magic, so that the properties must be those that encoders write.

Byte 0 holds lc, lp and pb; four bytes the dictionary's size; eight the expanded size, or -1 for an end marker. Some
makers leave those eight out. Never looked for in a raw dump: kernels and uImages name it, or it stands at the start of
a part.
"""

import lzma
from collections.abc import Iterator

from firmward.image import stream
from firmward.image.budget import Budget
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Source

MEMORY = 512 << 20
"""Bytes the decoder may take."""

PROPERTIES = (0x5D, 0x6D, 0x5E, 0x66)
"""lc=3 lp=0 pb=2, which nearly all encoders write, and those seen in the field (lp=1; lc=4; pb=2 with lc=0 lp=2)."""

LARGEST = 1 << 32
"""Expanded bytes that a header may promise."""

NO_SIZE = (1 << 64) - 1

PROBE, SURE = 4 << 10, 8 << 10
"""Compressed bytes tried; expanded ones that must come out where only a few bytes say that it is a stream at all."""

SMALLEST_STREAM = 18
"""Bytes: the header and the range coder's first five."""


def _has_properties(head: bytes) -> bool:
    dictionary = int.from_bytes(head[1:5], "little")
    lone_bits = dictionary.bit_count() in (1, 2)  # 2^n, or 2^n + 2^(n-1)
    return len(head) >= SMALLEST_STREAM and head[0] in PROPERTIES and lone_bits and (1 << 12) <= dictionary <= (1 << 29)


def _says_size(head: bytes) -> bool:
    """Whether a size, or -1, stands before the stream, whose first byte is zero."""
    size = int.from_bytes(head[5:13], "little")
    return head[13] == 0 and (size == NO_SIZE or 0 < size <= LARGEST)


def _alone() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY)


class Sizeless:
    """A decoder for streams whose header leaves the size out: it is put there, as unknown."""

    def __init__(self) -> None:
        self._decoder = _alone()
        self._head = b""

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return self._decoder.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        if len(self._head) < 5:
            self._head += data
            if len(self._head) < 5:
                return b""
            data = self._head[:5] + NO_SIZE.to_bytes(8, "little") + self._head[5:]
        return self._decoder.decompress(data, max_length)


ERRORS = (lzma.LZMAError, EOFError)
CODEC = stream.Codec(_alone, ERRORS, lambda _: False)
SIZELESS = stream.Codec(Sizeless, ERRORS, lambda _: False)


def _codec(source: Source) -> stream.Codec | None:
    """How a source is read; None when it is no stream, or its first bytes cannot be expanded."""
    head = source.read(0, PROBE)
    if not _has_properties(head):
        return None
    if _says_size(head):
        codec, wanted = CODEC, 512
    elif head[5] == 0 and head[6:64].strip(b"\0"):
        codec, wanted = SIZELESS, SURE
    else:
        return None
    try:
        made = codec.decoder().decompress(head, wanted)
    except ERRORS:
        return None
    return codec if codec is CODEC or len(made) == SURE else None


def measure(source: Source) -> int | None:
    return source.size if _codec(source) else None


def open_lzma(source: Source, budget: Budget) -> Iterator[Child]:
    yield from stream.child("content", stream.expand(source, _codec(source) or CODEC, budget), source)


def end(source: Source, budget: Budget) -> int:
    return stream.length(source, _codec(source) or CODEC, budget)


ABOUT = About(
    title="LZMA alone",
    reads="Streams with the properties that encoders write, also where a maker left the size out.",
    limits="Not looked for inside a dump, as it has no magic. Without size and end mark, the end is told as cut off.",
    witness="lzma of xz-utils",
)

MAGICS = tuple(Magic(bytes([first])) for first in PROPERTIES)
FORMAT = Format("lzma", MAGICS, measure, open_lzma, ABOUT, carve=False, end=end)
