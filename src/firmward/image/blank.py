"""Where a part was never written: runs of 0x00 and 0xff outside the parts in it, for the map of an image."""

from collections.abc import Iterable, Iterator

from firmward.image.budget import Budget
from firmward.image.source import Source
from firmward.model.report import Blank, Fill

FINEST, COARSEST = 4 << 10, 1 << 20
"""Bytes of a step: a thousandth of the source, so that what is found would be seen on a map."""
KEPT = 64
"""Runs kept of one part, the largest."""
CHECK_EVERY = 256
"""Steps between two looks at the clock."""

_FILLS = {Fill.ZERO: bytes(COARSEST), Fill.ERASED: b"\xff" * COARSEST}


def blanks(source: Source, taken: Iterable[tuple[int, int]], budget: Budget) -> tuple[Blank, ...]:
    """The large runs outside the ranges `(start, end)` that are taken, in order. Raises BudgetExceeded."""
    found: list[Blank] = []
    step = min(max(1 << (source.size >> 10).bit_length(), FINEST), COARSEST)
    for start, end in _free(source.size, taken):
        for blank in _runs(source, start, end, step, budget):
            before = found[-1] if found else None
            if before is not None and before.fill is blank.fill and before.offset + before.size == blank.offset:
                found[-1] = Blank(before.offset, before.size + blank.size, blank.fill)
            else:
                found.append(blank)
    largest = sorted(found, key=lambda blank: -blank.size)[:KEPT]
    return tuple(sorted(largest, key=lambda blank: blank.offset))


def _free(size: int, taken: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    position = 0
    for start, end in [*sorted(taken), (size, size)]:
        if start > position:
            yield position, min(start, size)
        position = max(position, end)


def _runs(source: Source, start: int, end: int, step: int, budget: Budget) -> Iterator[Blank]:
    """Steps that hold one fill; what a sparse file leaves out is zeros without a look.

    The steps are the same whether a file is sparse or not: so must the report be.
    """
    written = list(source.data(start, end))
    for count, offset in enumerate(range(start, end, step)):
        if count % CHECK_EVERY == 0:
            budget.check_time()
        length = min(step, end - offset)
        while written and written[0][1] <= offset:
            written.pop(0)
        is_hole = not written or written[0][0] >= offset + length
        fill = Fill.ZERO if is_hole else _fill(source.read(offset, length))
        if fill is not None and length >= FINEST:
            yield Blank(offset, length, fill)


def _fill(piece: bytes) -> Fill | None:
    return next((fill for fill, same in _FILLS.items() if piece and piece == same[: len(piece)]), None)
