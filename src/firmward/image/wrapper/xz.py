"""xz: the container of LZMA2. Its length is found by stepping over the chunks of LZMA2, without decoding them."""

import lzma
import zlib
from collections.abc import Iterator

from firmward.image import stream
from firmward.image.budget import Budget
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Bytes, Source

MAGIC = b"\xfd7zXZ\0"

MEMORY = 512 << 20
"""Bytes the decoder may take: `xz -9` needs 65 MiB."""

CHECK_SIZES = {0: 0, 1: 4, 4: 8, 10: 32}
"""Bytes of check behind each block, by the stream's type of check (none, CRC32, CRC64, SHA-256)."""


def _begins(head: bytes) -> bool:
    flags = head[6:8]
    return (
        head[:6] == MAGIC
        and len(head) >= 12
        and flags[0] == 0
        and flags[1] in CHECK_SIZES
        and zlib.crc32(flags) == int.from_bytes(head[8:12], "little")
    )


CODEC = stream.Codec(
    lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY), (lzma.LZMAError, EOFError), _begins
)


def measure(source: Source) -> int | None:
    end = 0
    whole = True
    while whole and _begins(source.read(end, 12)):
        end, whole = _stream_end(source, end)
    return end or None


def _stream_end(source: Source, start: int) -> tuple[int, bool]:
    """Where the stream at `start` ends, and whether it is whole: else it ends at the damage."""
    check = CHECK_SIZES[source.read(start + 7, 1)[0]]
    offset = start + 12
    while header := source.read(offset, 1):
        if header == b"\0":
            footer = _index_end(source, offset)
            if footer is None or source.read(footer + 10, 2) != b"YZ":
                return min(offset + 1, source.size), False
            return footer + 12, True
        begin = offset + (header[0] + 1) * 4
        end, whole = _lzma2_end(source, begin)
        if not whole:
            return end, False
        offset = end + -(end - begin) % 4 + check
    return source.size, False


def _lzma2_end(source: Source, offset: int) -> tuple[int, bool]:
    """Where the chunks that begin at `offset` end, and whether the end mark is there."""
    while len(header := source.read(offset, 6)) > 0:
        control = header[0]
        if control == 0:
            return offset + 1, True
        if control >= 0x80 and len(header) == 6:  # LZMA: sizes less one, and a byte of properties from 0xc0 on
            offset += 5 + (control >= 0xC0) + int.from_bytes(header[3:5], "big") + 1
        elif control in (1, 2) and len(header) >= 3:
            offset += 4 + int.from_bytes(header[1:3], "big")
        else:
            return offset, False
    return source.size, False


def _index_end(source: Source, offset: int) -> int | None:
    """Where the footer begins behind the index at `offset`."""
    begin = offset
    count, offset = _number(source, offset + 1)
    if count > (source.size - begin) // 2:
        return None
    for _ in range(2 * count):
        _, offset = _number(source, offset)
    offset += -(offset - begin) % 4 + 4
    return offset if offset + 12 <= source.size else None


def _number(source: Source, offset: int) -> tuple[int, int]:
    """A number of seven bits per byte, and the offset behind it."""
    value = 0
    for place, byte in enumerate(source.read(offset, 9)):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, offset + place + 1
    return 1 << 63, offset


def open_xz(source: Source, budget: Budget) -> Iterator[Child]:
    result = stream.expand(source, CODEC, budget)
    yield Child("content", Bytes(result.data), problem=result.problem)


ABOUT = About(
    title="xz",
    reads="Concatenated streams.",
    limits="Checks beyond CRC32, CRC64 and SHA-256 are not known.",
    witness="xz",
)

FORMAT = Format("xz", (Magic(MAGIC),), measure, open_xz, ABOUT)
