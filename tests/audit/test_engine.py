"""Unknown in, unknown out; a fault in a check is an error and never a pass."""

from dataclasses import dataclass
from datetime import date

import pytest

from firmward.audit.engine import FINDINGS_LIMIT, families, judge
from firmward.model.check import Check, Findings, NotApplicable, check
from firmward.model.clock import Clock
from firmward.model.facts import Facts, Source, Unavailable, Unknown
from firmward.model.finding import Finding, Outcome, Severity
from firmward.model.policy import Policy

CLOCK = Clock(date(2026, 11, 20))


@dataclass(frozen=True)
class Lamp:
    lit: bool


def make(find: object) -> Check:
    return check(title="T", severity=Severity.LOW, practice="P20", cwe=None, bad={}, good={})(find)  # type: ignore[arg-type]


@make
def plain(lamp: Lamp) -> Findings:
    if lamp.lit:
        yield Finding("lamp", "is lit")


@make
def asks_about_absence(lamp: Lamp | None) -> Findings:
    if lamp is None:
        yield Finding("lamp", "is missing")


@make
def finds_then_cannot_look(lamp: Lamp) -> Findings:
    if lamp.lit:
        yield Finding("lamp", "is lit")
    raise Unavailable("the other lamp is behind a wall")


@make
def makes_no_sense(lamp: Lamp) -> Findings:
    raise NotApplicable("no current")
    yield  # a generator, as every check


@make
def breaks(lamp: Lamp) -> Findings:
    yield Finding("lamp", "is lit")
    raise KeyError("oops")


@make
def wants_policy(policy: Policy) -> Findings:
    yield from ()


@make
def never_ends(lamp: Lamp) -> Findings:
    n = 0
    while True:
        n += 1
        yield Finding(str(n), "again")


@pytest.mark.parametrize(
    ("asked", "state", "outcome"),
    [
        (plain, Lamp(True), Outcome.FAIL),
        (plain, Lamp(False), Outcome.PASS),
        (plain, None, Outcome.NOT_APPLICABLE),
        (plain, Unknown("dark"), Outcome.UNKNOWN),
        (asks_about_absence, None, Outcome.FAIL),
        (asks_about_absence, Unknown("dark"), Outcome.UNKNOWN),
        (finds_then_cannot_look, Lamp(True), Outcome.FAIL),
        (finds_then_cannot_look, Lamp(False), Outcome.UNKNOWN),
        (makes_no_sense, Lamp(True), Outcome.NOT_APPLICABLE),
        (breaks, Lamp(True), Outcome.ERROR),
        (wants_policy, Lamp(True), Outcome.UNKNOWN),
        (never_ends, Lamp(True), Outcome.FAIL),
    ],
)
def test_outcomes(asked: Check, state: object, outcome: Outcome) -> None:
    verdict = judge(asked, Facts("s", Source.IMAGE, {Lamp: state}), None, CLOCK)
    assert verdict.outcome is outcome
    assert len(verdict.findings) <= FINDINGS_LIMIT


def test_a_family_nobody_collected_is_unknown() -> None:
    assert judge(plain, Facts("s", Source.IMAGE, {}), None, CLOCK).outcome is Outcome.UNKNOWN


def test_policy_and_clock_are_no_families() -> None:
    assert families([plain, wants_policy]) == {Lamp}
