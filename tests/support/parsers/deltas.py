"""What a device is given to make a payload of an earlier one."""

import random
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import delta_made
import mending

from firmward.formats import block_delta
from firmward.model.errors import DeviceError, TrustError
from firmward.update.sources import blocks
from parsers import Parser, refused

BASE = random.Random(7).randbytes(80_000) + b"a line of text, " * 8_000
BOUND = 1 << 20
"""Bytes of an index."""
PIECES = 64
"""Of what is made, from a place: whoever says that it makes terabytes makes no more than these here."""


def targets() -> Iterator[bytes]:
    yield BASE
    yield BASE[30_000:] + b"new text, " * 3_000 + BASE[:60_000]
    yield random.Random(8).randbytes(3_000) + BASE[:2_000]
    yield bytes(400_000) + BASE


def samples(_: Path) -> Iterator[bytes]:
    for target in targets():
        made = delta_made.delta_of(BASE, target)
        yield made
        yield delta_made.stored_plain(made)


def ask(data: bytes) -> None:
    refused(lambda: _ask_index(data))


def _ask_index(data: bytes) -> None:
    head = block_delta.head(data[: block_delta.HEAD_SIZE])
    stored = data[block_delta.HEAD_SIZE : block_delta.HEAD_SIZE + head.stored]
    size = block_delta.Index(head, block_delta.expanded(stored, head.size)).size
    found = block_delta.index(head, stored, size, len(data))
    if (
        block_delta.written(found.runs(), found.taken())[: block_delta.HEAD_SIZE - 4]
        != data[: block_delta.HEAD_SIZE - 4]
    ):
        raise ValueError("another index comes back")
    for offset in (0, size // 2, size - 1):
        with suppress(TrustError, DeviceError):
            for piece in islice(blocks.opened(delta_made.material(BASE, data, size)).pieces(offset), PIECES):
                if not 0 < len(piece) <= blocks.PIECE:
                    raise ValueError(f"a piece of {len(piece)} bytes")


def mend(data: bytearray) -> None:
    """The checksum of the index, as zlib has it behind what it compressed."""
    end = block_delta.HEAD_SIZE + mending.number(data, 16, "little")
    if end > len(data) or end < block_delta.HEAD_SIZE + 6:
        return
    reader = zlib.decompressobj(-15)
    try:
        found = reader.decompress(bytes(data[block_delta.HEAD_SIZE + 2 : end]), BOUND)
    except zlib.error:
        return
    place = end - len(reader.unused_data)
    if reader.eof and place + 4 <= end:
        mending.put(data, place, zlib.adler32(found), "big")


PARSERS = (Parser("block_delta", ("block_delta",), samples, ask, mend),)
