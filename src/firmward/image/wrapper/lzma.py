"""LZMA alone (`.lzma`): no magic, so that the properties must be those that encoders write.

Byte 0 holds lc, lp and pb; four bytes the dictionary's size; eight the expanded size, or -1 for an end marker. Never
looked for in a raw dump: kernels and uImages name it, or it stands at the start of a part.
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

SMALLEST_STREAM = 18
"""Bytes: the header and the range coder's first five."""


def _begins(head: bytes) -> bool:
    if len(head) < 14 or head[0] not in PROPERTIES or head[13] != 0:
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    lone_bits = dictionary.bit_count() in (1, 2)  # 2^n, or 2^n + 2^(n-1)
    return lone_bits and (1 << 12) <= dictionary <= (1 << 29) and (size == (1 << 64) - 1 or 0 < size <= LARGEST)


CODEC = stream.Codec(
    lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY), (lzma.LZMAError, EOFError), lambda _: False
)


def measure(source: Source) -> int | None:
    head = source.read(0, 1024)
    if len(head) < SMALLEST_STREAM or not _begins(head):
        return None
    try:
        CODEC.decoder().decompress(head, 512)
    except lzma.LZMAError:
        return None
    return source.size


def open_lzma(source: Source, budget: Budget) -> Iterator[Child]:
    yield from stream.child("content", stream.expand(source, CODEC, budget), source)


def end(source: Source, budget: Budget) -> int:
    return stream.length(source, CODEC, budget)


ABOUT = About(
    title="LZMA alone",
    reads="Streams with the properties that encoders write.",
    limits="Not looked for inside a dump, as it has no magic.",
    witness="lzma of xz-utils",
)

MAGICS = tuple(Magic(bytes([first])) for first in PROPERTIES)
FORMAT = Format("lzma", MAGICS, measure, open_lzma, ABOUT, carve=False, end=end)
