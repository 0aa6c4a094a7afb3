"""Join what the engine said of each part into one report.

A check's outcome is the worst of its parts. A root that could not be opened, or only in part, counts as `unknown`: what
was not read is no evidence. A finding's fingerprint knows its finding again in the next build, so it is made of
what stays (check, key, path, the part's name without offsets) and of no line number.
"""

import hashlib
import inspect
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from firmward.audit.accept import accept, unmatched
from firmward.audit.catalogue import catalogue
from firmward.audit.engine import Verdict
from firmward.audit.redact import redact, redacted
from firmward.audit.supply import Supply
from firmward.model.calendar import Calendar
from firmward.model.chain import Link
from firmward.model.check import Check
from firmward.model.clock import Clock
from firmward.model.finding import Finding, Outcome
from firmward.model.kernel_standing import KernelStanding
from firmward.model.location import Location
from firmward.model.policy import AcceptedRisk, Policy
from firmward.model.report import Budget, CheckResult, Part, PartOutcome, Report, ReportedFinding, Role, Subject

WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE)
ROOTS = (Role.ROOT, Role.INITRAMFS)
NO_ROOT = "no root file system could be read"
TOLD = 3
"""Parts named in a reason; the report lists them all."""

OFFSET = re.compile(r"[-@_]0x[0-9a-fA-F]+$")


@dataclass(frozen=True, slots=True)
class Beside:
    """What a report draws beside the verdicts: the `chain` of trust, the calendar of what falls out of support
    (`life`), how the `kernels` stand, and what the system is made of (`supply`)."""

    chain: tuple[Link, ...] = ()
    life: Calendar | None = None
    kernels: tuple[KernelStanding, ...] = ()
    supply: Supply = field(default_factory=Supply)


ALONE = Beside()


def compose(
    subject: Subject,
    parts: Sequence[Part],
    verdicts_by_part: Mapping[str, Sequence[Verdict]],
    policy: Policy | None,
    clock: Clock,
    budget: Budget,
    checks: Iterable[Check] | None = None,
    beside: Beside = ALONE,
) -> Report:
    """The report. `checks` are those that were asked for; without it, those judged, or all when no part was. What
    stands `beside` the verdicts says nothing that the facts did not."""
    asked = _asked(checks, verdicts_by_part)
    unread = _unread(parts, verdicts_by_part)
    results = tuple(_result(check, verdicts_by_part, unread, _no_root(parts)) for check in asked)
    findings = [
        redacted(finding)
        for part, verdicts in verdicts_by_part.items()
        for verdict in verdicts
        for finding in _findings(verdict, part)
    ]
    findings = _once(findings, {redact(part.id) for part in parts if part.role is Role.INITRAMFS})
    findings = list(dict.fromkeys(sorted(findings, key=_order)))  # two roots may have one boot partition
    named = {finding.at.part for finding in findings if finding.at is not None and finding.at.part is not None}
    findings = _fingerprinted(findings, _stable_names(parts, verdicts_by_part, named))
    risks: tuple[AcceptedRisk, ...] = () if policy is None else policy.accepted
    outcomes = {result.check: result.outcome for result in results}
    judged = accept(findings, policy, clock.today)
    notes = unmatched(judged, risks, outcomes)
    report = Report(
        subject,
        tuple(parts),
        results,
        judged,
        budget,
        _product(policy),
        notes,
        chain=beside.chain,
        life=beside.life,
        kernels=beside.kernels,
        components=beside.supply.components,
        vulnerabilities=beside.supply.vulnerabilities,
        advised=beside.supply.advised,
    )
    return redacted(report)


def _once(findings: Sequence[ReportedFinding], early: set[str]) -> list[ReportedFinding]:
    """The findings without those that have no place in an initramfs, and are told of a root as well: what is missing,
    or missing in the declaration, is one thing."""
    told = {(one.check, one.key, one.outcome) for one in findings if one.at is not None and one.at.part not in early}

    def is_again(one: ReportedFinding) -> bool:
        placeless = one.at is not None and one.at.part in early and one.at.path is None
        return placeless and one.outcome == "fail" and (one.check, one.key, one.outcome) in told

    return [one for one in findings if not is_again(one)]


def _asked(checks: Iterable[Check] | None, verdicts_by_part: Mapping[str, Sequence[Verdict]]) -> list[Check]:
    judged = {verdict.check.id: verdict.check for verdicts in verdicts_by_part.values() for verdict in verdicts}
    if checks is not None:
        judged |= {check.id: check for check in checks}
    elif not judged:
        judged = {check.id: check for check in catalogue()}
    return sorted(judged.values(), key=lambda check: (check.area, check.id))


def _unread(parts: Sequence[Part], verdicts_by_part: Mapping[str, Sequence[Verdict]]) -> dict[str, str]:
    """Roots that were not wholly read, with why."""
    return {
        part.id: part.problem
        for part in parts
        if part.problem and part.same_as is None and (part.role in ROOTS or verdicts_by_part.get(part.id))
    }


def _no_root(parts: Sequence[Part]) -> str:
    problems = [f"{part.id}: {part.problem}" for part in parts if part.problem]
    more = f"; and {len(problems) - TOLD} more parts" if len(problems) > TOLD else ""
    return NO_ROOT + (f" ({'; '.join(problems[:TOLD])}{more})" if problems else "")


