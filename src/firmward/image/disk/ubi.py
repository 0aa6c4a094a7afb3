"""UBI in place: the blocks are looked at once, volumes are views that read each logical block where it stands.

Blocks stand in any order. Where two claim the same place, the later one counts, unless it is a copy that was not ended
(its checksum tells). A bad or erased block is none; so is one of another image, which happens when flash was not erased
before it was written.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats import ubi
from firmward.formats.ubi import Identifier, Volume
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import CHUNK, Source

SIZES = tuple(1 << power for power in range(12, 24))
"""Bytes that an erase block may have: 4 KiB to 8 MiB."""
GAP = 64
"""Blocks in a row that may be bad or erased; what follows such a run is another part."""
FAR = 16
"""A logical block's number is below this many times the physical blocks that there are: a dump may be cut, but a number
that is far beyond makes a volume of terabytes out of nothing."""
BLOCK_COST = 200
"""Bytes charged for a block that is remembered."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a logical block's data stand."""

    offset: int
    identifier: Identifier


def block_size(source: Source) -> int | None:
    """The distance of the first two erase counter headers; None when the bytes begin with none."""
    if ubi.parse_counter(source.read(0, ubi.HEADER_SIZE)) is None:
        return None
    for size in SIZES:
        if size <= source.size and (size == source.size or ubi.parse_counter(source.read(size, ubi.HEADER_SIZE))):
            return size
    return None


def _end(source: Source, size: int) -> int:
    """Where the last block ends, erased and bad ones between them allowed."""
    end = last = 0
    while end < source.size and end - last <= GAP * size:
        head = source.read(end, ubi.HEADER_SIZE)
        end += size
        if ubi.parse_counter(head) is not None:
            last = end
    return min(last, source.size)


def measure(source: Source) -> int | None:
    size = block_size(source)
    return None if size is None else _end(source, size)


def open_ubi(source: Source, budget: Budget) -> Iterator[Child]:
    size = block_size(source)
    if size is None:
        raise Damaged("ubi: no two erase blocks in a row")
    blocks = _blocks(source, size, budget)
    table = next((found for found in _tables(source, blocks.get(ubi.LAYOUT, {}), size) if found), ())
    if not table:
        raise Damaged("ubi: no volume table whose checksums hold")
    for volume in table:
        yield _child(source, volume, blocks.get(volume.number, {}), size)


def _blocks(source: Source, size: int, budget: Budget) -> dict[int, dict[int, Place]]:
    """By volume and number, the newest block."""
    found: dict[int, dict[int, Place]] = {}
    for start in range(0, source.size, size):
        budget.check_time()
        counter = ubi.parse_counter(source.read(start, ubi.HEADER_SIZE))
        if counter is None or counter.data >= size:
            continue
        identifier = ubi.parse_identifier(source.read(start + counter.identifier, ubi.HEADER_SIZE))
        if identifier is None:
            continue
        budget.expand(BLOCK_COST)
        volume = found.setdefault(identifier.volume, {})
        place = Place(start + counter.data, identifier)
        known = volume.get(identifier.number)
        if known is None or _newer(source, place, known, size - counter.data) is place:
            volume[identifier.number] = place
    return found


def _newer(source: Source, one: Place, other: Place, room: int) -> Place:
    """`room` are the bytes that a block holds at most."""
    later, earlier = (one, other) if one.identifier.sequence > other.identifier.sequence else (other, one)
    if not later.identifier.is_copy:
        return later
    data = source.read(later.offset, min(later.identifier.size, room))
    return later if ubi.checksum(data) == later.identifier.crc else earlier


def _tables(source: Source, blocks: dict[int, Place], size: int) -> Iterator[tuple[Volume, ...]]:
    """The two copies of the volume table."""
    for number in sorted(blocks):
        length = min(ubi.VOLUMES * ubi.RECORD_SIZE, size)
        yield ubi.parse_table(source.read(blocks[number].offset, length))


def _child(source: Source, volume: Volume, blocks: dict[int, Place], size: int) -> Child:
    limit = FAR * -(-source.size // size)
    near = {number: place for number, place in blocks.items() if number < limit}
    far = len(blocks) - len(near)
    problems = [f"{far} of its blocks say that they stand far behind all others: left out"] if far else []
    first = next(iter(near.values()), None)
    if first is None:
        return Child(volume.name, None, problem=problems[0] if problems else "an empty volume")
    logical = size - first.offset % size - volume.padding
    if logical <= 0:
        return Child(volume.name, None, problem="its blocks have no room for data")
    if volume.is_marked:
        problems.append("an update of this volume was begun and not ended")
    if volume.is_static:
        length, lost = _static_length(near, logical)
        if lost:
            problems.append(f"{lost} of its blocks are missing")
    else:
        length = min((max(near) + 1), volume.blocks) * logical
    places = {number: place.offset for number, place in near.items() if number * logical < length}
    return Child(volume.name, VolumeSource(source, places, logical, length), problem="; ".join(problems) or None)


def _static_length(blocks: dict[int, Place], logical: int) -> tuple[int, int]:
    """Bytes of a static volume, and how many of its blocks are missing: each says how many bytes it holds."""
    last = max(blocks)
    return last * logical + min(blocks[last].identifier.size, logical), last + 1 - len(blocks)


class VolumeSource(Source):
    """A volume: logical blocks of `block` bytes, each where `places` says; one that is nowhere reads as erased."""

    def __init__(self, parent: Source, places: dict[int, int], block: int, size: int) -> None:
        self._parent = parent
        self._places = places
        self._block = block
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or length <= 0:
            return b""
        pieces = []
        end = min(offset + length, self.size)
        while offset < end:
            number, within = divmod(offset, self._block)
            step = min(self._block - within, end - offset)
            place = self._places.get(number)
            pieces.append(
                b"\xff" * step if place is None else self._parent.read(place + within, step).ljust(step, b"\xff")
            )
            offset += step
        return b"".join(pieces)

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        stop = self.size if end is None else min(end, self.size)
        for offset in range(max(start, 0), stop, CHUNK):
            piece = self.read(offset, min(CHUNK + len(needle) - 1, stop - offset))
            found = piece.find(needle)
            if found >= 0:
                return offset + found
        return -1


ABOUT = About(
    title="UBI",
    reads=(
        "Volumes with their names, static and dynamic, blocks in any order, bad and erased ones between them; the "
        "newest of two that claim a place."
    ),
    limits="The fastmap is not used; blocks of another image on the same flash are not told apart; ECC is not applied.",
    witness="ubinize of mtd-utils",
)

FORMAT = Format("ubi", (Magic(ubi.COUNTER),), measure, open_ubi, ABOUT)
