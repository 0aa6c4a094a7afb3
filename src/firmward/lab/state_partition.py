"""What the state partition tells from outside, while the device runs: which slot its boot loader chose, and whether
Linux called it healthy. Of a device whose console is off there is no other witness.

U-Boot writes two copies of its state, always the older one; Linux writes the request, a sector of lines. Both are the
device's own words, like its serial line.
"""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.lab.stages import Mishap, Sign, Stage

SECTOR = 512
COPIES = (0, 4096)
REQUEST = 8192
SLOTS = ("a", "b")


@dataclass(frozen=True, slots=True)
class Glance:
    """`request` is a sector's text; `seq` is 0 when no copy is valid."""

    seq: int
    last: str
    left: tuple[int, int]
    request: str


def glance(descriptor: int, start: int) -> Glance:
    """Look at the partition that starts at this byte of a disk."""
    copies = [_copy(os.pread(descriptor, SECTOR, start + place)) for place in COPIES]
    state = max(copies, key=_sequence)
    left = (_number(state.get("a_left", "")), _number(state.get("b_left", "")))
    request = os.pread(descriptor, SECTOR, start + REQUEST).rstrip(b"\0").decode("ascii", "replace")
    return Glance(_sequence(state), state.get("last", ""), left, request)


def signs(before: Glance, now: Glance) -> Iterator[Sign]:
    """What has happened between two looks."""
    if now.seq != before.seq and now.last in SLOTS:
        place = SLOTS.index(now.last)
        left, had = now.left[place], before.left[place]
        if now.last == before.last and had - left > 1:  # a start takes one, a refusal takes all
            yield Sign(Mishap.REFUSED, "by the boot loader", now.last)
        else:
            yield Sign(Stage.SLOT, f"{left} {'try' if left == 1 else 'tries'} left", now.last)
    if now.request != before.request:
        for slot in SLOTS:
            if f"good={slot}" in now.request.split("\n"):
                yield Sign(Stage.HEALTHY, "", slot)


def _copy(sector: bytes) -> dict[str, str]:
    """The variables of a copy, none when its checksum does not hold."""
    if len(sector) < SECTOR or zlib.crc32(sector[4:]) != int.from_bytes(sector[:4], "little"):
        return {}
    text = sector[4:].partition(b"\0\0")[0].decode("ascii", "replace")
    return dict(line.partition("=")[::2] for line in text.split("\0"))


def _sequence(state: dict[str, str]) -> int:
    return _number(state.get("seq", ""), 16)


def _number(text: str, base: int = 10) -> int:
    try:
        return int(text, base)
    except ValueError:
        return 0
