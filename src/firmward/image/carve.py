"""Find parts in raw bytes by their signatures: a flash dump, a gap between partitions, a vendor's own header.

Every magic is looked for, every hit validated by the format's own header, and a hit inside an accepted part is that
part's business. What stands between is not a part.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image import catalogue
from firmward.image.blob import Blob
from firmward.image.budget import Budget
from firmward.image.format import Child, Format, Magic
from firmward.image.source import Source

HITS = 1 << 20
"""Hits of all signatures tried in one source, so that a dump made of magics ends."""

SMALLEST = 1 << 10
"""Bytes a part that is searched for must have: kernels carry tiny test vectors of every compression."""

CHECK_EVERY = 256
"""Hits between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Found:
    """A part found in raw bytes, by its offset and size in them."""

    offset: int
    size: int
    kind: Format | Blob

    def child(self, source: Source) -> Child:
        """This part of the bytes it was found in, named by kind and offset."""
        return Child(f"{self.kind.name}-{self.offset:#x}", source.slice(self.offset, self.size), self.offset)


def carve(source: Source, budget: Budget, start: int = 0) -> Iterator[Found]:
    """Accepted hits in order of their offset. One without a length of its own ends where the next one begins."""
    position = start
    first = catalogue.identify(source.slice(start), catalogue.kinds()) if start else None
    if first is not None:  # where a header ends even what is too common to be looked for may be believed
        yield Found(start, first[1], first[0])
        position = start + first[1]
    for index, (offset, _, kind) in enumerate(_hits(source, start)):
        if index % CHECK_EVERY == 0:
            budget.check_time()
        if index >= HITS:
            return
        if offset < position:
            continue
        size = _size(source.slice(offset), kind, budget)
        if size:
            if size >= SMALLEST:
                yield Found(offset, size, kind)
            position = offset + size


def _size(window: Source, kind: Format | Blob, budget: Budget) -> int:
    size = kind.measure(window)
    if size and isinstance(kind, Format) and kind.end is not None:
        size = kind.end(window, budget)
    return min(size or 0, window.size)


def _hits(source: Source, start: int) -> Iterator[tuple[int, int, Format | Blob]]:
    """Offsets where a kind may begin, in order; of equal offsets the longer magic first."""
    kinds: list[Format | Blob] = [kind for kind in catalogue.kinds() if kind.carve]
    searches = [_search(source, start, magic, kind) for kind in kinds for magic in kind.magics if magic.offset >= 0]
    return heapq.merge(*searches, key=lambda hit: hit[:2])


def _search(source: Source, start: int, magic: Magic, kind: Format | Blob) -> Iterator[tuple[int, int, Format | Blob]]:
    place = source.find(magic.data, start + magic.offset)
    while place >= 0:
        yield place - magic.offset, -len(magic.data), kind
        place = source.find(magic.data, place + 1)
