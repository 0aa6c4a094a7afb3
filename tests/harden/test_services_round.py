"""Services, accounts, files and keys of the systems whose truth is known: audit, harden, audit.

One system for each init is hardened in every run, all of them where it is to be proved.
"""

from functools import cache

import hardened
import pytest
from hardened import Round
from truth.row import Truth

from firmward.facts.collection import Collection
from firmward.facts.services import Service, Services
from firmward.harden.apply import apply
from firmward.harden.draft import Draft
from firmward.harden.site import Site
from firmward.model.finding import Severity
from firmward.model.remedy import Safety
from firmward.model.tree import Tree
from truth import accuracy

OWN = (
    *("account-default-password", "account-empty-password", "account-extra-root", "account-login-unneeded"),
    *("account-weak-hash", "telnet-enabled", "ftp-enabled", "remote-shell-enabled", "backdoor-listener"),
    *("ssh-host-key-baked-in", "ssh-authorized-key-baked-in", "sudo-unrestricted", "su-unrestricted"),
    *("undeclared-listener", "service-unneeded", "cron-unneeded", "hook-directory-writable", "init-script-writable"),
    *("removable-media-executed", "privileged-hooks", "debug-tool-shipped", "setuid-unexpected"),
    *("capability-unexpected", "world-writable", "private-key-embedded", "credential-hard-coded"),
    *("certificate-weak", "image-sameness", "serial-login", "script-injection"),
)
QUICK = frozenset(
    ("debian-industrial", "yocto-hmi", "buildroot-softplc", "openwrt-mesh", "alpine-box", "vendor-dvr", "debian-edge")
)
SYSTEMS = [
    pytest.param(system, id=system.name, marks=() if system.name in QUICK else pytest.mark.proof)
    for system in accuracy.systems()
]


@cache
def unsafe(name: str) -> Round:
    return hardened.of_system(by_name(name), unsafe=True, only=OWN)


@cache
def safe(name: str) -> Round:
    return hardened.of_system(by_name(name), only=OWN)


def by_name(name: str) -> Truth:
    return next(system for system in accuracy.systems() if system.name == name)


def names(found: Round) -> set[str]:
    return {f"{check}[{key}]" for check, key in found.left()}


def test_the_quick_ones_are_of_every_init() -> None:
    known = {system.name: system.init for system in accuracy.systems()}
    assert known.keys() >= QUICK
    assert {known[name] for name in QUICK} == set(known.values())


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_was_cured_is_found_no_more(system: Truth) -> None:
    for found in (safe(system.name), unsafe(system.name)):
        assert not {cure.name for cure in found.applied.done} & names(found)
        assert not found.applied.refused


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_planted_mistake_is_cured_or_is_for_a_person(system: Truth) -> None:
    found = unsafe(system.name)
    left = set(found.left(*OWN))
    for check, finding in hardened.findings(found.before):
        planted = any(accuracy.names(mistake, check, finding) for mistake in system.mistakes)
        if planted and (check, finding.key) in left:
            assert finding.remedy is not None
            assert finding.remedy.safety is Safety.MANUAL, f"{check}[{finding.key}] stays"


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_cure_brings_another_finding(system: Truth) -> None:
    for found in (safe(system.name), unsafe(system.name)):
        before = {(check, one.key) for check, one in hardened.findings(found.before)}
        new = [
            (check, one.key, one.message)
            for check, one in hardened.findings(found.after)
            if (check, one.key) not in before and (one.severity or Severity.MEDIUM).rank <= Severity.MEDIUM.rank
        ]
        assert new == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_once_more_changes_nothing(system: Truth) -> None:
    found = unsafe(system.name)
    again = Site(Draft(found.draft), found.site.facts, found.site.policy)
    apply(found.applied.done, again)
    assert list(again.draft.touched()) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_safe_cures_leave_every_declared_service_and_socket(system: Truth) -> None:
    found = safe(system.name)
    policy = found.site.policy
    assert policy is not None
    declared = {one.name for one in policy.service} | {one.service for one in policy.listen if one.service}
    before, after = services(found.draft.below), services(found.draft)
    plain = {name.removesuffix(".service") for name in declared}
    assert plain & named(before) == plain & named(after)
    wanted = {socket for socket in sockets(before) if policy.allows_listening(*socket)}
    assert wanted <= sockets(after)


@pytest.mark.parametrize("system", SYSTEMS)
def test_remedies_say_what_they_may_break(system: Truth) -> None:
    for check, finding in hardened.findings(unsafe(system.name).before):
        remedy = finding.remedy
        if check in OWN and remedy is not None:
            assert (remedy.safety is Safety.UNSAFE) == bool(remedy.breaks), (check, finding.key)
            assert (remedy.safety is Safety.MANUAL) == (not remedy.changes), (check, finding.key)
            assert "\n" not in remedy.breaks


def services(tree: Tree) -> tuple[Service, ...]:
    found = Collection(tree).get(Services)
    assert isinstance(found, Services)
    return found.services


def named(found: tuple[Service, ...]) -> set[str]:
    return {name for one in found for name in one.names}


def sockets(found: tuple[Service, ...]) -> set[tuple[str, int]]:
    return {(opened.protocol, opened.port) for one in found for opened in one.opened}
