"""Unpacking of single compressed blocks, each bounded before it is done.

A block says nothing reliable about its content's length, so that each function takes the most that it may expand to and
raises Malformed rather than go beyond. lz4, lzo and zstd come from wheels that are imported when first needed: a zlib
image shall not wait for them.
"""

import lzma
import threading
from collections.abc import Callable

from firmward.formats.malformed import Malformed
from firmward.image import inflate

Codec = Callable[[bytes, int], bytes]

XZ_MEMORY = 64 << 20
"""Bytes that liblzma may take; a dictionary is no larger than a block, which is 1 MiB at most."""
LZO_TRANSIENT = 64 << 20
"""Bytes that a block may expand to at worst before it is measured first; lzallright has no bound of its own."""
_LZO_WORST = 256
"""Bytes that one byte of LZO can make."""


def unpack_zlib(data: bytes, limit: int) -> bytes:
    engine = inflate.inflater(inflate.ZLIB)
    try:
        content = engine.decompress(data, limit + 1)
    except inflate.ERRORS as error:
        raise Malformed(f"a zlib block is damaged: {error}") from None
    return _bounded(content, limit, is_whole=engine.eof)


def unpack_xz(data: bytes, limit: int) -> bytes:
    return _unpack_lzma(data, limit, lzma.FORMAT_XZ)


def unpack_lzma(data: bytes, limit: int) -> bytes:
    return _unpack_lzma(data, limit, lzma.FORMAT_ALONE)


def _unpack_lzma(data: bytes, limit: int, container: int) -> bytes:
    try:
        engine = lzma.LZMADecompressor(container, memlimit=XZ_MEMORY)
        content = engine.decompress(data, limit + 1)
    except (lzma.LZMAError, MemoryError) as error:
        raise Malformed(f"an xz or lzma block is damaged: {error}") from None
    return _bounded(content, limit, is_whole=engine.eof)


def _start_of_zlib(data: bytes, length: int) -> bytes:
    try:
        return inflate.inflater(inflate.ZLIB).decompress(data, length)
    except inflate.ERRORS as error:
        raise Malformed(f"a zlib block is damaged: {error}") from None


def _start_of_xz(data: bytes, length: int) -> bytes:
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY).decompress(data, length)
    except (lzma.LZMAError, MemoryError) as error:
        raise Malformed(f"an xz block is damaged: {error}") from None


def unpack_lz4(data: bytes, limit: int) -> bytes:
    import lz4.block  # type: ignore[import-untyped]

    try:
        content: bytes = lz4.block.decompress(data, uncompressed_size=limit)
    except lz4.block.LZ4BlockError as error:
        raise Malformed(f"an lz4 block is damaged: {error}") from None
    return content


_engines = threading.local()
"""A zstd engine serves one thread at a time, and making one costs more than a small block."""


def unpack_zstd(data: bytes, limit: int) -> bytes:
    import zstandard

    engine = getattr(_engines, "zstd", None)
    if engine is None:
        engine = _engines.zstd = zstandard.ZstdDecompressor()
    try:
        # the library allocates what the frame's header says, whatever the limit
        if zstandard.frame_content_size(data) > limit:
            raise Malformed(f"a zstd block expands beyond {limit} bytes")
        content: bytes = engine.decompress(data, max_output_size=limit)
    except (zstandard.ZstdError, MemoryError) as error:
        raise Malformed(f"a zstd block is damaged: {error}") from None
    return content


def unpack_lzo(data: bytes, limit: int) -> bytes:
    import lzallright

    if len(data) * _LZO_WORST > LZO_TRANSIENT and lzo_length(data, limit) > limit:
        raise Malformed(f"an lzo block expands beyond {limit} bytes")
    try:
        content = lzallright.LZOCompressor.decompress(data, limit)
    except lzallright.LZOError as error:
        raise Malformed(f"an lzo block is damaged: {error}") from None
    return _bounded(content, limit)


def lzo_length(data: bytes, limit: int) -> int:
    """Bytes that an LZO1X block expands to, counted without expanding it; the count stops beyond `limit`.

    An instruction below 16 is a literal run after a match, and a short match after literals; `run` is the number of
    literals before it (4 for a run of its own). Every match carries up to three literals in two of its bits.
    """
    at = length = run = 0
    try:
        if data[0] > 17:
            length = data[0] - 17
            at, run = 1 + length, min(length, 4)
        while length <= limit:
            code = data[at]
            at += 1
            if code < 16 and not run:
                count, at = _lzo_count(data, at, code, 15)
                length += count + 3
                at, run = at + count + 3, 4
                continue
            count, at, run = _lzo_match(data, at, code, run)
            if not count:
                break
            length += count + run
            at += run
    except IndexError:
        raise Malformed("an lzo block is cut off") from None
    return length


def _lzo_match(data: bytes, at: int, code: int, run: int) -> tuple[int, int, int]:
    """Bytes that a match copies (0 for the end mark), where its literals begin, and how many they are."""
    if code >= 64:
        return (code >> 5) + 1, at + 1, code & 3
    if code < 16:
        return 2 if run < 4 else 3, at + 1, code & 3
    mask = 31 if code >= 32 else 7
    count, at = _lzo_count(data, at, code & mask, mask)
    distance = int.from_bytes(data[at : at + 2], "little")
    is_end = code < 32 and not code & 8 and not distance >> 2
    return 0 if is_end else count + 2, at + 2, distance & 3


def _lzo_count(data: bytes, at: int, count: int, base: int) -> tuple[int, int]:
    """A count and where it ends: 0 means that bytes of 255 each follow, written as zeros, then the rest."""
    if count:
        return count, at
    start = at
    while not data[at]:
        at += 1
    return base + 255 * (at - start) + data[at], at + 1


def _bounded(content: bytes, limit: int, is_whole: bool = True) -> bytes:
    if len(content) > limit:
        raise Malformed(f"a block expands beyond {limit} bytes")
    if not is_whole:
        raise Malformed("a compressed block is cut off")
    return content


CODECS: dict[str, Codec] = {
    "gzip": unpack_zlib,
    "lzma": unpack_lzma,
    "lzo": unpack_lzo,
    "xz": unpack_xz,
    "lz4": unpack_lz4,
    "zstd": unpack_zstd,
}

STARTS: dict[Codec, Codec] = {unpack_zlib: _start_of_zlib, unpack_xz: _start_of_xz}
"""Those that can unpack a block's first bytes alone; what is behind them is not looked at, damaged or not."""
