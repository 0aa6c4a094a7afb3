"""The report for a pull request: the verdict, a table of the worst, and the rest folded away.

Names from an image stand in code spans, and other text is escaped, so that nothing becomes a link, a mention or HTML.
"""

import re
from collections.abc import Iterator

from firmward.audit import chain_words, kernel, life, summary, supply_words
from firmward.audit.baseline import standing_words
from firmward.audit.summary import Tone
from firmward.model import calendar
from firmward.model.chain import State
from firmward.model.finding import Severity
from firmward.model.report import Novelty, Report, ReportedFinding

ROWS = 20
"""Findings in the open table; the others are folded."""
FOLDED = 200
SIGNS = {Tone.BLIND: "❔", Tone.BAD: "❌", Tone.FAIR: "⚠️", Tone.GOOD: "✅"}
DOTS = {
    Severity.CRITICAL: "🟥 critical",
    Severity.HIGH: "🟧 high",
    Severity.MEDIUM: "🟨 medium",
    Severity.LOW: "🟦 low",
    Severity.INFO: "⬜ info",
}

STATES = {
    State.VERIFIED: "✅ verified",
    State.UNVERIFIED: "❌ unverified",
    State.BROKEN: "❌ broken",
    State.UNKNOWN: "❔ unknown",
}

LIVES = {
    calendar.State.PAST: "❌",
    calendar.State.EARLY: "⚠️",
    calendar.State.LASTS: "✅",
    calendar.State.OPEN: "✅",
    calendar.State.UNKNOWN: "❔",
}
LIVES_SHOWN = 30
VULNERABILITIES_SHOWN = 15


def render_markdown(report: Report) -> str:
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    about = " · ".join(text(word) for word in (report.product, f"firmward {report.version}") if word)
    yield f"## {SIGNS[summary.tone(report)]} {summary.headline(report)}"
    yield ""
    yield f"{code(report.subject.name)} · {about}"
    yield ""
    yield f"**Coverage:** {text(summary.coverage(report))}"
    yield ""
    if report.baseline is not None:
        yield text(standing_words(report.baseline))
        yield ""
    yield from _chain(report)
    yield from _life(report)
    yield from _kernels(report)
    yield from _supply(report)
    yield from _standing(report)
    yield from _findings(report)
    yield from _unknown(report)
    yield from _parts(report)
    yield from _accepted(report)


def _chain(report: Report) -> Iterator[str]:
    if not report.chain:
        return
    yield f"**Chain of trust:** {text(chain_words.headline(report.chain))}"
    yield ""
    yield "| Link | State | What shows it |"
    yield "| --- | --- | --- |"
    for link in report.chain:
        shows = link.evidence[0].says if link.evidence else link.by or ""
        yield f"| {text(chain_words.title(link))} | {STATES[link.state]} | {text(shows)} |"
    yield ""


def _life(report: Report) -> Iterator[str]:
    found = report.life
    if found is None:
        return
    yield f"**Life:** {text(life.headline(found))}"
    yield ""
    yield "| | What | Supported until | Left | By |"
    yield "| --- | --- | --- | --- | --- |"
    for entry in found.entries[:LIVES_SHOWN]:
        words = (life.name(entry), life.until(entry), life.left(entry, found.today), life.about(entry))
        yield f"| {LIVES[entry.state]} | {' | '.join(text(word) for word in words)} |"
    if found.support_end is not None:
        yield f"| | **the product's own support** | **{found.support_end}** | {life.time_left(found)} | |"
    if len(found.entries) > LIVES_SHOWN:
        yield f"| | {len(found.entries) - LIVES_SHOWN} more are in the HTML and JSON reports | | | |"
    yield ""


def _kernels(report: Report) -> Iterator[str]:
    for standing in report.kernels:
        yield f"**Kernel options:** {text(kernel.headline(standing))}; {text(kernel.rest(standing))}"
        yield ""


def _supply(report: Report) -> Iterator[str]:
    if not supply_words.is_told(report):
        return
    yield f"**Components and vulnerabilities:** {text(supply_words.headline(report))}"
    yield ""
    found = supply_words.affecting(report)
    if found:
        yield "| Severity | Vulnerability | Component | Why | What to do |"
        yield "| --- | --- | --- | --- | --- |"
    for one in found[:VULNERABILITIES_SHOWN]:
        told = (supply_words.name(one), one.why or supply_words.numbers(one), one.do)
        yield f"| {DOTS[one.severity]} | {code(one.id)} | {' | '.join(text(word) for word in told)} |"
    if len(found) > VULNERABILITIES_SHOWN:
        yield f"| | {len(found) - VULNERABILITIES_SHOWN} more are in the HTML and JSON reports | | | |"
    if found:
        yield ""
    for line in (supply_words.settled(report), supply_words.age(report.advised)):
        if line:
            yield f"{text(line)}."
            yield ""