def _result(
    check: Check, verdicts_by_part: Mapping[str, Sequence[Verdict]], unread: Mapping[str, str], no_root: str
) -> CheckResult:
    outcomes = [
        _part_outcome(part, verdict, unread.get(part))
        for part, verdicts in verdicts_by_part.items()
        for verdict in verdicts
        if verdict.check.id == check.id
    ]
    judged = {outcome.part for outcome in outcomes}
    if any(verdicts_by_part.values()):
        outcomes += [
            PartOutcome(part, Outcome.UNKNOWN, f"could not be read: {problem}")
            for part, problem in unread.items()
            if part not in judged
        ]
    worst = min((outcome.outcome for outcome in outcomes), key=WORST_FIRST.index, default=Outcome.UNKNOWN)
    return CheckResult(
        check=check.id,
        area=check.area,
        title=check.title,
        severity=check.severity,
        outcome=worst,
        reason=_reason(worst, outcomes) if outcomes else no_root,
        parts=tuple(sorted(outcomes, key=lambda outcome: outcome.part)),
        practice=check.practice,
        cwe=check.cwe,
        doc=inspect.cleandoc(check.doc),
    )


def _part_outcome(part: str, verdict: Verdict, problem: str | None) -> PartOutcome:
    """A pass in a part that was read only in part is not known to be one."""
    if problem and verdict.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        return PartOutcome(part, Outcome.UNKNOWN, f"was read only in part: {problem}")
    return PartOutcome(part, verdict.outcome, verdict.reason)


def _reason(worst: Outcome, outcomes: Sequence[PartOutcome]) -> str | None:
    told = [outcome for outcome in outcomes if outcome.outcome is worst and outcome.reason]
    reasons = list(dict.fromkeys(cast(str, outcome.reason) for outcome in told))
    if len(outcomes) == 1 or (len(reasons) == 1 and len(told) == len(outcomes)):
        return reasons[0] if reasons else None
    places = [f"{outcome.part}: {outcome.reason}" for outcome in told]
    more = f"; and {len(places) - TOLD} more parts" if len(places) > TOLD else ""
    return "; ".join(places[:TOLD]) + more if places else None


def _findings(verdict: Verdict, part: str) -> Iterable[ReportedFinding]:
    for finding in verdict.findings:
        yield reported(verdict.check, finding, part, "fail")
    if verdict.outcome is Outcome.ERROR:
        message = f"the check could not be finished: {verdict.reason}"
        yield reported(verdict.check, Finding("error", message, Location()), part, "error")


def reported(check: Check, finding: Finding, part: str, outcome: str) -> ReportedFinding:
    """As it is, with its place; nothing is masked yet."""
    return ReportedFinding(
        check=check.id,
        key=finding.key,
        area=check.area,
        title=check.title,
        practice=check.practice,
        severity=finding.severity or check.severity,
        outcome=outcome,
        message=finding.message,
        at=_placed(finding.at or Location(), part),
        cwe=check.cwe,
        fingerprint="",
        evidence=finding.evidence,
        remedy=finding.remedy,
    )


def _placed(at: Location, part: str) -> Location:
    """A place in the part that was judged, unless it names another: a root may be undone by its boot partition."""
    return at if at.part is not None else replace(at, part=part)


def _order(finding: ReportedFinding) -> tuple[object, ...]:
    at = finding.at or Location()
    place = (at.part or "", at.path or "", at.line or 0, at.offset or 0)
    return (finding.severity.rank, finding.area, finding.check, finding.key, *place, finding.outcome, finding.message)


def _stable_names(parts: Sequence[Part], judged: Iterable[str], beside: Iterable[str] = ()) -> dict[str, str]:
    """What each judged part, and each beside them that a finding names, is called in every build: no offset, no file
    name of the image, an ordinal if need be."""
    known = {part.id: part for part in parts}
    order = {part.id: place for place, part in enumerate(parts)}
    seen: Counter[str] = Counter()
    names = {}
    first = set(judged)
    for id in sorted({*first, *beside}, key=lambda id: (id not in first, order.get(id, len(order)), id)):
        part = known.get(id)
        name = OFFSET.sub("", id.rpartition("/")[2]) if part and part.parent is not None else ""
        seen[name] += 1
        names[redact(id)] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return names


def _fingerprinted(findings: Iterable[ReportedFinding], names: Mapping[str, str]) -> list[ReportedFinding]:
    seen: Counter[str] = Counter()
    done = []
    for finding in findings:
        at = finding.at or Location()
        steps = (finding.check, finding.key, names.get(at.part or "", ""), at.path or "")
        identity = "\0".join(steps) + ("\0error" if finding.outcome == "error" else "")
        seen[identity] += 1  # several only where masking made keys alike
        told = identity if seen[identity] == 1 else f"{identity}\0{seen[identity]}"
        done.append(replace(finding, fingerprint=hashlib.sha256(told.encode()).hexdigest()[:16]))
    return done


def _product(policy: Policy | None) -> str | None:
    if policy is None or policy.device is None:
        return None
    device = policy.device
    return " ".join(word for word in (device.product, device.model, device.version) if word)
