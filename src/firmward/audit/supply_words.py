"""The words for what a system is made of, and for what is known of it: alike in every report."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from textwrap import shorten

from firmward.audit.summary import plural
from firmward.model.component import Component, Witness
from firmward.model.finding import Severity
from firmward.model.report import Advised, Report
from firmward.model.vulnerability import Justification, VexState, Vulnerability

WITNESSES = {
    Witness.PACKAGE: "package",
    Witness.MANIFEST: "build list",
    Witness.METADATA: "its own metadata",
    Witness.BUILD_INFO: "build info",
    Witness.KERNEL: "kernel",
    Witness.BOOT_LOADER: "boot loader",
    Witness.TEXT: "its words",
    Witness.NAME: "file name",
    Witness.SBOM: "SBOM",
}
STATES = {
    VexState.EXPLOITABLE: "exploitable",
    VexState.IN_TRIAGE: "being looked at",
    VexState.RESOLVED: "resolved",
    VexState.FALSE_POSITIVE: "false alarm",
    VexState.NOT_AFFECTED: "not affected",
}
REASONS = {
    Justification.CODE_NOT_PRESENT: "the code is not there",
    Justification.CODE_NOT_REACHABLE: "the code cannot be reached",
    Justification.REQUIRES_CONFIGURATION: "it needs another configuration",
    Justification.REQUIRES_DEPENDENCY: "it needs what is not there",
    Justification.REQUIRES_ENVIRONMENT: "it needs another environment",
    Justification.PROTECTED_BY_COMPILER: "the compiler guards it",
    Justification.PROTECTED_AT_RUNTIME: "it is guarded as it runs",
    Justification.PROTECTED_AT_PERIMETER: "it is guarded at the perimeter",
    Justification.PROTECTED_BY_MITIGATING_CONTROL: "another measure guards it",
}
TITLE_SHOWN = 100
OLD = 14
"""Days after which data of vulnerabilities want to be renewed."""


def is_told(report: Report) -> bool:
    """Whether there is anything to say."""
    return bool(report.components or report.vulnerabilities or report.advised is not None)


def affecting(report: Report) -> tuple[Vulnerability, ...]:
    return tuple(one for one in report.vulnerabilities if one.affects)


def headline(report: Report) -> str:
    """What matters of it, in one sentence."""
    components = plural(len(report.components), "component")
    if report.advised is not None and report.advised.as_of is None and not report.vulnerabilities:
        return f"{components}; what is known of their vulnerabilities was not looked up"
    found = affecting(report)
    if not found:
        return f"{components}, and no known vulnerability that applies to them"
    hit = len({one.component for one in found})
    exploited = sum(one.exploited is not None for one in found)
    used = f", {exploited} known to be exploited" if exploited else ""
    return f"{components}; {counted(len(found))} in {hit} of them{used}"


def counted(count: int) -> str:
    return f"{count} {'vulnerability' if count == 1 else 'vulnerabilities'}"


def severities(found: Iterable[Vulnerability]) -> tuple[tuple[Severity, int], ...]:
    counts = Counter(one.severity for one in found)
    return tuple((severity, counts[severity]) for severity in Severity if counts[severity])


def not_counted(report: Report) -> tuple[Vulnerability, ...]:
    return tuple(one for one in report.vulnerabilities if not one.affects)


def settled(report: Report) -> str:
    """What does not count, by the reason; empty where nothing does not."""
    counts = Counter(_reason(one) for one in not_counted(report))
    told = [f"{count} {reason}" for reason, count in counts.most_common()]
    return f"Listed and not counted: {'; '.join(told)}" if told else ""


def reviews(report: Report) -> str:
    """How many decisions do not count any more; empty where all do."""
    stale = len({(one.id, one.name) for one in report.vulnerabilities if one.vex is not None and one.vex.needs_review})
    if not stale:
        return ""
    one = stale == 1
    return f"{plural(stale, 'decision')} {'needs' if one else 'need'} a review, and {'does' if one else 'do'} not count"


def _reason(one: Vulnerability) -> str:
    if one.vex is None:
        return ""
    why = "" if one.vex.justification is None else f" ({REASONS[one.vex.justification]})"
    return f"{STATES[one.vex.state]}{why}"


def decision(one: Vulnerability) -> str:
    """What was decided of a vulnerability, with the reason; empty where nothing was."""
    if one.vex is None:
        return ""
    if one.vex.needs_review:
        return f"To be reviewed: {one.vex.needs_review}"
    words = ": ".join(word for word in (_reason(one), one.vex.detail) if word)
    return f"{words[:1].upper()}{words[1:]}"


def age(advised: Advised | None) -> str:
    """Of the data, in words; empty where there are none."""
    if advised is None or advised.as_of is None:
        return ""
    days = (date.fromisoformat(advised.today) - date.fromisoformat(advised.as_of)).days
    feeds = f" ({', '.join(feed.name for feed in advised.feeds)})" if advised.feeds else ""
    how = "of today" if days <= 0 else f"{plural(days, 'day')} old"
    renew = "; firmward vulns update renews them" if days > OLD else ""
    return f"By data of {advised.as_of}{feeds}, {how}{renew}"


def numbers(one: Vulnerability) -> str:
    """Score and probability, as people write them: `CVSS 9.8, EPSS 4.3 %`."""
    words = []
    if one.score is not None:
        words.append(f"CVSS {one.score.score:.1f}")
    if one.epss is not None:
        words.append(f"EPSS {100 * one.epss:.1f}\u00a0%")
    return ", ".join(words)


def name(one: Vulnerability | Component) -> str:
    return f"{one.name} {one.version}".strip()


def title(one: Vulnerability) -> str:
    """What its record calls it, as long as a line holds."""
    return shorten(one.title, TITLE_SHOWN, placeholder=" …")


def part(one: Vulnerability) -> str:
    """The part that its component is in, as components are referred to; empty for one that is in none."""
    where, sign, _ = one.component.partition("#")
    return where if sign else ""


def witness(one: Component) -> str:
    """How it is known, in words."""
    return WITNESSES[one.evidence[0].witness] if one.evidence else ""


def by_component(found: Iterable[Vulnerability]) -> list[tuple[str, Sequence[Vulnerability]]]:
    """Those of each component together, by its name, the gravest first; components by their gravest."""
    told = list(found)
    order = {key: number for number, key in enumerate(dict.fromkeys(one.component for one in told))}
    ordered = sorted(told, key=lambda one: order[one.component])
    return [(name(group[0]), group) for _, each in groupby(ordered, lambda one: one.component) if (group := list(each))]
