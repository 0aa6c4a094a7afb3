"""Cures go on until nothing is left that may be applied, and what comes back is what was judged last."""

import pytest

from firmward.harden.draft import Draft
from firmward.harden.plan import Cure, Plan
from firmward.harden.rounds import ROUNDS, apply_rounds
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.finding import Severity
from firmward.model.memory import MemoryTree
from firmward.model.remedy import Remedy, Remove, Safety, Stage

COUNT = 10
TREE = MemoryTree({f"file{number}": "" for number in range(COUNT)})
BEFORE = Facts("before", Source.IMAGE, {})


def plan_of(number: int) -> Plan:
    remedy = Remedy("", Safety.SAFE, Stage.IMAGE, (Remove(f"file{number}"),))
    return Plan((Cure("check", f"{number}", Severity.HIGH, "", "", remedy),), ())


def chain(length: int) -> tuple[Site, list[str], list[tuple[str, ...]]]:
    """The site, the cures that were done and what each judgement saw, where each cure makes the next one safe."""
    seen: list[tuple[str, ...]] = []

    def judge(site: Site) -> tuple[Plan, Facts]:
        seen.append(site.draft.names(""))
        gone = COUNT - len(seen[-1])
        return (plan_of(gone) if gone < length else Plan((), ())), Facts("later", Source.IMAGE, {})

    site, applied = apply_rounds(plan_of(0), Site(Draft(TREE), BEFORE), lambda _: frozenset(), judge)
    return site, [one.key for one in applied.done], seen


@pytest.mark.parametrize("length", range(1, ROUNDS + 1))
def test_what_becomes_safe_is_applied_too(length: int) -> None:
    _, done, _ = chain(length)
    assert done == [str(number) for number in range(length)]


@pytest.mark.parametrize("length", [1, ROUNDS, ROUNDS + 1, COUNT])
def test_what_comes_back_was_judged_last_as_it_is(length: int) -> None:
    site, done, seen = chain(length)
    assert seen[-1] == site.draft.names("")
    assert len(done) <= ROUNDS + 1


def test_the_facts_are_those_of_before() -> None:
    site, _, _ = chain(3)
    assert site.facts is BEFORE


def test_a_cure_that_was_done_is_not_done_again() -> None:
    judged = 0

    def judge(site: Site) -> tuple[Plan, Facts]:
        nonlocal judged
        judged += 1
        return plan_of(0), BEFORE

    _, applied = apply_rounds(plan_of(0), Site(Draft(TREE), BEFORE), lambda _: frozenset(), judge)
    assert (len(applied.done), judged) == (1, 1)
