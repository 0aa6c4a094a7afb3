"""Cures applied until nothing is left that may be: one cure can make the next one safe.

A program that an undeclared service starts is left alone as long as that service starts; in the round after it is gone,
nothing needs the program any more. So a root that was hardened is not hardened further by a second run.
"""

from collections.abc import Callable
from dataclasses import replace

from firmward.harden.apply import Applied
from firmward.harden.guarded import Functions, apply_guarded
from firmward.harden.plan import Plan
from firmward.harden.site import Site
from firmward.model.facts import Facts

ROUNDS = 4

Judge = Callable[[Site], tuple[Plan, Facts]]
"""Of a site as it stands: what may be applied now, and the facts that say so."""


def apply_rounds(plan: Plan, site: Site, functions: Functions, judge: Judge) -> tuple[Site, Applied]:
    """The site with all that may be applied, and judged last as it is given back; its facts are those of before."""
    before = site.facts
    site, applied = apply_guarded(plan.chosen, site, functions)
    for _ in range(ROUNDS):
        further, facts = judge(site)
        known = {cure.name for cure in applied.done} | {left.cure.name for left in applied.refused}
        chosen = [cure for cure in further.chosen if cure.name not in known]
        if not chosen:
            break
        site, more = apply_guarded(chosen, Site(site.draft, facts, site.policy, site.beside), functions)
        applied = Applied((*applied.done, *more.done), (*applied.refused, *more.refused))
    else:
        judge(site)
    return replace(site, facts=before), applied
