"""Accepted risks: an owned, dated exception covers findings until its last day, and then they are back.

An expired acceptance is no secret: the finding fails again and says who had accepted it and until when. One that covers
nothing is told too, since a list of exceptions that nobody prunes hides the next problem.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from firmward.audit.profiles import acceptance
from firmward.model.finding import Outcome
from firmward.model.policy import AcceptedRisk, Policy
from firmward.model.report import Acceptance, ReportedFinding


def covers(risk: AcceptedRisk, check: str, key: str) -> bool:
    """Whether a risk is accepted for this finding; `*` in its key stands for anything, no key for every key."""
    if risk.check != check:
        return False
    if risk.key is None:
        return True
    return re.fullmatch(".*".join(map(re.escape, risk.key.split("*"))), key, re.DOTALL) is not None


def accept(findings: Iterable[ReportedFinding], policy: Policy | None, today: date) -> tuple[ReportedFinding, ...]:
    """The findings with what was accepted of them, by risk or by profile. A check that broke is not a risk that anyone
    accepted."""
    return tuple(_judge(finding, policy, today) if finding.outcome == "fail" else finding for finding in findings)


def unmatched(
    findings: Sequence[ReportedFinding], risks: Iterable[AcceptedRisk], outcomes: Mapping[str, Outcome]
) -> tuple[str, ...]:
    """What is to be said of accepted risks that cover no finding; `outcomes` are those of the checks asked."""
    return tuple(
        _unmatched(risk, outcomes.get(risk.check))
        for risk in risks
        if not any(covers(risk, finding.check, finding.key) for finding in findings if finding.outcome != "error")
    )


def _judge(finding: ReportedFinding, policy: Policy | None, today: date) -> ReportedFinding:
    by_profile = acceptance(finding, policy)
    if by_profile is not None:
        return replace(finding, outcome="accepted", accepted=by_profile)
    covering = [risk for risk in policy.accepted if covers(risk, finding.check, finding.key)] if policy else []
    if not covering:
        return finding
    risk = max(covering, key=lambda risk: risk.expires)
    expired = risk.is_expired(today)
    accepted = Acceptance(risk.reason, risk.owner, risk.expires.isoformat(), expired)
    if not expired:
        return replace(finding, outcome="accepted", accepted=accepted)
    message = f"{finding.message} (accepted by {risk.owner} {accepted.term}, which is over)"
    return replace(finding, message=message, accepted=accepted)


def _unmatched(risk: AcceptedRisk, outcome: Outcome | None) -> str:
    name = risk.check if risk.key is None else f"{risk.check}[{risk.key}]"
    said = f"accepted risk {name} ({risk.owner}, until {risk.expires.isoformat()})"
    if outcome is None:
        return f"{said} names a check that was not asked"
    if outcome in (Outcome.UNKNOWN, Outcome.ERROR):
        return f"{said} cannot be matched: its check has no verdict"
    return f"{said} matches no finding; if the problem is gone, remove it from the policy"
