"""How often the checks are right, counted over all systems whose truth is known."""

import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import import_module

import truth
from firmward.audit.catalogue import catalogue
from firmward.audit.engine import Verdict, families, is_of_image, judge
from firmward.facts.advisories import Advisories
from firmward.facts.collection import Collection
from firmward.model.check import Check
from firmward.model.clock import Clock
from firmward.model.finding import Finding, Outcome, Severity
from firmward.model.memory import Content, MemoryTree
from firmward.model.policy import parse_policy
from truth.row import Mistake, Truth

CLOCK = Clock(date(2026, 11, 20))


@cache
def systems() -> tuple[Truth, ...]:
    found = []
    for file in sorted(module.name for module in pkgutil.iter_modules(truth.__path__)):
        found += getattr(import_module(f"truth.{file}"), "SYSTEMS", ())
    return tuple(found)


def of_roots() -> tuple[Check, ...]:
    """A system is a root: what is asked of an image as a whole has tests of its own."""
    return tuple(check for check in catalogue() if not is_of_image(check))


def judged(name: str, files: dict[str, Content], policy: str, known: Advisories | None = None) -> tuple[Verdict, ...]:
    checks = of_roots()
    facts = Collection(MemoryTree(files), advisories=known).facts(name, families(checks))
    parsed = parse_policy(policy)
    return tuple(judge(check, facts, parsed, CLOCK) for check in checks)


@cache
def of_planted(name: str) -> tuple[Verdict, ...]:
    system = next(one for one in systems() if one.name == name)
    policy = system.policy if system.mistaken_policy is None else system.mistaken_policy
    return judged(system.name, system.planted, policy, system.advisories)


@cache
def of_clean(name: str) -> tuple[Verdict, ...]:
    system = next(one for one in systems() if one.name == name)
    return judged(system.name, dict(system.clean), system.policy, system.advisories)


def names(mistake: Mistake, check: str, finding: Finding) -> bool:
    """Whether a finding is of this mistake."""
    place = "" if finding.at is None else str(finding.at)
    texts = (finding.key, place, finding.message)
    return check == mistake.check and any(mistake.where in text for text in texts)


def severity(verdict: Verdict, finding: Finding) -> Severity:
    return finding.severity or verdict.check.severity


def grave(verdicts: tuple[Verdict, ...]) -> Iterator[tuple[Verdict, Finding]]:
    """Findings of medium or above."""
    for verdict in verdicts:
        for finding in verdict.findings:
            if severity(verdict, finding).rank <= Severity.MEDIUM.rank:
                yield verdict, finding


def missed(system: Truth) -> list[Mistake]:
    findings = [(verdict.check.id, one) for verdict in of_planted(system.name) for one in verdict.findings]
    return [mistake for mistake in system.mistakes if not any(names(mistake, *one) for one in findings)]


def false_alarms(system: Truth) -> list[tuple[str, str, str]]:
    """Check, key and message of what is said of medium or above in a system without mistakes."""
    return [
        (verdict.check.id, finding.key, finding.message)
        for verdict, finding in grave(of_clean(system.name))
        if verdict.check.id not in system.low
    ]


def surplus(system: Truth) -> list[tuple[str, str, str]]:
    """What is said of medium or above in the planted system that is of no mistake, nor said of the clean twin."""
    known = {(verdict.check.id, finding.key) for verdict, finding in grave(of_clean(system.name))}
    return [
        (verdict.check.id, finding.key, finding.message)
        for verdict, finding in grave(of_planted(system.name))
        if (verdict.check.id, finding.key) not in known
        and not any(names(mistake, verdict.check.id, finding) for mistake in system.mistakes)
    ]


@dataclass
class Score:
    """Of one check over all systems: mistakes planted and found, clean twins in which it says nothing of medium or
    above, alarms that were false, and twins in which it could not decide."""

    planted: int = 0
    found: int = 0
    clean: int = 0
    false: int = 0
    undecided: int = 0
    distributions: set[str] = field(default_factory=set)

    @property
    def recall(self) -> float | None:
        return self.found / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        alarms = self.found + self.false
        return self.found / alarms if alarms else None


def scored() -> frozenset[str]:
    """Every check that a score is kept of. Nothing is judged for it, so that tests can be named after them."""
    planted = {mistake.check for system in systems() for mistake in system.mistakes}
    return frozenset(planted | {check.id for check in of_roots()})


@cache
def scores() -> dict[str, Score]:
    """By check, all that are asked of a root."""
    table = {check: Score() for check in scored()}
    for system in systems():
        lost = missed(system)
        for mistake in system.mistakes:
            score = table[mistake.check]
            score.planted += 1
            score.found += mistake not in lost
            score.distributions.add(system.distribution)
        for check, _, _ in (*false_alarms(system), *surplus(system)):
            table[check].false += 1
        alarmed = {verdict.check.id for verdict, _ in grave(of_clean(system.name))}
        for verdict in of_clean(system.name):
            is_undecided = verdict.outcome in (Outcome.UNKNOWN, Outcome.ERROR)
            table[verdict.check.id].undecided += is_undecided
            table[verdict.check.id].clean += not is_undecided and verdict.check.id not in alarmed
    return table