def _standing(report: Report) -> Iterator[str]:
    if not report.checks:
        return
    yield "| Area | Critical | High | Medium | Low | Info | Accepted | Unknown | Passed |"
    yield "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"
    for standing in summary.standings(report):
        counts = [count for _, count in standing.severities]
        numbers = [*counts, standing.accepted, standing.unknown, standing.passed]
        yield f"| {text(standing.area)} | {' | '.join(str(number or '·') for number in numbers)} |"
    yield ""


def _findings(report: Report) -> Iterator[str]:
    found = summary.open_findings(report)
    if not found:
        return
    found = tuple(sorted(found, key=lambda finding: finding.baseline is Novelty.KNOWN))  # the new ones are not folded
    names = summary.part_names(report)
    yield f"### {summary.plural(len(found), 'finding')}"
    yield ""
    yield from _table(found[:ROWS], names)
    if len(found) > ROWS:
        yield f"<details><summary>{len(found) - ROWS} more</summary>"
        yield ""
        yield from _table(found[ROWS:FOLDED], names)
        if len(found) > FOLDED:
            yield f"{len(found) - FOLDED} more are in the HTML and JSON reports."
            yield ""
        yield "</details>"
        yield ""


def _table(findings: tuple[ReportedFinding, ...], names: dict[str, str]) -> Iterator[str]:
    yield "| | Finding | Where | Remedy |"
    yield "| --- | --- | --- | --- |"
    for finding in findings:
        where = summary.place(finding.at, names)
        remedy = f"{text(finding.remedy.summary)} *({finding.remedy.safety})*" if finding.remedy else ""
        mark = f"**{finding.baseline}**: " if finding.baseline in (Novelty.NEW, Novelty.WORSE) else ""
        said = f"{mark}{text(finding.message)}<br>{code(finding.check)}"
        yield f"| {DOTS[finding.severity]} | {said} | {code(where) if where else ''} | {remedy} |"
    yield ""


def _unknown(report: Report) -> Iterator[str]:
    reasons = summary.unknown_reasons(report)
    if not reasons:
        return
    yield f"<details><summary>{summary.plural(report.unknown, 'check')} could not be judged</summary>"
    yield ""
    for reason, checks in reasons:
        yield f"- {text(reason)}: {', '.join(code(check.check) for check in checks)}"
    yield ""
    yield "</details>"
    yield ""


def _parts(report: Report) -> Iterator[str]:
    broken = summary.problem_parts(report)
    if not broken:
        return
    yield f"<details><summary>{summary.plural(len(broken), 'part')} could not be read</summary>"
    yield ""
    for part in broken[:FOLDED]:
        yield f"- {code(part.id)} ({text(part.kind)}): {text(part.problem or '')}"
    yield ""
    yield "</details>"
    yield ""


def _accepted(report: Report) -> Iterator[str]:
    accepted = summary.accepted_findings(report)
    if not accepted and not report.notes:
        return
    yield f"<details><summary>{summary.plural(len(accepted), 'accepted risk')}</summary>"
    yield ""
    for finding in accepted[:FOLDED]:
        if finding.accepted:
            until = f"**ended {finding.accepted.expires}**" if finding.accepted.expired else finding.accepted.term
            said = f"{text(finding.accepted.reason)} ({text(finding.accepted.owner)}, {until})"
            yield f"- {code(f'{finding.check}[{finding.key}]')}: {said}"
    for note in report.notes:
        yield f"- {text(note)}"
    yield ""
    yield "</details>"
    yield ""


def text(words: str) -> str:
    """Words as words: no mark-up, no HTML, no mention, no reference, one line."""
    escaped = re.sub(r"([\\`*_\[\]~|#!])", r"\\\1", " ".join(words.split()))
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@<!-- -->")
    return escaped.replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.")


def code(words: str) -> str:
    """A code span that its content cannot leave, fit for a cell of a table."""
    line = " ".join(words.split())
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")
