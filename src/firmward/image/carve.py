"""Find parts in raw bytes by their signatures: a flash dump, a gap between partitions, a vendor's own header.

Every magic is looked for, every hit validated by the format's own header, and a hit inside an accepted part is that
part's business. What stands between is not a part.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image import catalogue
from firmward.image.blob import Blob
from firmward.image.budget import Budget
from firmward.image.format import Child, Format
from firmward.image.signatures import HITS as HITS_AT_ONCE
from firmward.image.signatures import SMALL, signatures
from firmward.image.source import Source, is_erased

HITS = 1 << 20
"""Hits of all signatures tried in one source, so that a dump made of magics ends."""

PIECE = 1 << 20
"""Bytes searched at once."""

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
    hits = _Hits(source, budget)
    for begin, end in _pieces(source, position, hits.ahead):
        if end <= position:
            continue
        for offset, kind in hits.between(max(begin, position), end):
            if offset < position:
                continue
            size = _size(source.slice(offset), kind, budget)
            if size:
                if size >= SMALLEST:
                    yield Found(offset, size, kind)
                position = offset + size


def _pieces(source: Source, start: int, ahead: int) -> Iterator[tuple[int, int]]:
    """Ranges of offsets at which something may begin: not in the hole of a sparse file, unless close to its end."""
    done = start
    for begin, end in source.data(start):
        for offset in range(max(done, begin - ahead), end, PIECE):
            yield offset, min(offset + PIECE, end)
        done = end


def _size(window: Source, kind: Format | Blob, budget: Budget) -> int:
    size = kind.measure(window)
    if size and isinstance(kind, Format) and kind.end is not None:
        size = kind.end(window, budget)
    return min(size or 0, window.size)


class _Hits:
    """Where a kind may begin, in order; of equal places the longer magic first.

    A magic may stand far into its part (ISO 9660: 32 KiB), `ahead` bytes at most; so much more of each piece is looked
    at. What an accepted part covers is not searched at all.
    """

    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._magics = [(magic, kind) for kind in catalogue.kinds() if kind.carve for magic in kind.magics]
        self.ahead = max(magic.offset + len(magic.data) for magic, _ in self._magics)
        self._signatures = signatures(tuple(magic.data for magic, _ in self._magics), min(source.size, SMALL + 1))
        self._left = HITS

    def between(self, start: int, end: int) -> Iterator[tuple[int, Format | Blob]]:
        """The hits that begin in this range of offsets."""
        self._budget.check_time()
        piece = self._source.read(start, end - start)
        beyond = self._source.read(end, self.ahead)
        if self._left <= 0 or (is_erased(piece) and is_erased(beyond)):
            return
        data = piece + beyond
        met = self._signatures.find(data)
        self._left -= len(met)
        if self._left <= 0 or len(met) >= HITS_AT_ONCE:
            self._budget.leave_out("so many signatures that not all of them were tried")
        places = ((start + place - self._magics[index][0].offset, index) for place, index in met)
        found = [
            (offset, -len(self._magics[index][0].data), index) for offset, index in places if start <= offset < end
        ]
        for count, (offset, _, index) in enumerate(sorted(found)):
            if count % CHECK_EVERY == 0:
                self._budget.check_time()
            yield offset, self._magics[index][1]
