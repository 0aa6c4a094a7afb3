"""The report as one HTML file that needs nothing else: to show, to search, to print, to keep.

The page reads well without its script, which only filters. Its content policy admits the page's own style and script by
their digests and nothing from anywhere, so that even a name that got past the escaping could load or run nothing.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby

from firmward.audit import summary
from firmward.audit.json_record import kind
from firmward.model.finding import Outcome, Severity
from firmward.model.remedy import (
    AddFirewallRule,
    Change,
    DisableService,
    Remove,
    RemoveLine,
    SetField,
    SetMode,
    SetOption,
)
from firmward.model.report import CheckResult, Part, Report, ReportedFinding

OPEN_AT_ONCE = 6
"""Findings of one check that are shown before the others are folded away."""
DIGEST_SHOWN = len("sha256:") + 12


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one check at one severity."""

    check: str
    title: str
    area: str
    severity: Severity
    practice: tuple[str, ...]
    cwe: int | None
    paragraphs: tuple[str, ...]
    findings: tuple[ReportedFinding, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a bar, in percent."""

    name: str
    count: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Branch:
    """A part with what it holds."""

    part: Part
    name: str
    children: tuple["Branch", ...]


def render_html(report: Report) -> str:
    from jinja2 import BaseLoader, Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=BaseLoader())
    environment.filters["size"] = size
    environment.filters["change"] = change
    environment.filters["ticks"] = ticks
    template = environment.from_string(_resource("report.html.j2"))
    style, script = _resource("report.css"), _resource("report.js")
    return template.render(
        report=report,
        summary=summary,
        style=style,
        script=script,
        policy=_content_policy(style, script),
        names=summary.part_names(report),
        standings=[(standing, area_bars(standing)) for standing in summary.standings(report)],
        coverage_bars=coverage_bars(report.checks),
        severities=summary.severities(summary.open_findings(report)),
        groups=groups(report),
        tree=tree(report.parts),
        severity_names=list(Severity),
        digest_shown=DIGEST_SHOWN,
        open_at_once=OPEN_AT_ONCE,
    )


def groups(report: Report) -> tuple[Group, ...]:
    """Findings as they are shown: the worst first, those of one check together."""
    docs = {check.check: tuple(check.doc.split("\n\n")) if check.doc else () for check in report.checks}
    found = []
    for _, several in groupby(report.findings, key=lambda finding: (finding.severity, finding.area, finding.check)):
        findings = tuple(several)
        first = findings[0]
        found.append(
            Group(
                first.check,
                first.title,
                first.area,
                first.severity,
                first.practice,
                first.cwe,
                docs.get(first.check, ()),
                findings,
            )
        )
    return tuple(found)


def coverage_bars(checks: Sequence[CheckResult]) -> tuple[Bar, ...]:
    counts = {outcome: sum(1 for check in checks if check.outcome is outcome) for outcome in Outcome}
    unknown = counts[Outcome.UNKNOWN] + counts[Outcome.ERROR]
    rows = (("failed", counts[Outcome.FAIL]), ("passed", counts[Outcome.PASS]))
    return _bars((*rows, ("not applicable", counts[Outcome.NOT_APPLICABLE]), ("unknown", unknown)))


def area_bars(standing: summary.Standing) -> tuple[Bar, ...]:
    rows = (("failed", standing.failed), ("passed", standing.passed))
    return _bars((*rows, ("not applicable", standing.not_applicable), ("unknown", standing.unknown)))


def _bars(rows: Iterable[tuple[str, int]]) -> tuple[Bar, ...]:
    counted = [row for row in rows if row[1]]
    total = sum(count for _, count in counted)
    bars = []
    start = 0.0
    for name, count in counted:
        width = 100 * count / total
        bars.append(Bar(name, count, round(start, 3), round(width, 3)))
        start += width
    return tuple(bars)


def tree(parts: Sequence[Part]) -> tuple[Branch, ...]:
    """Parts under the parts that hold them; one whose id does not lead through a listed part stands at the top."""
    known = {part.id for part in parts}
    children: dict[str | None, list[Part]] = {}
    for part in parts:
        held = part.parent in known and part.id.startswith(f"{part.parent}/")
        children.setdefault(part.parent if held else None, []).append(part)
    return _branches(None, children)


def _branches(parent: str | None, children: dict[str | None, list[Part]]) -> tuple[Branch, ...]:
    return tuple(
        Branch(part, part.id.removeprefix(f"{parent}/"), _branches(part.id, children))
        for part in children.get(parent, ())
    )


def size(count: int) -> str:
    """Bytes as people say them."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


def ticks(text: str) -> list[tuple[bool, str]]:
    """Words split at `code`, each with whether it is code."""
    return [(number % 2 == 1, piece) for number, piece in enumerate(text.split("`")) if piece]


def change(change: Change) -> tuple[str, str]:
    """What to do and to what, as one reads it aloud."""
    match change:
        case SetOption():
            block = f" [{change.section}]" if change.section else ""
            return ("set", f"{change.path}{block}: {change.option} = {change.value}")
        case SetField():
            return ("set", f"{change.path}: field {change.field + 1} of {change.record} = {change.value}")
        case SetMode():
            owner = "" if change.uid is None and change.gid is None else f", owner {change.uid}:{change.gid}"
            return ("set", f"{change.path}: mode {change.mode:04o}{owner}")
        case Remove():
            return ("remove", change.path)
        case RemoveLine():
            return ("remove", f"{change.path}:{change.line}: {change.text}")
        case DisableService():
            return ("disable", f"{change.name} ({change.manager})")
        case AddFirewallRule():
            words = [change.verdict, change.direction, change.protocol, change.port, change.peer]
            return ("firewall", " ".join(str(word) for word in words if word is not None))
        case _:  # a kind that a later version added
            return (kind(type(change)), "")


def _content_policy(style: str, script: str) -> str:
    allowed = "; ".join(f"{name}-src '{_digest(text)}'" for name, text in (("style", style), ("script", script)))
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _resource(name: str) -> str:
    return files("firmward.audit").joinpath("templates", name).read_text(encoding="utf-8")
