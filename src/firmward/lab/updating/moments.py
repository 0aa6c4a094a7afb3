"""When the power is cut: moments drawn from a seed, so that a cut that shows something can be made again.

No clock tells them. A moment lies in a stretch of an update, at a part of how long that stretch took when nothing was
cut: machines differ in speed, and two runs on one differ too.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Stretch(StrEnum):
    """Of the way from power on to the new version, in this order."""

    STARTING = "starting"
    """Until the device takes the first of a payload."""
    INSTALLING = "installing"
    """Until the boot loader starts what was installed."""
    TRIAL = "first start"
    """Until the new version has proved itself, or the device is back at the old one."""


WEIGHTS = {Stretch.STARTING: 1, Stretch.INSTALLING: 4, Stretch.TRIAL: 1}
"""Where most is written, most is cut."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`part` of the stretch, 0 to 1."""

    stretch: Stretch
    part: float

    def __str__(self) -> str:
        return f"{self.stretch.value}, {self.part:.0%}"


def moments(count: int, seed: int, seen: Collection[Stretch]) -> tuple[Moment, ...]:
    """So many of them, in stretches that were `seen`; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - to be drawn again
    among = [one for one in Stretch if one in seen]
    weights = [WEIGHTS[one] for one in among]
    return tuple(Moment(chance.choices(among, weights)[0], chance.random()) for _ in range(count if among else 0))
