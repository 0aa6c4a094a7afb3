"""LZ4: the frame format, and the legacy format that the kernel's build uses for images and initramfs.

Both are rows of blocks with their sizes, so that the end is found without decoding.
"""

from collections.abc import Iterator

import lz4.block  # type: ignore[import-untyped]
import lz4.frame  # type: ignore[import-untyped]

from firmward.image import stream
from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Bytes, Source

FRAME = b"\x04\x22\x4d\x18"
LEGACY = b"\x02\x21\x4c\x18"

LEGACY_BLOCK = 8 << 20
"""Bytes that one legacy block expands to at most."""

LEGACY_BOUND = LEGACY_BLOCK + LEGACY_BLOCK // 255 + 16
"""Bytes that one legacy block takes at most; a larger number is not a block but what follows."""

BLOCK_SIZES = {4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20}


def _begins(head: bytes) -> bool:
    if head[:4] != FRAME:
        return False
    try:
        lz4.frame.get_frame_info(head)  # the header holds its own checksum
    except (RuntimeError, ValueError):
        return False
    return True


CODEC = stream.Codec(lz4.frame.LZ4FrameDecompressor, (RuntimeError, EOFError, ValueError), _begins)


def measure(source: Source) -> int | None:
    if source.read(0, 4) == LEGACY:
        end = 4
        for offset, size in _legacy_blocks(source):
            end = offset + size
        return min(end, source.size) if end > 4 else None
    end = 0
    whole = True
    while whole and _begins(source.read(end, 19)):
        end, whole = _frame_end(source, end)
    return end or None


def _frame_end(source: Source, start: int) -> tuple[int, bool]:
    """Where the frame at `start` ends, and whether it is whole: else it ends at the damage."""
    flags, limit = source.read(start + 4, 2)
    largest = BLOCK_SIZES.get(limit >> 4 & 7)
    offset = start + 7 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
    while largest and len(head := source.read(offset, 4)) == 4:
        size = int.from_bytes(head, "little") & 0x7FFFFFFF
        offset += 4
        if size == 0:
            end = offset + (4 if flags & 4 else 0)
            return min(end, source.size), end <= source.size
        if size > largest:
            return offset - 4, False
        offset += size + (4 if flags & 16 else 0)
    return source.size if largest else start, False


def _legacy_blocks(source: Source) -> Iterator[tuple[int, int]]:
    """Offset and size of each block's data."""
    offset = 4
    is_fresh = True
    while len(head := source.read(offset, 4)) == 4:
        size = int.from_bytes(head, "little")
        if head == LEGACY and not is_fresh:  # another stream; one without blocks is none
            offset += 4
            is_fresh = True
            continue
        is_fresh = False
        # The kernel's build appends the expanded size, which is no block either.
        if size == 0 or size > LEGACY_BOUND or (offset > 4 and offset + 4 == source.size):
            return
        yield offset + 4, size
        offset += 4 + size


def open_lz4(source: Source, budget: Budget) -> Iterator[Child]:
    if source.read(0, 4) == LEGACY:
        yield _open_legacy(source, budget)
        return
    result = stream.expand(source, CODEC, budget)
    yield Child("content", Bytes(result.data), problem=result.problem)


def _open_legacy(source: Source, budget: Budget) -> Child:
    data = bytearray()
    problem = None
    for offset, size in _legacy_blocks(source):
        try:
            piece = lz4.block.decompress(source.read(offset, size), uncompressed_size=LEGACY_BLOCK)
        except (lz4.block.LZ4BlockError, ValueError) as error:
            problem = f"damaged or cut off after {len(data)} bytes of content: {error}"
            break
        try:
            budget.expand(len(piece))
        except BudgetExceeded:
            budget.release(len(data) + len(piece))
            raise
        data.extend(piece)
    if problem and not data:
        raise Damaged(problem)
    return Child("content", Bytes(data), problem=problem)


ABOUT = About(
    title="lz4",
    reads="Frames, and the legacy form of the kernel's build.",
    limits="Frames that need a dictionary are unreadable.",
    witness="lz4",
)

FORMAT = Format("lz4", (Magic(FRAME), Magic(LEGACY)), measure, open_lz4, ABOUT)
