"""A kernel's own configuration, built in by CONFIG_IKCONFIG (kernel/configs.c): gzip between `IKCFG_ST` and `IKCFG_ED`.

It stands in the expanded kernel. Without CONFIG_IKCONFIG_PROC it is there all the same, only not in /proc/config.gz.
"""

import re
import zlib
from dataclasses import dataclass
from itertools import islice

from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read, occurrences

START, END = b"IKCFG_ST", b"IKCFG_ED"
COMPRESSED_LIMIT = 1 << 20
TEXT_LIMIT = 4 << 20
"""Bytes; the configuration of Debian's amd64 kernel has 260 KiB, a tenth of it compressed."""
SEARCHED = 256 << 20
TRIED = 16

_BEGINS = re.compile(START + rb"\x1f\x8b\x08")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the gzip stream lies between the marks, in bytes."""

    offset: int
    size: int


def find(read: Read, size: int) -> Place | None:
    """The first place in an expanded kernel of so many bytes with both marks."""
    for at in islice(occurrences(_BEGINS, 16, read, min(size, SEARCHED)), TRIED):
        start = at + len(START)
        length = read(start, COMPRESSED_LIMIT + len(END)).find(END)
        if length > 0:
            return Place(start, length)
    return None


def text(compressed: bytes) -> str:
    """The configuration. Raises Malformed when the stream is damaged or expands to more than TEXT_LIMIT."""
    decoder = zlib.decompressobj(wbits=31)
    try:
        expanded = decoder.decompress(compressed, TEXT_LIMIT)
    except zlib.error as error:
        raise Malformed(f"IKCONFIG: {error}") from error
    if not decoder.eof:
        raise Malformed(f"IKCONFIG: cut off, or more than {TEXT_LIMIT} bytes")
    return expanded.decode("utf-8", "replace")
