"""Compressed streams: expanded in memory, piece by piece, each piece charged before it is kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from firmward.image import inflate
from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.format import Child
from firmward.image.source import Bytes, Source

INPUT = 256 << 10
"""Compressed bytes given to a decoder at a time."""

OUTPUT = 1 << 20
"""Expanded bytes taken from a decoder at a time, so that a bomb is noticed before it is in memory."""

BELIEVED = 16 << 10
"""Expanded bytes that make a damaged or cut stream more than a chance match of its magic."""

NEAR = 16
"""Bytes behind an end that belong to what follows even when they are zeros: its header may begin with some."""

PADDING = 1 << 20
"""Zero bytes looked through between two concatenated streams."""


class Decoder(Protocol):
    """What bz2, lzma and lz4 decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class Inflate:
    """zlib's decoder with the interface of the others."""

    def __init__(self, wrapping: int) -> None:
        self._decoder = inflate.inflater(wrapping)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        return self._decoder.decompress(self._decoder.unconsumed_tail + data, max(max_length, 0))


@dataclass(frozen=True, slots=True)
class Codec:
    """How to read one compression: a fresh decoder per stream, the errors it raises, and what a stream begins with."""

    decoder: Callable[[], Decoder]
    errors: tuple[type[Exception], ...]
    begins: Callable[[bytes], bool]


@dataclass(slots=True)
class Expansion:
    """What came out: `end` is where the last whole stream ends; `problem` says why there is no more."""

    data: bytearray
    end: int = 0
    problem: str | None = None


def expand(source: Source, codec: Codec, budget: Budget) -> Expansion:
    """All concatenated streams at the start of a source.

    A stream that is cut off or damaged gives what came out of it. Raises Damaged when nothing did, BudgetExceeded when
    it is too much (nothing is kept then).
    """
    result = Expansion(bytearray())

    def keep(piece: bytes) -> None:
        budget.expand(len(piece))
        result.data.extend(piece)

    try:
        _streams(source, codec, keep, result)
    except BudgetExceeded:
        budget.release(len(result.data))
        raise
    if result.problem and not result.data:
        raise Damaged(result.problem)
    return result


def length(source: Source, codec: Codec, budget: Budget) -> int:
    """Where the streams at the start of a source end, found by reading them through without keeping anything.

    A damaged one ends before its damage, so that nothing behind it is taken for a part of it; 0 when too little came
    out to believe that it is one.
    """
    result = Expansion(bytearray())
    produced = 0

    def count(piece: bytes) -> None:
        nonlocal produced
        produced += len(piece)
        budget.check_time()

    _streams(source, codec, count, result)
    return result.end if result.problem is None or produced >= BELIEVED else 0


def child(name: str, result: Expansion, source: Source) -> Iterator[Child]:
    """What a wrapper opens to: its content, and the bytes behind it when they are more than padding."""
    yield Child(name, Bytes(result.data), problem=result.problem)
    if result.problem is None:
        yield from rest(source, result.end)


def rest(source: Source, end: int) -> Iterator[Child]:
    """The bytes from `end` on, as a part of their own, unless they are padding."""
    begin = source.first_written(end)
    if begin is not None:
        begin = end if begin - end < NEAR else begin & ~0xF
        yield Child(f"rest-{begin:#x}", source.slice(begin), begin)


def _streams(source: Source, codec: Codec, keep: Callable[[bytes], None], result: Expansion) -> None:
    start: int | None = 0
    while start is not None:
        keep(b"")  # looks at the clock: a stream may hold nothing, and there may be a million of them
        try:
            end = _stream(source, start, codec.decoder(), keep, result)
        except codec.errors as error:
            result.problem = f"damaged after {len(result.data)} bytes of content: {error}"
            return
        if end is None:
            result.end = source.size
            result.problem = f"cut off after {len(result.data)} bytes of content"
            return
        result.end = end
        start = _next(source, end, codec)


def _next(source: Source, end: int, codec: Codec) -> int | None:
    """Where another stream begins behind one that ended, zero padding between them allowed."""
    if codec.begins(source.read(end, 16)):
        return end
    padding = source.read(end, PADDING)
    begin = end + len(padding) - len(padding.lstrip(b"\0"))
    return begin if begin > end and codec.begins(source.read(begin, 16)) else None


def _stream(
    source: Source, start: int, decoder: Decoder, keep: Callable[[bytes], None], result: Expansion
) -> int | None:
    """Decode one stream; its end, or None when the source ends first. `result.end` follows the input that was good."""
    offset = start
    while not decoder.eof:
        data = b""
        if decoder.needs_input:
            result.end = offset
            data = source.read(offset, INPUT)
            if not data:
                return None
            offset += len(data)
        piece = decoder.decompress(data, OUTPUT)
        if piece:
            keep(piece)
    return offset - len(decoder.unused_data or b"")


def pieces(source: Source, codec: Codec) -> Iterator[bytes]:
    """The content of one stream, piece by piece; it ends early when the source does. Raises the codec's errors."""
    decoder = codec.decoder()
    offset = 0
    while not decoder.eof:
        data = b""
        if decoder.needs_input:
            data = source.read(offset, INPUT)
            if not data:
                return
            offset += len(data)
        yield decoder.decompress(data, OUTPUT)
