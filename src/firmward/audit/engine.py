"""Put the checks to finished facts. Unknown in, unknown out; an exception in a check is an error, never a pass."""

from collections.abc import Iterable
from dataclasses import dataclass

from firmward.model.check import Check, NotApplicable, Read
from firmward.model.clock import Clock
from firmward.model.facts import Facts, Unavailable, Unknown
from firmward.model.finding import Finding, Outcome
from firmward.model.policy import NO_POLICY, Policy

FINDINGS_LIMIT = 1000
"""Findings kept of one check in one part; more say nothing new."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check said of one part."""

    check: Check
    outcome: Outcome
    reason: str | None = None
    findings: tuple[Finding, ...] = ()


def families(checks: Iterable[Check]) -> frozenset[type]:
    """The fact families that these checks read."""
    return frozenset(read.family for check in checks for read in check.reads) - {Policy, Clock}


def is_of_image(check: Check) -> bool:
    """Whether it is asked of an image as a whole, and not of each root in it."""
    from firmward.facts import collection

    return collection.is_of_image(families((check,)))


def is_of_rootless(check: Check) -> bool:
    """Whether it can be asked of an image without a root too, such as a kernel's configuration alone."""
    from firmward.facts import collection

    return collection.is_of_rootless(families((check,)))


def judge(check: Check, facts: Facts, policy: Policy | None, clock: Clock) -> Verdict:
    """One check on one part."""
    arguments: dict[str, object] = {}
    for read in check.reads:
        value = _input(read, facts, policy, clock)
        if isinstance(value, Unknown) and not read.unknown:
            return Verdict(check, Outcome.UNKNOWN, value.reason)
        if value is None and not read.absent:
            return Verdict(check, Outcome.NOT_APPLICABLE, f"no {_words(read.family)} here")
        arguments[read.name] = value
    return _ask(check, arguments)


def _input(read: Read, facts: Facts, policy: Policy | None, clock: Clock) -> object:
    if read.family is Clock:
        return clock
    if read.family is Policy:
        return policy if policy is not None or read.absent else Unknown(NO_POLICY)
    return facts.get(read.family)


def _ask(check: Check, arguments: dict[str, object]) -> Verdict:
    findings: list[Finding] = []
    outcome, reason = Outcome.PASS, None
    try:
        for finding in check.find(**arguments):
            findings.append(finding)
            if len(findings) >= FINDINGS_LIMIT:
                reason = f"stopped after {FINDINGS_LIMIT} findings"
                break
    except Unavailable as unavailable:
        outcome, reason = Outcome.UNKNOWN, str(unavailable)
    except NotApplicable as question:
        outcome, reason = Outcome.NOT_APPLICABLE, str(question)
    except Exception as fault:  # told as an error, so that it is never taken for a pass
        outcome, reason = Outcome.ERROR, f"internal error, {type(fault).__name__}: {fault}"
    if findings and outcome is not Outcome.ERROR:
        outcome = Outcome.FAIL
    return Verdict(check, outcome, reason, tuple(findings))


def _words(family: type) -> str:
    """`SystemdUnits` as `systemd units`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in family.__name__).strip()
