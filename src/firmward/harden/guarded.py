"""Cures applied under guard: one by which the device would do no more what the policy declares is not applied.

Which one it is, is found by halving: all were applied in order, so that the first after which something is missing is
the one that ends it. A cure that ends something only together with another is the later of the two.
"""

from collections.abc import Callable, Iterable, Sequence

from firmward.harden.apply import Applied, apply
from firmward.harden.plan import Cure, Left
from firmward.harden.site import Site

ROUNDS = 24
"""Cures that are refused so; where more would be, the rest is applied and told."""
TOLD = 3

Functions = Callable[[Site], frozenset[str]]
"""What the device does of what the policy declares, as a site stands."""


def apply_guarded(cures: Iterable[Cure], new_site: Callable[[], Site], functions: Functions) -> tuple[Site, Applied]:
    """The site with all cures that may be applied; `new_site` gives one without any change."""
    waiting, refused = list(cures), list[Left]()
    had = functions(new_site())
    while True:
        site = new_site()
        applied = apply(waiting, site)
        whole = site, Applied(applied.done, (*applied.refused, *refused))
        if not had - functions(site) or not applied.done or len(refused) >= ROUNDS:
            return whole
        guilty, lost = _first(applied.done, had, new_site, functions)
        if not lost:  # it was no cure's fault: the time for looking ran out, say
            return whole
        waiting.remove(guilty)
        more = f" and {len(lost) - TOLD} more" if len(lost) > TOLD else ""
        refused.append(Left(guilty, f"it would end what the policy declares: {', '.join(lost[:TOLD])}{more}"))


def _first(
    done: Sequence[Cure], had: frozenset[str], new_site: Callable[[], Site], functions: Functions
) -> tuple[Cure, list[str]]:
    """The first cure after which something is missing, and what."""

    def missing(count: int) -> frozenset[str]:
        site = new_site()
        apply(done[:count], site)
        return had - functions(site)

    low, high = 0, len(done)  # nothing is missing after `low` cures, something after `high`
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if missing(middle) else (middle, high)
    return done[high - 1], sorted(missing(high))
