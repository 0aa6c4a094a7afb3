"""Where the parts of an image lie on their medium, for maps that are drawn to scale.

The image itself is a medium, and so is whatever was expanded (a disk in a gzip) and holds parts in place. Parts come
from reports, which anybody may have written: what lies outside its medium is cut to it, what has no place is not drawn.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from firmward.model.report import Blank, Fill, Part, Role

MEDIA = 8
"""Media drawn in one report."""
LEVELS = 6
"""Parts within parts that are drawn; what lies deeper is in the list."""
BOXES, BLANKS = 1000, 250
"""Parts, and runs that were never written, drawn on one medium: the largest."""
NARROW = 0.025
"""Share of a map below which a part can hardly be seen."""
SPREAD = 0.25
"""Share of a map that is drawn again, enlarged, at most."""
ENLARGED = 3
"""Such pieces of one medium."""
RANDOM = 7.5
"""Bits per byte from which bytes are called random: encrypted, or compressed."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part on its medium, in bytes from the medium's start. `level` counts from 0 for what lies in nothing else."""

    part: Part
    start: int
    size: int
    level: int

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Medium:
    """A run of bytes with what lies in it, or a piece of one that is drawn enlarged (`start` is then its offset)."""

    part: Part
    start: int
    size: int
    boxes: tuple[Box, ...]
    """In the order in which they begin, those that hold others first."""
    blanks: tuple[Blank, ...]
    """Never written, by offset from the start of the whole medium."""
    enlarged: bool = False
    left_out: int = 0
    """Parts that are not drawn, being too many."""

    @property
    def levels(self) -> int:
        return 1 + max((box.level for box in self.boxes), default=0)


def media(parts: Sequence[Part]) -> tuple[Medium, ...]:
    """Every run of bytes that is worth a map: the image first."""
    children: dict[str, list[Part]] = {}
    known = {part.id for part in parts}
    for part in parts:
        if is_held(part, known) and part.offset is not None and part.size:
            children.setdefault(part.parent or "", []).append(part)
    found = []
    for part in parts:
        top = not is_held(part, known)
        if part.size and (top or (part.offset is None and part.id in children)):
            found.append(_medium(part, children, top=top))
    return tuple(found[:MEDIA])


def is_held(part: Part, known: Iterable[str]) -> bool:
    """Whether a part lies in a part that is known, as its id says too: no part holds itself."""
    return part.parent is not None and part.parent in known and part.id.startswith(f"{part.parent}/")


def _medium(part: Part, children: dict[str, list[Part]], *, top: bool) -> Medium:
    boxes = list(_boxes(part, children))
    size = max(part.size or 0, *(box.end for box in boxes)) if boxes and not top else part.size or 0
    there = [box for box in boxes if box.start < size and box.level < LEVELS]
    kept = sorted(there, key=lambda box: (-box.size, box.start))[:BOXES]
    clipped = [Box(box.part, box.start, min(box.size, size - box.start), box.level) for box in kept]
    first = min((box.start for box in clipped), default=size)
    if first and (not clipped or part.role is not Role.OTHER):  # it is something itself, and others stand behind it
        clipped.append(Box(part, 0, first, 0))
    clipped.sort(key=lambda box: (box.start, box.level, box.size))
    blanks = [blank for start, owner in _owners(part, boxes) for blank in _moved(owner.blank, start)]
    blanks = sorted((blank for blank in blanks if blank.offset < size), key=lambda blank: -blank.size)[:BLANKS]
    blanks.sort(key=lambda blank: (blank.offset, blank.size))
    return Medium(part, 0, size, tuple(clipped), tuple(blanks), left_out=len(there) - len(kept))


def _boxes(medium: Part, children: dict[str, list[Part]]) -> Iterator[Box]:
    pending = [(medium, 0, 0)]
    while pending:
        holder, start, level = pending.pop()
        for child in children.get(holder.id, ()):
            begin = start + (child.offset or 0)
            yield Box(child, begin, child.size or 0, level)
            pending.append((child, begin, level + 1))


def _owners(medium: Part, boxes: Iterable[Box]) -> Iterator[tuple[int, Part]]:
    yield 0, medium
    for box in boxes:
        yield box.start, box.part


def _moved(blanks: Iterable[Blank], by: int) -> Iterator[Blank]:
    for blank in blanks:
        yield Blank(blank.offset + by, blank.size, blank.fill)


def enlarged(medium: Medium) -> tuple[Medium, ...]:
    """The pieces of a medium whose parts are too small to be seen on its map: boot loaders, settings, device trees."""
    narrow = [box for box in medium.boxes if box.size < NARROW * medium.size and not _is_hidden(box, medium)]
    clusters: list[list[Box]] = []
    for box in narrow:
        span = box.end - (clusters[-1][0].start if clusters else 0)
        if clusters and span <= SPREAD * medium.size and box.start - _end(clusters[-1]) <= NARROW * medium.size:
            clusters[-1].append(box)
        else:
            clusters.append([box])
    return tuple(_piece(medium, cluster) for cluster in clusters if len(cluster) > 1)[:ENLARGED]


def _is_hidden(box: Box, medium: Medium) -> bool:
    """Whether a box lies in another that is small itself, which is enlarged in its stead."""
    return any(
        other.level < box.level and other.start <= box.start < other.end and other.size < NARROW * medium.size
        for other in medium.boxes
    )


def _end(boxes: Iterable[Box]) -> int:
    return max(box.end for box in boxes)


def _piece(medium: Medium, cluster: Sequence[Box]) -> Medium:
    start = cluster[0].start
    size = _end(cluster) - start
    boxes = tuple(box for box in medium.boxes if start <= box.start and box.end <= start + size)
    lowest = min(box.level for box in boxes)
    boxes = tuple(Box(box.part, box.start, box.size, box.level - lowest) for box in boxes)
    near = (blank for blank in medium.blanks if blank.offset < start + size and blank.offset + blank.size > start)
    return Medium(medium.part, start, size, boxes, tuple(near), enlarged=True)


def look(part: Part) -> str:
    """How a part is drawn: by its role, else as something that holds others, could not be read, or is not known."""
    if part.role is not Role.OTHER:
        return part.role.value
    if part.kind in ("unknown", "raw"):
        return "unknown"
    return "other"


def is_unread(part: Part) -> bool:
    """Whether a part is hatched: nothing, or not all, of it could be read."""
    return part.problem is not None or (part.kind == "unknown" and (part.entropy or 0) >= RANDOM)


def describe(part: Part) -> str:
    """A part in one line, but for its name, size and place."""
    words = [part.kind]
    if part.role.value not in ("other", part.kind):
        words.append(part.role.value)
    if part.entropy is not None:
        words.append(f"{part.entropy:.2f} bits per byte{' (random)' if part.entropy >= RANDOM else ''}")
    if part.same_as:
        words.append(f"the same as {part.same_as.rpartition('/')[2]}")
    if part.problem:
        words.append(f"not read: {part.problem}")
    return ", ".join(words)


FILL_WORDS = {Fill.ZERO: "zeros", Fill.ERASED: "erased (0xff)"}
