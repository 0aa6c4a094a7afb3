"""Master boot records: four slots in sector 0, and a chain of extended boot records for logical partitions.

Pure: bytes to records. Numbers are sectors.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

SIGNATURE = b"\x55\xaa"
TABLE = 446
"""Where the four slots begin."""

EXTENDED = frozenset({0x05, 0x0F, 0x85})
PROTECTIVE = 0xEE
"""The type that covers a GPT disk, so that old tools leave it alone."""

LOGICAL_LIMIT = 128
"""Logical partitions followed; a longer chain is a loop or an attack."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One partition; `number` counts as Linux does: 1 to 4 primary, logical ones from 5."""

    number: int
    kind: int
    start: int
    count: int
    active: bool


def parse(sector: bytes) -> tuple[Slot, ...] | None:
    """The used slots of a boot record; None when it is none: no signature, or a boot flag that is not one."""
    if len(sector) < 512 or sector[510:512] != SIGNATURE:
        return None
    slots = []
    for number in range(4):
        raw = sector[TABLE + 16 * number : TABLE + 16 * (number + 1)]
        if raw[0] not in (0x00, 0x80):
            return None
        start, count = int.from_bytes(raw[8:12], "little"), int.from_bytes(raw[12:16], "little")
        if raw[4] and count:
            slots.append(Slot(number + 1, raw[4], start, count, raw[0] == 0x80))
    return tuple(slots)


def logical(read_sector: Callable[[int], bytes], extended: Slot) -> Iterator[tuple[Slot, int]]:
    """The logical partitions of an extended one, each with the sector of the record that names it.

    A record's first slot is relative to that record, its second one (the next record) to the extended partition.
    """
    here = extended.start
    seen: set[int] = set()
    while here not in seen and len(seen) < LOGICAL_LIMIT:
        seen.add(here)
        slots = parse(read_sector(here)) or ()
        following = None
        for slot in slots:
            if slot.kind in EXTENDED:
                following = extended.start + slot.start
            elif slot.number <= 2:
                yield Slot(4 + len(seen), slot.kind, here + slot.start, slot.count, slot.active), here
        if following is None:
            return
        here = following
