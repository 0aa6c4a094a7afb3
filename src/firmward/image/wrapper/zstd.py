"""Zstandard (RFC 8878): frames of blocks, each with its size, so that a stream's end is found without decoding it."""

import io
from collections.abc import Iterator
from typing import IO, cast

import zstandard

from firmward.image import stream
from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Bytes, Source

MAGIC = b"\x28\xb5\x2f\xfd"

WINDOW = 128 << 20
"""Bytes of window a frame may ask for: what `zstd --long` makes."""

CORRUPT = "corruption"
"""What the library says of bytes that are no block."""

BLOCK_LIMIT = 128 << 10
"""Bytes of one block (RFC 8878, 3.1.1.2.4)."""


def measure(source: Source) -> int | None:
    end = 0
    for _, frame_end in frames(source):
        end = frame_end
    return end or None


def frames(source: Source) -> Iterator[tuple[int, int]]:
    """Start and end of each frame; the last one ends early when it is cut off or damaged."""
    start = 0
    whole = True
    while whole and (begin := _blocks(source, start)) is not None:
        end, whole = _frame_end(source, begin, _checksum_size(source, start))
        if end == begin:
            return
        yield start, end
        start = end


def _blocks(source: Source, start: int) -> int | None:
    """Where the blocks of the frame at `start` begin; None when its header does not hold."""
    head = source.read(start, 6)
    if head[:4] != MAGIC or len(head) < 6 or head[4] & 0x08:
        return None
    descriptor = head[4]
    single = bool(descriptor & 0x20)
    dictionary = (0, 1, 2, 4)[descriptor & 3]
    content = (int(single), 2, 4, 8)[descriptor >> 6]
    return start + 5 + (not single) + dictionary + content


def _checksum_size(source: Source, start: int) -> int:
    return 4 if source.read(start + 4, 1)[0] & 4 else 0


def _frame_end(source: Source, offset: int, checksum: int) -> tuple[int, bool]:
    """Where the frame whose blocks begin at `offset` ends, and whether it is whole: else it ends at the damage."""
    while len(head := source.read(offset, 3)) == 3:
        value = int.from_bytes(head, "little")
        kind, size = value >> 1 & 3, value >> 3
        if kind == 3 or size > BLOCK_LIMIT:
            return offset, False
        offset += 3 + (1 if kind == 1 else size)
        if value & 1:
            end = offset + checksum
            return min(end, source.size), end <= source.size
    return source.size, False


class _Pieces(io.RawIOBase):
    """A source as the file that the library reads from."""

    def __init__(self, source: Source, start: int, end: int) -> None:
        self._source = source
        self._offset = start
        self._end = end

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(self._offset, min(size, self._end - self._offset))
        self._offset += len(piece)
        return piece


def end(source: Source, budget: Budget) -> int:
    """0 where the first block gives nothing: in code that reads frames the magic stands as a number, and what follows
    may pass for sizes of blocks."""
    first, first_end = next(frames(source), (0, 0))
    budget.check_time()
    try:
        with _reader(source, first, first_end) as reader:
            reader.read(stream.BELIEVED)
    except zstandard.ZstdError as error:
        # without its dictionary, or with a window that is too large, the chain of its blocks must speak for it
        _, whole = _frame_end(source, _blocks(source, first) or 0, _checksum_size(source, first))
        if CORRUPT in str(error) or not whole:
            return 0
    return measure(source) or 0


def open_zstd(source: Source, budget: Budget) -> Iterator[Child]:
    data = bytearray()
    problem = None
    try:
        for start, end in frames(source):
            problem = _expand_frame(source, start, end, budget, data)
    except BudgetExceeded:
        budget.release(len(data))
        raise
    if problem and not data:
        raise Damaged(problem)
    yield Child("content", Bytes(data), problem=problem)


def _reader(source: Source, start: int, end: int) -> zstandard.ZstdDecompressionReader:
    decoder = zstandard.ZstdDecompressor(max_window_size=WINDOW)
    return decoder.stream_reader(cast("IO[bytes]", _Pieces(source, start, end)), read_size=stream.INPUT)


def _expand_frame(source: Source, start: int, end: int, budget: Budget, into: bytearray) -> str | None:
    """Append a frame's content; the problem when it is cut off or damaged."""
    _, whole = _frame_end(source, _blocks(source, start) or 0, _checksum_size(source, start))
    try:
        with _reader(source, start, end) as reader:
            while piece := reader.read(stream.OUTPUT):
                budget.expand(len(piece))
                into.extend(piece)
    except zstandard.ZstdError as error:
        return f"damaged after {len(into)} bytes of content: {error}"
    return None if whole else f"cut off after {len(into)} bytes of content"


ABOUT = About(
    title="Zstandard",
    reads="Frames, windows up to 128 MiB.",
    limits="Frames that need a dictionary are unreadable.",
    witness="zstd",
)

FORMAT = Format("zstd", (Magic(MAGIC),), measure, open_zstd, ABOUT, end=end)
