"""Whether a device that verifies its root ends what it reads there of an attacker's."""

from firmward.lab.attacks import Result
from firmward.lab.means import outcome
from firmward.lab.target import Powered, Witness

SLOT = "a"
"""Whose root is changed: the one that a new device starts."""


def withstands(powered: Powered, within: float) -> Result:
    """As outcome.seen, but the first reset is enough: that the other slot serves after some of them is seen by the
    attack that changes one block. Raises Unseen."""
    powered.until(lambda: powered.answers() or powered.is_healthy or powered.resets > 0, within)
    if powered.resets and not (powered.answers() or powered.is_healthy):
        powered.target.note(Witness.MACHINE, "it reset itself when it read what was changed, and nothing of it ran")
        return Result.DETECTED
    return outcome.seen(powered, within, SLOT)
