"""In systems whose truth is known, what sandboxes, users, limits, profiles and containers promise to cure is cured."""

from functools import cache

import hardened
import pytest
from truth.row import Truth

from firmward.model.finding import Severity
from firmward.model.policy import parse_policy
from firmward.model.remedy import DisableService, Remedy, Safety
from truth import accuracy

CHECKS = (
    "service-unsandboxed",
    "service-runs-as-root",
    "service-without-limits",
    "mac-profile-missing",
    "container-unsafe",
)
SYSTEMS = [pytest.param(system, id=system.name) for system in accuracy.systems()]


@cache
def once(name: str) -> hardened.Round:
    return hardened.of_system(next(one for one in accuracy.systems() if one.name == name), unsafe=True, only=CHECKS)


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_can_be_cured_is_cured_and_the_rest_is_said_to_be_manual(system: Truth) -> None:
    done = once(system.name)
    # several programs of one script may have findings of one name
    left = {(check, one.message) for check, one in hardened.findings(done.after)}
    for check, finding in hardened.findings(done.before):
        remedy = finding.remedy
        if check not in CHECKS or remedy is None or remedy.safety is Safety.MANUAL:
            continue
        assert remedy.safety is Safety.SAFE or remedy.breaks
        if f"{check}[{finding.key}]" in done.reasons() and _stops(remedy):
            continue  # how services are started no more has tests of its own (managers/)
        assert (check, finding.message) not in left, remedy


def _stops(remedy: Remedy) -> bool:
    return any(isinstance(change, DisableService) for change in remedy.changes)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_finding_has_a_remedy(system: Truth) -> None:
    assert all(one.remedy is not None for check, one in hardened.findings(once(system.name).before) if check in CHECKS)


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_cure_brings_a_finding(system: Truth) -> None:
    done = once(system.name)
    before = {(check, one.key) for check, one in hardened.findings(done.before)}
    new = [
        (check, one.key)
        for check, one in hardened.findings(done.after)
        if (check, one.key) not in before and one.severity is not None and one.severity.rank <= Severity.MEDIUM.rank
    ]
    assert not new


@pytest.mark.proof
@pytest.mark.parametrize("system", SYSTEMS)
def test_twice_changes_nothing_more(system: Truth) -> None:
    done = once(system.name)
    again = hardened.hardened(done.draft, parse_policy(system.policy), unsafe=True, only=CHECKS)
    assert not list(again.draft.touched())
