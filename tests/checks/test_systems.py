"""Whole systems as products have them: each mistake is found, and nothing that is none."""

import re
from collections.abc import Iterable
from datetime import date

import pytest
from systems import accounts, alpine, debian, openwrt, storage, sysv, vendor, yocto
from systems.row import SUPPORT, Found, System

from firmward.audit.catalogue import catalogue
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Finding, Outcome, Severity
from firmward.model.memory import MemoryTree
from firmward.model.policy import parse_policy

CLOCK = Clock(date(2026, 11, 20))
CHECKS = catalogue()
UNDECIDED = (Outcome.UNKNOWN, Outcome.ERROR)
AROUND = frozenset((
    "component-unidentified", "hardware-key-store-unused", "kernel-cgroups-missing", "kernel-cmdline",
    "kernel-config", "kernel-end-of-life", "kernel-live-patching-absent", "kernel-lsm-missing",
    "kernel-module-unneeded", "kernel-modules-unsigned", "kernel-netfilter-missing", "kernel-optee-missing",
    "known-vulnerability", "rootfs-unverified", "rootfs-writable", "serial-console-on-cmdline",
    "support-outlives-component", "tpm-unused",
))  # fmt: skip
"""Checks that a root alone, without a boot partition and a device tree, may leave open."""
SERIAL = re.compile(r"^[^#\n]*\bttyS0\b", re.MULTILINE)
"""A line of inittab that distributions bring along: a login on the serial line, whatever else the system is about."""
SYSTEMS = [
    pytest.param(system, id=system.name)
    for module in (accounts, alpine, debian, openwrt, storage, sysv, vendor, yocto)
    for system in module.SYSTEMS
]


def verdicts(system: System) -> list[Verdict]:
    facts = Collection(MemoryTree(system.files)).facts(system.name, families(CHECKS))
    return [judge(check, facts, parse_policy(system.policy + SUPPORT), CLOCK) for check in CHECKS]


def wanted_of(system: System) -> tuple[Found, ...]:
    table = system.files.get("etc/inittab")
    on_serial = isinstance(table, str) and SERIAL.search(table) is not None
    return (*system.found, ("serial-login", "ttyS0")) if on_serial else system.found


def is_among(wanted: Iterable[Found], check: str, finding: Finding) -> bool:
    return any(check == name and finding.key.startswith(key or "") for name, key in wanted)


def is_grave(verdict: Verdict, finding: Finding) -> bool:
    return (finding.severity or verdict.check.severity).rank <= Severity.MEDIUM.rank


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_wrong_is_found_and_nothing_else(system: System) -> None:
    judged = verdicts(system)
    seen = [(verdict.check.id, finding) for verdict in judged for finding in verdict.findings]
    expected = wanted_of(system)
    missed = [wanted for wanted in expected if not any(is_among([wanted], *one) for one in seen)]
    assert not missed
    surplus = [
        (verdict.check.id, finding.key, finding.message)
        for verdict in judged
        for finding in verdict.findings
        if is_grave(verdict, finding) and not is_among(expected, verdict.check.id, finding)
    ]
    assert not (surplus and system.nothing_else), surplus
    undecided = {verdict.check.id: verdict.reason for verdict in judged if verdict.outcome in UNDECIDED}
    assert set(system.unknown) <= set(undecided) <= set(system.unknown) | AROUND, undecided
