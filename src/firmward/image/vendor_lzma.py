"""LZMA as makers put it into squashfs: alone, with a shorter header, or with none.

No superblock tells which it is. The ways are to be tried in their order on one image until one of them reads it, and
that one is then the image's: a block alone proves little, since a bare stream may expand to something in many ways.
"""

import lzma
from itertools import product

from firmward.formats.malformed import Malformed
from firmward.formats.squashfs import Unpack
from firmward.image.block_codecs import unpack_lzma, unpack_zlib

DICTIONARY = 1 << 20
"""Bytes that a stream may reach back; no block is larger."""
SEARCHED_STARTS = range(11)
"""Where streams have been seen to begin in their blocks."""


def _marked(data: bytes, limit: int) -> bytes:
    """zlib, or LZMA alone with its usual properties: sqlzma takes for each block what makes it smaller."""
    return unpack_lzma(data, limit) if data[:1] == b"\x5d" else unpack_zlib(data, limit)


def _bare(data: bytes, limit: int, start: int, properties: tuple[int, int, int]) -> bytes:
    """An LZMA stream without header or end mark, from `start` on; `properties` are lc, lp and pb.

    It does not tell where its content ends: what the last bytes of the stream happen to mean may follow, up to `limit`.
    """
    lc, lp, pb = properties
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": DICTIONARY, "lc": lc, "lp": lp, "pb": pb}]
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters).decompress(data[start:], limit)
    except (lzma.LZMAError, MemoryError, ValueError) as error:
        raise Malformed(f"an lzma block is damaged: {error}") from None


def _packed_properties(byte: int) -> tuple[int, int, int]:
    return byte % 9, byte // 9 % 5, byte // 45


def _headed(at: int) -> Unpack:
    """The properties in one byte at `at`, four bytes of dictionary size, then the stream."""

    def unpack(data: bytes, limit: int) -> bytes:
        if len(data) < at + 5:
            raise Malformed("an lzma block is cut off")
        return _bare(data, limit, at + 5, _packed_properties(data[at]))

    return unpack


def _spelled(data: bytes, limit: int) -> bytes:
    """pb, lc and lp in a byte each and one more, then the stream: DD-WRT."""
    if len(data) < 5:
        raise Malformed("an lzma block is cut off")
    return _bare(data, limit, 4, (data[1], data[2], data[0]))


def _agreed(lc: int, lp: int, pb: int, start: int = 0) -> Unpack:
    """Nothing but the stream, or nothing else that matters."""
    return lambda data, limit: _bare(data, limit, start, (lc, lp, pb))


KNOWN: tuple[Unpack, ...] = (
    _marked,
    unpack_lzma,
    _headed(0),
    _headed(4),
    _spelled,
    _agreed(3, 0, 2),
    _agreed(0, 2, 2),
    _agreed(0, 0, 0),
    _agreed(1, 2, 2),
    _agreed(3, 0, 0),
)
"""zlib, and the framings that were found in the field. `_headed(0)` is TP-Link's, in squashfs 4.0 too."""

SEARCHED: tuple[Unpack, ...] = tuple(
    _agreed(lc, lp, pb, start)
    for start, lc, lp, pb in product(SEARCHED_STARTS, range(5), range(5), range(5))
    if lc + lp <= 4  # liblzma takes no more
)
"""Every start and all properties; a stream begins with a zero byte, so that most of them end at once."""

UNPACKS: tuple[Unpack, ...] = KNOWN + SEARCHED
