"""What is found of settings in the systems whose truth is known is cured, or says honestly that only a person can.

The checks of daemons' settings are judged here alone, which is fast; test_round.py judges all.
"""

from dataclasses import dataclass
from functools import cache

import hardened
import pytest
from truth.row import Mistake, Truth

from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.harden import managers
from firmward.harden.apply import Applied, apply
from firmward.harden.draft import Draft
from firmward.harden.plan import Cure, Plan, plan
from firmward.harden.site import Site
from firmward.model.finding import Finding, Severity
from firmward.model.memory import MemoryTree
from firmward.model.policy import parse_policy
from firmward.model.remedy import DisableService, Safety
from firmward.model.tree import Tree
from truth import accuracy

CHECKS = (
    *("ssh-root-login", "ssh-password-login", "ssh-empty-passwords", "ssh-forwarding", "ssh-weak-algorithms"),
    *("tls-weak", "mqtt-anonymous", "upnp-exposed", "default-community", "plaintext-protocol"),
    *("web-server-misconfigured", "mac-permissive", "sysctl", "mount-options", "rootfs-writable"),
    *("update-downgrade-possible", "update-over-plaintext", "update-unauthenticated"),
)
SYSTEMS = [pytest.param(system, id=system.name) for system in accuracy.systems()]
GRAVE = Severity.MEDIUM.rank


@dataclass(frozen=True)
class Round:
    before: dict[tuple[str, str], Finding]
    after: dict[tuple[str, str], Finding]
    plan: Plan
    applied: Applied
    again: tuple[str, ...]
    """Paths that the same cures change when they are applied once more."""


def judged(tree: Tree, policy_text: str) -> tuple[Site, tuple[Verdict, ...]]:
    checks = [check for check in accuracy.of_roots() if check.id in CHECKS]
    policy = parse_policy(policy_text)
    facts = Collection(tree).facts("system", families(checks))
    draft = tree if isinstance(tree, Draft) else Draft(tree)
    return Site(draft, facts, policy), tuple(judge(check, facts, policy, accuracy.CLOCK) for check in checks)


@cache
def done(name: str) -> Round:
    system = next(one for one in accuracy.systems() if one.name == name)
    site, before = judged(MemoryTree(system.planted), system.policy)
    chosen = plan(hardened.cures(before), unsafe=True)
    applied = apply(chosen.chosen, site)
    _, after = judged(site.draft, system.policy)
    once = contents(site.draft)
    apply(applied.done, site)
    again = tuple(path for path, text in contents(site.draft).items() if once.get(path) != text)
    return Round(found(before), found(after), chosen, applied, again)


def found(verdicts: tuple[Verdict, ...]) -> dict[tuple[str, str], Finding]:
    assert not [verdict.reason for verdict in verdicts if verdict.outcome.value == "error"]
    return {(check, one.key): one for check, one in hardened.findings(verdicts)}


def contents(draft: Draft) -> dict[str, str | None]:
    return {
        one.path: draft.text(one.path)
        for one in draft.touched()
        if one.after is not None and one.after.kind.value == "file"
    }


def is_waiting(cure: Cure) -> bool:
    """Whether it needs a manager of services that is not there."""
    disabled = [change for change in cure.remedy.changes if isinstance(change, DisableService)]
    return any(managers.by_name(change.manager) is None for change in disabled)


def planted(system: Truth) -> list[tuple[Mistake, Cure]]:
    cures = [*done(system.name).plan.chosen, *(left.cure for left in done(system.name).plan.left)]
    return [
        (mistake, cure)
        for mistake in system.mistakes
        if mistake.check in CHECKS
        for cure in cures
        if accuracy.names(mistake, cure.check, done(system.name).before[cure.check, cure.key])
    ]


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_was_planted_is_cured_or_for_a_person(system: Truth) -> None:
    left = done(system.name).after
    for _, cure in planted(system):
        is_manual = cure.remedy.safety is Safety.MANUAL
        assert is_manual or is_waiting(cure) or (cure.check, cure.key) not in left, cure.name


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_cure_is_refused(system: Truth) -> None:
    refused = [one for one in done(system.name).applied.refused if not is_waiting(one.cure)]
    assert not [(one.cure.name, one.reason) for one in refused]


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_new_of_medium_or_above_comes(system: Truth) -> None:
    one = done(system.name)
    grave = {key for key, finding in one.after.items() if (finding.severity or Severity.MEDIUM).rank <= GRAVE}
    assert not grave - one.before.keys()


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_same_cures_once_more_change_nothing(system: Truth) -> None:
    assert done(system.name).again == ()


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_not_safe_says_what_it_breaks_and_what_is_for_a_person_changes_nothing(system: Truth) -> None:
    one = done(system.name)
    for cure in (*one.plan.chosen, *(left.cure for left in one.plan.left)):
        if cure.remedy.safety is Safety.UNSAFE:
            assert cure.remedy.changes, cure.name
            assert cure.remedy.breaks, cure.name
        else:
            assert not cure.remedy.breaks, cure.name
            assert bool(cure.remedy.changes) == (cure.remedy.safety is Safety.SAFE), cure.name


def test_most_of_what_is_planted_is_cured_by_changes() -> None:
    """The number is held, so that a cure that is lost is missed."""
    rows = [pair for system in accuracy.systems() for pair in planted(system)]
    by_hand = [cure.check for _, cure in rows if cure.remedy.safety is Safety.MANUAL]
    assert len(rows) - len(by_hand) >= 250
    assert set(by_hand) <= {
        *("tls-weak", "plaintext-protocol", "web-server-misconfigured", "rootfs-writable", "mount-options"),
        *("update-downgrade-possible", "update-over-plaintext", "update-unauthenticated"),
    }
