"""Find parts in raw bytes by their signatures: a flash dump, a gap between partitions, a vendor's own header.

Every magic is looked for, every hit validated by the format's own header, and a hit inside an accepted part is that
part's business. What stands between is not a part.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.image import catalogue
from firmward.image.blob import GLANCE, SAYS, Blob
from firmward.image.budget import Budget
from firmward.image.format import Child, Format
from firmward.image.signatures import HITS as HITS_AT_ONCE
from firmward.image.signatures import SMALL, Hit, signatures
from firmward.image.source import Source, is_erased

HITS = 1 << 20
"""Hits of all signatures tried in one source, so that a dump made of magics ends."""

PIECE = 1 << 20
"""Bytes searched at once."""

SMALLEST = 1 << 10
"""Bytes a blob that is searched for must have; a format says so itself."""

STEP = 512
"""Bytes between the places where a part without a magic is looked for: what lies between partitions may begin at any
sector, so that erase blocks of flash do not show."""

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


def carve(
    source: Source, budget: Budget, start: int = 0, among: Iterable[Format | Blob] | None = None
) -> Iterator[Found]:
    """Accepted hits in order of their offset, of all kinds or `among` some of them.

    One without a length of its own ends where the next one begins.
    """
    position = start
    first = catalogue.identify(source.slice(start), catalogue.kinds()) if start else None
    if first is not None:  # where a header ends even what is too common to be looked for may be believed
        yield Found(start, first[1], first[0])
        position = start + first[1]
    hits = _Hits(source, budget, catalogue.kinds() if among is None else among)
    for begin, end in _pieces(source, position, hits.ahead):
        if end <= position:
            continue
        for offset, kind in hits.between(max(begin, position), end):
            if offset < position:
                continue
            budget.check_time()  # a header may take long to be held against what follows
            size = _size(source.slice(offset), kind, budget)
            if size:
                if size >= (kind.smallest if isinstance(kind, Format) else SMALLEST):
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
    at. What an accepted part covers is not searched at all. Kinds without a magic come last, at the start of sectors.
    """

    def __init__(self, source: Source, budget: Budget, among: Iterable[Format | Blob]) -> None:
        self._source = source
        self._budget = budget
        kinds = [kind for kind in among if kind.carve]
        self._magics = [(magic, kind) for kind in kinds for magic in kind.magics if magic.offset >= 0]
        self._says = [(text, kind) for kind in kinds if isinstance(kind, Blob) for text in kind.says]
        self.ahead = max(SAYS, *(magic.offset + len(magic.data) for magic, _ in self._magics))
        texts = (*(magic.data for magic, _ in self._magics), *(text for text, _ in self._says))
        self._signatures = signatures(texts, min(source.size, SMALL + 1))
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
        found = [hit for hit in self._begins(data, met, start) if start <= hit[0] < end]
        for count, (offset, _, kind) in enumerate(sorted(found, key=lambda hit: hit[:2])):
            if count % CHECK_EVERY == 0:
                self._budget.check_time()
            yield offset, kind

    def _begins(self, data: bytes, met: list[Hit], start: int) -> Iterator[tuple[int, int, Format | Blob]]:
        """Offset, rank (the longer magic first) and kind of what may begin, by what was met in data from `start` on."""
        tried: dict[int, Blob] = {}
        for place, index in met:
            if index < len(self._magics):
                magic, kind = self._magics[index]
                yield start + place - magic.offset, -len(magic.data), kind
            else:
                tried |= self._sectors(data, start, place, self._says[index - len(self._magics)][1], tried)
        yield from ((offset, 0, blob) for offset, blob in tried.items())

    def _sectors(self, data: bytes, start: int, place: int, kind: Blob, known: dict[int, Blob]) -> dict[int, Blob]:
        """The sectors before a text at which a kind without a magic may begin."""
        first = max(place - SAYS, -start % STEP)
        first += -(start + first) % STEP
        places = (at for at in range(first, place, STEP) if start + at not in known)
        return {start + at: kind for at in places if kind.begins is not None and kind.begins(data[at : at + GLANCE])}
