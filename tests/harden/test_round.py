"""Audit, harden, audit: what was promised is cured, nothing new comes, nothing that was declared is lost."""

from collections.abc import Callable, Iterator
from functools import cache

import hardened
import pytest
from hardened import Round
from truth.row import Truth

from firmward.facts.accounts import Accounts
from firmward.facts.listeners import Listeners
from firmward.facts.services import Services
from firmward.harden.draft import Draft
from firmward.harden.outcome import BESIDE
from firmward.model.facts import Facts
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Safety
from truth import accuracy

SYSTEMS = [pytest.param(system.name, id=system.name) for system in accuracy.systems()]
WORTH = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)


def system_of(name: str) -> Truth:
    return next(one for one in accuracy.systems() if one.name == name)


@cache
def safe(name: str) -> Round:
    return hardened.of_system(system_of(name))


@cache
def unsafe(name: str) -> Round:
    return hardened.of_system(system_of(name), unsafe=True)


def worth(found: list[tuple[str, Finding]]) -> set[tuple[str, str]]:
    """Those of medium or above, by check and key."""
    return {(check, one.key) for check, one in found if one.severity in WORTH}


def promised(done: Round) -> set[tuple[str, str]]:
    """What the root itself has to show; what is rendered beside it is seen to cure where it is built."""
    return {
        (cure.check, cure.key)
        for cure in done.applied.done
        if not all(isinstance(change, BESIDE) for change in cure.remedy.changes)
    }


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_a_safe_remedy_promised_to_cure_is_cured(name: str) -> None:
    done = safe(name)
    assert not promised(done) & worth(hardened.findings(done.after))


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_safe_remedy_is_refused(name: str) -> None:
    assert not [(one.cure.name, one.reason) for one in safe(name).applied.refused]


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_is_applied_with_a_persons_consent_cures_as_well(name: str) -> None:
    done = unsafe(name)
    assert not promised(done) & worth(hardened.findings(done.after))


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("rounds", [safe, unsafe], ids=["safe", "unsafe"])
def test_no_new_finding_comes(name: str, rounds: Callable[[str], Round]) -> None:
    done = rounds(name)
    known = {(check, one.key) for check, one in hardened.findings(done.before)}
    assert not worth(hardened.findings(done.after)) - known


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("rounds", [safe, unsafe], ids=["safe", "unsafe"])
def test_a_second_time_changes_nothing(name: str, rounds: Callable[[str], Round]) -> None:
    done = rounds(name)
    again = hardened.hardened(done.draft, done.site.policy, unsafe=rounds is unsafe)
    assert [one.path for one in again.draft.touched()] == []


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_is_declared_still_starts_listens_and_lets_in(name: str) -> None:
    done = safe(name)
    assert set(declared(done.site.facts, done)) == set(declared(hardened.facts_of(done.draft), done))


def declared(facts: Facts, done: Round) -> Iterator[tuple[str, str]]:
    """Of what the policy declares what there is: services that start, sockets that are opened, accounts that log in."""
    policy, services, listeners, accounts = (
        done.site.policy,
        facts.get(Services),
        facts.get(Listeners),
        facts.get(Accounts),
    )
    assert policy is not None
    assert isinstance(services, Services)
    assert isinstance(accounts, Accounts)
    names = {name for one in services.services for name in one.names}
    wanted = {one.name for one in policy.service} | {one.service for one in policy.listen if one.service}
    yield from (("service", name) for name in wanted & names)
    if isinstance(listeners, Listeners):
        opened = {one.key for one in listeners.listeners}
        yield from (("listen", key) for key in {f"{one.protocol}/{one.port}" for one in policy.listen} & opened)
    login = {one.name for one in policy.account if one.login}
    for account in accounts.accounts:
        if account.name in login and account.shell:
            yield "account", f"{account.name} {account.shell}"


def test_every_unsafe_remedy_says_what_it_may_break() -> None:
    silent = {
        cure.check
        for system in accuracy.systems()
        for cure in (*unsafe(system.name).applied.done, *(one.cure for one in unsafe(system.name).plan.left))
        if cure.remedy.safety is Safety.UNSAFE and not cure.remedy.breaks
    }
    assert not silent


def test_nothing_is_changed_where_nothing_is_asked() -> None:
    system = accuracy.systems()[0]
    done = hardened.of_files(dict(system.clean), system.policy, only=("no-such-check",))
    assert isinstance(done.draft, Draft)
    assert list(done.draft.touched()) == []
