"""What every form of the report says alike: the verdict in plain words, the standing per area, what to do next.

The verdict never says more than was read: with nothing judged there is none, and with checks unknown "nothing found"
stands beside how many could not be answered.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from firmward.model.finding import Outcome, Severity
from firmward.model.location import Location
from firmward.model.policy import NO_POLICY
from firmward.model.remedy import Safety
from firmward.model.report import CheckResult, Part, Report, ReportedFinding

URGENT = (Severity.CRITICAL, Severity.HIGH)


class Tone(StrEnum):
    """How bad it is, for a colour and a sign."""

    BLIND = "blind"
    """Too little was read to say anything."""
    BAD = "bad"
    FAIR = "fair"
    """Nothing urgent, yet something found or something unknown."""
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Standing:
    """One area: checks by outcome, open findings by severity."""

    area: str
    passed: int
    failed: int
    unknown: int
    not_applicable: int
    accepted: int
    """Findings that are accepted risks."""
    severities: tuple[tuple[Severity, int], ...]
    """Open findings, all severities, worst first."""

    @property
    def checks(self) -> int:
        return self.passed + self.failed + self.unknown + self.not_applicable

    @property
    def judged(self) -> int:
        return self.checks - self.unknown

    @property
    def findings(self) -> int:
        return sum(count for _, count in self.severities)

    @property
    def worst(self) -> Severity | None:
        return next((severity for severity, count in self.severities if count), None)


def open_findings(report: Report) -> tuple[ReportedFinding, ...]:
    """What is wrong and not accepted; a check that broke is no problem of the image and counts as unknown."""
    return tuple(finding for finding in report.findings if finding.outcome == "fail")


def accepted_findings(report: Report) -> tuple[ReportedFinding, ...]:
    """Those accepted, and those whose acceptance is over."""
    return tuple(finding for finding in report.findings if finding.accepted)


def severities(findings: Iterable[ReportedFinding]) -> tuple[tuple[Severity, int], ...]:
    """How many of each severity, worst first, all five."""
    counts = Counter(finding.severity for finding in findings)
    return tuple((severity, counts[severity]) for severity in Severity)


def tone(report: Report) -> Tone:
    if report.judged == 0:
        return Tone.BLIND
    found = open_findings(report)
    if any(finding.severity in URGENT for finding in found):
        return Tone.BAD
    if report.unknown > report.judged:
        return Tone.BLIND
    if found or report.unknown or not report.budget.complete:
        return Tone.FAIR
    return Tone.GOOD


def headline(report: Report) -> str:
    """The verdict in one sentence."""
    if report.judged == 0:
        return "No verdict: nothing in it could be judged"
    found = open_findings(report)
    counts = dict(severities(found))
    urgent = [f"{counts[severity]} {severity}" for severity in URGENT if counts[severity]]
    if urgent:
        amount = sum(counts[severity] for severity in URGENT)
        verdict = "Not fit to ship as it is" if report.subject.source == "image" else "Not safe as it runs"
        return f"{verdict}: {' and '.join(urgent)} {plural(amount, 'problem', number=False)}"
    if report.unknown > report.judged:
        return "No verdict: most of what was asked could not be judged"
    if found:
        return f"Nothing critical or high; {plural(len(found), 'lesser problem')} to look at"
    if report.unknown or not report.budget.complete:
        return "Nothing found in what could be judged"
    return "Nothing found, and every check was judged"


def coverage(report: Report) -> str:
    """How much was judged, which belongs beside every verdict."""
    total = len(report.checks)
    if not total:
        return "No checks were asked."
    if not report.unknown:
        said = f"All {total} checks were judged." if total > 1 else "The one check was judged."
    elif not report.judged:
        said = f"None of {plural(total, 'check')} could be judged: this says nothing about how safe the device is."
    else:
        said = f"{report.judged} of {total} checks were judged; {report.unknown} could not be, so more may be wrong."
    if not report.budget.complete:
        said += f" Incomplete: {'; '.join(report.budget.exhausted) or 'a budget ran out'}."
    return said


def standings(report: Report) -> tuple[Standing, ...]:
    """Every area that was asked about, the worst first."""
    areas = sorted({check.area for check in report.checks} | {finding.area for finding in report.findings})
    return tuple(sorted((_standing(report, area) for area in areas), key=_weight))


def _standing(report: Report, area: str) -> Standing:
    outcomes = Counter(check.outcome for check in report.checks if check.area == area)
    found = [finding for finding in report.findings if finding.area == area]
    return Standing(
        area=area,
        passed=outcomes[Outcome.PASS],
        failed=outcomes[Outcome.FAIL],
        unknown=outcomes[Outcome.UNKNOWN] + outcomes[Outcome.ERROR],
        not_applicable=outcomes[Outcome.NOT_APPLICABLE],
        accepted=sum(1 for finding in found if finding.outcome == "accepted"),
        severities=severities(finding for finding in found if finding.outcome == "fail"),
    )


def _weight(standing: Standing) -> tuple[object, ...]:
    return (*(-count for _, count in standing.severities), -standing.unknown, standing.area)


def without_verdict(report: Report) -> tuple[CheckResult, ...]:
    return tuple(check for check in report.checks if check.outcome in (Outcome.UNKNOWN, Outcome.ERROR))


def unknown_reasons(report: Report) -> tuple[tuple[str, tuple[CheckResult, ...]], ...]:
    """Checks without a verdict by their reason, the commonest first."""
    groups: dict[str, list[CheckResult]] = {}
    for check in without_verdict(report):
        groups.setdefault(check.reason or "no reason given", []).append(check)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple((reason, tuple(checks)) for reason, checks in ordered)


def problem_parts(report: Report) -> tuple[Part, ...]:
    return tuple(part for part in report.parts if part.problem)


def part_names(report: Report) -> dict[str, str]:
    """Parts by id as they may be called without confusion: the last steps of the id, as many as are needed."""
    names: dict[str, str] = {}
    for part in report.parts:
        steps = part.id.split("/")
        for depth in range(1, len(steps) + 1):
            name = "/".join(steps[-depth:])
            if sum(1 for other in report.parts if f"/{other.id}".endswith(f"/{name}")) == 1:
                break
        names[part.id] = name
    return names


def place(at: Location | None, names: dict[str, str]) -> str:
    """`etc/shadow:14 in rootfs_a`."""
    if at is None:
        return ""
    where = str(at)
    part = names.get(at.part, at.part) if at.part else None
    if not part:
        return where
    return f"{where} in {part}" if where else f"in {part}"


def next_steps(report: Report) -> tuple[str, ...]:
    """What to do now, most useful first."""
    found = open_findings(report)
    steps = []
    if found:
        steps.append(f"Begin with {found[0].check}: `firmward explain {found[0].check}` tells why and how to mend it.")
    safe = sum(1 for finding in found if finding.remedy and finding.remedy.safety is Safety.SAFE)
    if safe:
        steps.append(
            f"{plural(safe, 'finding')} {'has' if safe == 1 else 'have'} a remedy that breaks nothing; do it now."
        )
    undeclared = sum(1 for check in without_verdict(report) if check.reason and NO_POLICY in check.reason)
    if undeclared:
        steps.append(
            f"Declare the product in device.toml and give it with --policy: it answers {plural(undeclared, 'check')}."
        )
    expired = sum(1 for finding in found if finding.accepted)
    if expired:
        steps.append(f"{plural(expired, 'accepted risk')} ended: mend the problem, or let its owner decide anew.")
    if problem_parts(report):
        steps.append("See which parts could not be read; `firmward doctor` names readers that are missing here.")
    if any(finding.outcome == "error" for finding in report.findings):
        steps.append("A check broke, which is a fault of firmward: please report it with the check's id and reason.")
    return tuple(steps)


def plural(count: int, word: str, *, number: bool = True) -> str:
    words = word if count == 1 else f"{word}s"
    return f"{count} {words}" if number else words
