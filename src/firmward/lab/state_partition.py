"""What the state partition tells from outside, while the device runs: which slot its boot loader chose, and whether
Linux called it healthy. Of a device whose console is off there is no other witness.

The boot loader writes the state, Linux the request (formats/boot_state.py); both are the device's own words, like its
serial line.
"""

import os
from collections.abc import Iterator

from firmward.formats import boot_state
from firmward.formats.boot_state import SLOTS, TRIES, Records, State
from firmward.lab.stages import Mishap, Sign, Stage


def look(descriptor: int, start: int) -> Records:
    """At the partition that starts at this byte of a disk."""
    return boot_state.parse(os.pread(descriptor, boot_state.SIZE, start))


def signs(before: Records, now: Records) -> Iterator[Sign]:
    """What has happened between two looks."""
    state, earlier = now.state, before.state
    if state is not None and state.last in SLOTS and (earlier is None or _was_chosen(state, earlier)):
        left = _left(state, state.last)
        if earlier is not None and state.last == earlier.last and _left(earlier, state.last) - left > 1:
            # a start takes one try, a refusal takes all
            yield Sign(Mishap.REFUSED, "by the boot loader", state.last)
        else:
            yield Sign(Stage.SLOT, f"{left} {'try' if left == 1 else 'tries'} left", state.last)
    if now.request.good is not None and now.request != before.request:
        yield Sign(Stage.HEALTHY, "", now.request.good)


def _was_chosen(state: State, earlier: State) -> bool:
    """Not so where a request alone was applied, which is written before a slot is chosen: that takes no try."""
    left = _left(state, state.last)
    if state.seq == earlier.seq or left == TRIES:
        return False
    return state.seq > earlier.seq + 1 or (state.last, left) != (earlier.last, _left(earlier, state.last))


def _left(state: State, slot: str) -> int:
    return state.a_left if slot == "a" else state.b_left
