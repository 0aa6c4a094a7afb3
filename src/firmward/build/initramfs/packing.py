"""How an initramfs is packed, so that the kernel unpacks it: what each of its decompressors takes, and what not.

xz with a checksum that the kernel knows (CRC32) and a dictionary that a small device has memory for (Documentation/
staging/xz), lz4 in its old frame without an end (lib/decompress_unlz4.c), gzip without a time.
"""

import gzip
import lzma
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from firmward.model.errors import InputError

EXPANDED_LIMIT = 1 << 30
"""Bytes of an archive that is read."""
XZ_DICTIONARY = 8 << 20
"""Bytes that the kernel has to find in one piece while it unpacks."""
LZ4_BLOCK = 8 << 20
"""Bytes of a block of the legacy frame, all but the last."""
LZ4_MAGIC = 0x184C2102
ERRORS = (lzma.LZMAError,)
"""What is raised for a damaged stream, besides the usual."""


class Sink(Protocol):
    """Where an archive goes."""

    def write(self, data: bytes, /) -> Any: ...


COMPRESSIONS = ("gzip", "xz", "zstd", "lz4", "none")
OPTIONS = {"gzip": "RD_GZIP", "xz": "RD_XZ", "zstd": "RD_ZSTD", "lz4": "RD_LZ4"}
"""The kernel's option, without CONFIG_, that lets it unpack an initramfs of a kind."""


@contextmanager
def packed(file: Any, compression: str) -> Iterator[Sink]:
    """A place to write to, whose bytes get into the file packed. Raises InputError for a kind that is not known."""
    match compression:
        case "gzip":
            with gzip.GzipFile("", "wb", 9, file, mtime=0) as sink:
                yield sink
        case "xz":
            filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": XZ_DICTIONARY}]
            with lzma.open(file, "wb", check=lzma.CHECK_CRC32, filters=filters) as packed_xz:
                yield packed_xz
        case "zstd":
            import zstandard

            engine = zstandard.ZstdCompressor(level=19, write_checksum=True)
            with engine.stream_writer(file, closefd=False) as streamed:
                yield streamed
        case "lz4":
            blocks = _LegacyBlocks(file)
            yield blocks
            blocks.finish()
        case "none":
            yield file
        case _:
            raise InputError(f"an initramfs cannot be packed with {compression!r}; known are {', '.join(COMPRESSIONS)}")


class _LegacyBlocks:
    """The old frame of lz4: a magic, then for each block its packed size and its bytes; nothing ends it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._held = bytearray()
        file.write(struct.pack("<I", LZ4_MAGIC))

    def write(self, data: bytes, /) -> None:
        self._held += data
        while len(self._held) >= LZ4_BLOCK:
            self._put(bytes(self._held[:LZ4_BLOCK]))
            del self._held[:LZ4_BLOCK]

    def finish(self) -> None:
        if self._held:
            self._put(bytes(self._held))

    def _put(self, block: bytes) -> None:
        import lz4.block  # type: ignore[import-untyped]

        packed: bytes = lz4.block.compress(block, mode="high_compression", compression=9, store_size=False)
        self._file.write(struct.pack("<I", len(packed)) + packed)


# reading


def expanded(path: Path) -> bytes:
    """An archive, packed or not. Raises OSError, EOFError, ValueError or one of ERRORS."""
    with path.open("rb") as file:
        magic = file.read(6)
        file.seek(0)
        if magic.startswith(b"\x1f\x8b"):
            with gzip.open(file) as unpacked:
                return _bounded(unpacked.read)
        if magic == b"\xfd7zXZ\0":
            with lzma.open(file) as unpacked_xz:
                return _bounded(unpacked_xz.read)
        if magic.startswith(b"\x28\xb5\x2f\xfd"):
            import zstandard

            with zstandard.ZstdDecompressor().stream_reader(file) as streamed:
                try:
                    return _bounded(streamed.read)
                except zstandard.ZstdError as error:
                    raise ValueError(str(error)) from error
        if magic.startswith(struct.pack("<I", LZ4_MAGIC)):
            return _of_blocks(file)
        return _bounded(file.read)


def _bounded(read: Callable[[int], bytes]) -> bytes:
    pieces, length = [], 0
    while piece := read(1 << 20):
        length += len(piece)
        if length > EXPANDED_LIMIT:
            raise ValueError(f"expands to more than {EXPANDED_LIMIT} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _of_blocks(file: Any) -> bytes:
    import lz4.block

    file.seek(4)
    pieces, length = [], 0
    while len(head := file.read(4)) == 4:
        packed = file.read(min(struct.unpack("<I", head)[0], 2 * LZ4_BLOCK))
        try:
            piece: bytes = lz4.block.decompress(packed, uncompressed_size=LZ4_BLOCK)
        except lz4.block.LZ4BlockError as error:
            raise ValueError(str(error)) from error
        length += len(piece)
        if length > EXPANDED_LIMIT:
            raise ValueError(f"expands to more than {EXPANDED_LIMIT} bytes")
        pieces.append(piece)
    return b"".join(pieces)
