"""Cures applied under guard: one by which the device would do no more what the policy declares is not applied.

Which one it is, is found by halving: cures are applied in order, so that the first after which something is missing is
the one that ends it. What stands before it stays applied, and none is applied much more often than twice. A cure that
ends something only together with another is the later of the two.
"""

from collections.abc import Callable, Iterable

from firmward.harden.apply import Applied, apply, ordered
from firmward.harden.plan import Cure, Left
from firmward.harden.site import Site

ROUNDS = 24
"""Cures that are refused so; where more would be, the rest is applied and told."""
TOLD = 3

Functions = Callable[[Site], frozenset[str]]
"""What the device does of what the policy declares, as a site stands."""


def apply_guarded(cures: Iterable[Cure], site: Site, functions: Functions) -> tuple[Site, Applied]:
    """The site with all cures that may be applied; the given one stays as it is."""
    waiting, done, refused = ordered(cures), list[Cure](), list[Left]()
    had, guilty = functions(site), 0
    while True:
        trial = site.copy()
        applied = apply(waiting, trial)
        lost = had - functions(trial)
        if not lost or not waiting or guilty >= ROUNDS:
            return trial, Applied((*done, *applied.done), (*refused, *applied.refused))
        low, high = 0, len(waiting)  # nothing is missing before `low`, something after `high`
        while high - low > 1:
            middle = (low + high) // 2
            trial = site.copy()
            applied = apply(waiting[low:middle], trial)
            missing = had - functions(trial)
            if missing:
                high, lost = middle, missing
            else:
                low, site = middle, trial
                done += applied.done
                refused += applied.refused
        if had - functions(site):  # it is no cure's fault: the time for looking ran out, say
            return site, Applied(tuple(done), tuple(refused))
        refused.append(Left(waiting[low], _reason(had, site, waiting[low], functions) or _named(lost)))
        waiting, guilty = waiting[high:], guilty + 1


def _reason(had: frozenset[str], site: Site, cure: Cure, functions: Functions) -> str:
    """What this one alone ends."""
    trial = site.copy()
    apply((cure,), trial)
    lost = had - functions(trial)
    return _named(lost) if lost else ""


def _named(lost: Iterable[str]) -> str:
    names = sorted(lost)
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    return f"it would end what the policy declares: {', '.join(names[:TOLD])}{more}"
