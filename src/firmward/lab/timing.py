"""Where the time of a start went, and the medians of several."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from firmward.lab.boot import Outcome
from firmward.lab.stages import Stage


@dataclass(frozen=True, slots=True)
class Share:
    """What lay between two stages that were seen: `seconds`, of which `part` is the share of the whole, 0 to 1."""

    since: Stage
    reached: Stage
    seconds: float
    part: float


def shares(stages: dict[Stage, float]) -> tuple[Share, ...]:
    """A stage that was not seen is in the time of the next."""
    order = sorted(stages, key=lambda stage: stages[stage])
    whole = max(stages.values(), default=0.0) or 1.0
    return tuple(
        Share(before, stage, stages[stage] - stages[before], (stages[stage] - stages[before]) / whole)
        for before, stage in pairwise(order)
    )


def medians(outcomes: Sequence[Outcome]) -> dict[Stage, float]:
    """When each stage was reached, of those that all rounds had which became healthy; nothing when none did."""
    rounds = [outcome.stages() for outcome in outcomes if outcome.healthy]
    seen = [stage for stage in Stage if rounds and all(stage in one for one in rounds)]
    return {stage: median(one[stage] for one in rounds) for stage in seen}
