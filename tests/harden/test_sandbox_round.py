"""In systems whose truth is known, what sandboxes, users, limits, profiles and containers promise to cure is cured."""

import hardened
import pytest
from truth.row import Truth

from firmward.model.finding import Severity
from firmward.model.policy import parse_policy
from firmward.model.remedy import DisableService, Safety
from truth import accuracy

CHECKS = (
    "service-unsandboxed",
    "service-runs-as-root",
    "service-without-limits",
    "mac-profile-missing",
    "container-unsafe",
)
SYSTEMS = [pytest.param(system, id=system.name) for system in accuracy.systems()]


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_can_be_cured_is_cured_and_the_rest_is_said_to_be_manual(system: Truth) -> None:
    done = hardened.of_system(system, unsafe=True, only=CHECKS)
    left = set(done.left(*CHECKS))
    for check, finding in hardened.findings(done.before):
        if check not in CHECKS:
            continue
        assert finding.remedy is not None
        if finding.remedy.safety is Safety.MANUAL or _is_for_a_manager(
            finding.remedy.changes, done, check, finding.key
        ):
            continue
        assert (check, finding.key) not in left, finding.remedy
        assert finding.remedy.safety is Safety.SAFE or finding.remedy.breaks


def _is_for_a_manager(changes: object, done: hardened.Round, check: str, key: str) -> bool:
    """How services are started no more has tests of its own (managers/)."""
    stops = any(isinstance(one, DisableService) for one in changes)  # type: ignore[attr-defined]
    return stops and f"{check}[{key}]" in done.reasons()


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_cure_brings_a_finding(system: Truth) -> None:
    done = hardened.of_system(system, unsafe=True, only=CHECKS)
    before = {(check, one.key) for check, one in hardened.findings(done.before)}
    new = [
        (check, one.key)
        for check, one in hardened.findings(done.after)
        if (check, one.key) not in before and one.severity is not None and one.severity.rank <= Severity.MEDIUM.rank
    ]
    assert not new


@pytest.mark.parametrize("system", SYSTEMS)
def test_twice_changes_nothing_more(system: Truth) -> None:
    done = hardened.of_system(system, unsafe=True, only=CHECKS)
    again = hardened.hardened(done.draft, parse_policy(system.policy), unsafe=True, only=CHECKS)
    assert not list(again.draft.touched())
