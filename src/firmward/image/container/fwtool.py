"""What OpenWrt's fwtool puts behind a sysupgrade image: metadata as JSON, a signature, each with a trailer.

The metadata has a header of eight zero bytes; a trailer is `FWx0`, a CRC-32 over the image and all that follows to
here, a type and the size of data and trailer. Big endian.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Source

MARK = b"FWx0"
HEADER = bytes(8)
TRAILER_SIZE = 16
METADATA_LIMIT = 30 << 10
"""Bytes of metadata that fwtool writes."""
SIGNATURE_LIMIT = 16 << 10
SIGNATURE, METADATA = 0, 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """Data and their trailer; `offset` and `size` are those of the data."""

    type: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size + TRAILER_SIZE


def chunks(source: Source) -> Iterator[Chunk]:
    """The metadata at the start, and the signature behind them."""
    metadata = _chunk(source, 0, METADATA, METADATA_LIMIT)
    if (
        metadata is None
        or source.read(0, len(HEADER)) != HEADER
        or not _is_json(source.read(len(HEADER), metadata.size - len(HEADER)))
    ):
        return
    yield metadata
    signature = _chunk(source, metadata.end, SIGNATURE, SIGNATURE_LIMIT)
    if signature is not None:
        yield signature


def _chunk(source: Source, start: int, kind: int, limit: int) -> Chunk | None:
    trailer = source.find(MARK, start, start + limit + TRAILER_SIZE)
    head = source.read(trailer, TRAILER_SIZE)
    size = trailer - start
    if trailer < 0 or len(head) < TRAILER_SIZE or head[8] != kind:
        return None
    return Chunk(kind, start, size) if int.from_bytes(head[12:], "big") == size + TRAILER_SIZE else None


def _is_json(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def measure(source: Source) -> int | None:
    return max((chunk.end for chunk in chunks(source)), default=None)


def open_fwtool(source: Source, budget: Budget) -> Iterator[Child]:
    found = list(chunks(source))
    if not found:
        raise Damaged("no metadata")
    for chunk in found:
        start = chunk.offset + (len(HEADER) if chunk.type == METADATA else 0)
        name = "metadata" if chunk.type == METADATA else "signature"
        yield Child(name, source.slice(start, chunk.offset + chunk.size - start), start, name)


ABOUT = About(
    title="OpenWrt's metadata behind a sysupgrade image",
    reads="The metadata and the signature.",
    limits=(
        "The checksum covers the image before it and is not verified; a signature alone, and metadata that do not "
        "begin with their version, are not recognised."
    ),
    witness="fwtool, by its layout: the tests have a writer of their own",
)

MAGICS = tuple(Magic(b"{" + b" " * spaces + b'"metadata_version"', len(HEADER)) for spaces in (2, 1, 0))
FORMAT = Format("fwtool", MAGICS, measure, open_fwtool, ABOUT, smallest=64)
