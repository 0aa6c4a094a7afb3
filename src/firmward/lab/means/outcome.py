"""What became of a device that was attacked: who runs, whether it fell back, whether it is reset for ever."""

from firmward.formats.boot_state import SLOTS
from firmward.lab import reach
from firmward.lab.attacks import Result, Unseen
from firmward.lab.network import Forward
from firmward.lab.target import Powered, Witness

ENDLESS = 8
"""Resets, after which both slots have been refused, and begun anew."""
LOOPS = 3
"""Starts that came to nothing, after which nobody waits any longer: a person at the device would not."""


def seen(powered: Powered, within: float, spoilt: str = "") -> Result:
    """As Powered.verdict, but a machine that is reset for ever is not waited for. `spoilt` are the slots that hold what
    the attacker put there: one of these that serves is his success, and the other one in its place tells that what he
    changed was found out. Raises Unseen."""
    powered.until(lambda: powered.answers() or powered.is_healthy or powered.resets >= ENDLESS, within)
    if powered.resets >= ENDLESS and not (powered.answers() or powered.is_healthy):
        powered.target.note(Witness.MACHINE, f"it was reset {powered.resets} times, and nothing else ran")
        return Result.STOPPED
    result = powered.verdict(within)
    return result if powered.target.is_plain or not spoilt else _judged(powered, result, spoilt)


def _judged(powered: Powered, result: Result, spoilt: str) -> Result:
    served = powered.target.records().request.good
    if result is not Result.STOPPED or served is None:
        return result
    if served in spoilt:
        powered.target.note(Witness.DISK, f"Linux marked slot {served} good, which holds what the attacker put there")
        return Result.SUCCEEDED
    left = " and ".join(slot for slot in SLOTS if slot in spoilt)
    powered.target.note(Witness.DISK, f"the device left slot {left}, and slot {served} serves in its place")
    return Result.DETECTED


def of_brick(powered: Powered, port: int, within: float) -> Result:
    """Whether a device that nobody helps serves again. Raises Unseen where it neither serves nor is reset again and
    again."""
    if not powered.until(lambda: powered.resets >= LOOPS or powered.is_healthy, within):
        raise Unseen(f"it neither served nor was reset {LOOPS} times within {within:g} s")
    if powered.is_healthy or answers(powered, port):
        return Result.STOPPED
    return Result.SUCCEEDED


def answers(powered: Powered, port: int, seconds: float = 1.0) -> bool:
    """Whether anything comes back from a port of the device."""
    (answer,) = reach.call((Forward(port, powered.address(port)[1]),), seconds)
    return answer.answers
