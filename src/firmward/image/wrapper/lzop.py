"""lzop: blocks of LZO1X with checksums, behind a header that may hold the file's name."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.image.block_codecs import unpack_lzo
from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Bytes, Source
from firmward.image.stream import rest

MAGIC = b"\x89LZO\0\r\n\x1a\n"
HEADER_LIMIT = 400
"""Bytes of a header: fixed fields and a name of up to 255."""
BLOCK_LIMIT = 64 << 20
"""Bytes that a block may expand to, as in lzop; it writes blocks of 256 KiB."""
METHODS = (1, 2, 3)
"""LZO1X-1, LZO1X-1(15), LZO1X-999: one decoder reads them all."""

ADLER_CONTENT, ADLER_STORED, EXTRA, CRC_CONTENT, CRC_STORED = 0x1, 0x2, 0x40, 0x100, 0x200
FILTER, CRC_HEADER = 0x800, 0x1000
LEVELS_SINCE = 0x0940
"""The version from which on a header says a level and a longer time."""


@dataclass(frozen=True, slots=True)
class Header:
    name: str
    flags: int
    method: int
    length: int
    """Bytes from the magic to the first block."""


@dataclass(frozen=True, slots=True)
class Block:
    at: int
    stored: int
    expanded: int
    sums: tuple[tuple[int, int], ...]
    """Checksums of the content: the flag that says which, and the value."""


def measure(source: Source) -> int | None:
    """Headers and blocks are stepped over; a damaged stream ends at the damage."""
    end = 0
    while (header := parse_header(source.slice(end))) is not None:
        end += header.length
        try:
            for block in _walk(source, end, header.flags):
                end = block.at + block.stored
        except Malformed:
            return min(end, source.size)
        end += 4
    return end or None


def parse_header(source: Source) -> Header | None:
    """None when it is not whole, or its checksum does not hold."""
    head = source.read(0, HEADER_LIMIT)
    if not head.startswith(MAGIC) or len(head) < 34:
        return None
    version = int.from_bytes(head[9:11], "big")
    is_new = version >= LEVELS_SINCE
    method = head[15] if is_new else head[13]
    at = 17 if is_new else 14
    flags = int.from_bytes(head[at : at + 4], "big")
    at += 4 + (4 if flags & FILTER else 0) + (12 if is_new else 8)
    end = at + 1 + (head[at] if at < len(head) else 0)
    checksum = zlib.crc32(head[9:end]) if flags & CRC_HEADER else zlib.adler32(head[9:end])
    if len(head) < end + 4 or checksum != int.from_bytes(head[end : end + 4], "big"):
        return None
    name = head[at + 1 : end].rpartition(b"/")[2].decode("utf-8", "replace")
    end += 4
    if flags & EXTRA:
        end += 8 + int.from_bytes(source.read(end, 4), "big")
    return Header(name if name.isprintable() and name not in ("", ".", "..") else "content", flags, method, end)


def _block(source: Source, at: int, flags: int) -> Block | None:
    """The block at a place; None at the end mark. Raises Malformed."""
    head = source.read(at, 24)
    expanded = int.from_bytes(head[:4], "big")
    if len(head) >= 4 and not expanded:
        return None
    stored = int.from_bytes(head[4:8], "big")
    if len(head) < 8 or not 0 < stored <= expanded <= BLOCK_LIMIT:
        raise Malformed("a block is damaged" if len(head) >= 8 else "it is cut off")
    here = 8
    sums = []
    for flag in (ADLER_CONTENT, CRC_CONTENT):
        if flags & flag:
            sums.append((flag, int.from_bytes(head[here : here + 4], "big")))
            here += 4
    if stored < expanded:
        here += 4 * (bool(flags & ADLER_STORED) + bool(flags & CRC_STORED))
    return Block(at + here, stored, expanded, tuple(sums))


def _walk(source: Source, at: int, flags: int) -> Iterator[Block]:
    """The blocks of a stream. Raises Malformed where one is damaged or cut off."""
    while (block := _block(source, at, flags)) is not None:
        at = block.at + block.stored
        if at > source.size:
            raise Malformed("it is cut off")
        yield block


def open_lzop(source: Source, budget: Budget) -> Iterator[Child]:
    """Each stream is a child: lzop writes several files one behind the other."""
    end = 0
    while (header := parse_header(source.slice(end))) is not None:
        if header.method not in METHODS or header.flags & FILTER:
            raise Damaged(f"lzop: method {header.method} or its filter is not read")
        content = bytearray()
        at, problem = _expand(source, end + header.length, header.flags, content, budget)
        if problem and not content:
            raise Damaged(problem)
        yield Child(header.name, Bytes(content), problem=problem)
        if problem:
            return
        end = at
    if not end:
        raise Damaged("lzop: the header is damaged")
    yield from rest(source, end)


def _expand(source: Source, at: int, flags: int, content: bytearray, budget: Budget) -> tuple[int, str | None]:
    """Unpacks a stream into `content`; gives where it ends, and why there is no more of it."""
    try:
        for block in _walk(source, at, flags):
            budget.expand(block.expanded)
            content.extend(_content(source, block))
            at = block.at + block.stored
    except Malformed as error:
        return at, f"damaged after {len(content)} bytes of content: {error}"
    except BudgetExceeded:
        budget.release(len(content))
        raise
    return at + 4, None


def _content(source: Source, block: Block) -> bytes:
    data = source.read(block.at, block.stored)
    if block.stored < block.expanded:
        data = unpack_lzo(data, block.expanded)
    if len(data) != block.expanded:
        raise Malformed(f"a block holds {len(data)} bytes where {block.expanded} were expected")
    for flag, value in block.sums:
        if value != (zlib.adler32(data) if flag == ADLER_CONTENT else zlib.crc32(data)):
            raise Malformed("a block's checksum does not hold")
    return data


ABOUT = About(
    title="lzop",
    reads="Blocks of LZO1X with their checksums, the stored name, several files one behind the other.",
    limits="A damaged block ends its file; filters and methods other than LZO1X are told.",
    witness="lzop",
)

FORMAT = Format("lzop", (Magic(MAGIC),), measure, open_lzop, ABOUT)
