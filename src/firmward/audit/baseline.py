"""Baselines: start today with an old product, and let nothing get worse.

A baseline is a list of findings that are known, and of what each check said. Findings in it stay open and are shown;
only what is new or more severe counts against `--fail-on`. What an accepted risk covers is no part of it, since that
has an owner and an end of its own: when it ends, the finding is new. The file is for a repository: sorted, a line for
each finding, no dates and no secrets, so that a refresh shows what changed.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from firmward.audit.json_record import from_json, to_json
from firmward.audit.json_report import SCHEMA as REPORT_SCHEMA
from firmward.audit.json_report import load_report, read_json_file
from firmward.audit.part_pairs import plain_id
from firmward.audit.redact import redacted
from firmward.audit.sight import WITHOUT_VERDICT, Sight
from firmward.audit.summary import plural
from firmward.model.errors import InputError
from firmward.model.finding import Outcome, Severity
from firmward.model.report import KnownFinding, Novelty, Report, ReportedFinding, Standing

SCHEMA = "firmward.baseline/1"


@dataclass(frozen=True, slots=True)
class KnownOutcome:
    """What a check said; `blind` is why it could not look at everything."""

    check: str
    outcome: Outcome
    blind: str | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known: findings, and the outcomes of the checks that were asked."""

    checks: tuple[KnownOutcome, ...]
    findings: tuple[KnownFinding, ...]


def baseline_of(report: Report) -> Baseline:
    """What a report knows. A report that stands against a baseline gives all that is open in it."""
    names = _names(report)
    found = {
        finding.fingerprint: KnownFinding(
            *_identity(finding, names), finding.at.path if finding.at else None, finding.severity, finding.fingerprint
        )
        for finding in report.findings
        if finding.outcome == "fail"
    }
    sight = Sight(report)
    checks = (KnownOutcome(one.check, one.outcome, sight.blind(one.check, None)) for one in report.checks)
    return Baseline(
        tuple(sorted(checks, key=lambda one: one.check)),
        tuple(sorted(found.values(), key=lambda one: (one.check, one.key, one.path or "", one.fingerprint))),
    )


def _names(report: Report) -> dict[str, str | None]:
    """Parts as every build calls them, by id."""
    return {part.id: None if part.parent is None else plain_id(part.id).rpartition("/")[2] for part in report.parts}


def _identity(finding: ReportedFinding, names: dict[str, str | None]) -> tuple[str, str, str | None]:
    """What a finding is about, wherever it is told: check, key, part."""
    return finding.check, finding.key, names.get(finding.at.part) if finding.at and finding.at.part else None


def render_baseline(report: Report) -> str:
    """A baseline of a report, as a file."""
    known = baseline_of(report)
    checks, findings = _rows(known.checks), _rows(known.findings)
    return f'{{\n"schema": "{SCHEMA}",\n"checks": [{checks}],\n"findings": [{findings}]\n}}\n'


def _rows(records: Iterable[object]) -> str:
    lines = ",\n".join(json.dumps(to_json(record), ensure_ascii=False) for record in records)
    return f"\n{lines}\n" if lines else ""


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file, or that of the report in it. Raises InputError."""
    return load_baseline(read_json_file(path), path.name)


def load_baseline(text: str, name: str) -> Baseline:
    """Read a baseline or a report. Raises InputError that says which field and what was expected."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not JSON: {error}"[:300]) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == REPORT_SCHEMA:
        return baseline_of(load_report(text, name))
    if schema != SCHEMA:
        raise InputError(f"{name}: is neither a baseline ({SCHEMA}) nor a report ({REPORT_SCHEMA})")
    return redacted(from_json(Baseline, document, name))


def compared(report: Report, baseline: Baseline, name: str) -> Report:
    """The report with what a baseline says of each finding."""
    known = _recognised(report, baseline)
    findings = tuple(
        finding if finding.outcome == "error" else replace(finding, baseline=_novelty(finding, known))
        for finding in report.findings
    )
    counts = [finding.baseline for finding in findings if finding.outcome == "fail"]
    here = {one.fingerprint for one in known.values()}
    blind = Sight(report).blind
    before = {one.check: one.blind for one in baseline.checks}
    asked = {check.check for check in report.checks}
    missing = [one for one in baseline.findings if one.fingerprint not in here and one.check in asked]
    gone = {one.check for one in missing if blind(one.check, None) in (None, before.get(one.check))}
    standing = Standing(
        name,
        counts.count(Novelty.KNOWN),
        counts.count(Novelty.NEW),
        counts.count(Novelty.WORSE),
        tuple(one for one in missing if one.check in gone),
        tuple(one for one in missing if one.check not in gone),
        tuple(_lost(report, baseline)),
    )
    return redacted(replace(report, findings=findings, baseline=standing))


def _recognised(report: Report, baseline: Baseline) -> dict[str, KnownFinding]:
    """What the baseline knows of the findings here, by their fingerprints: a key is distinct in its part, so that one
    which is told of another file now is the same."""
    names = _names(report)
    by_fingerprint = {one.fingerprint: one for one in baseline.findings}
    findings = [finding for finding in report.findings if finding.outcome != "error"]
    found = {one.fingerprint: by_fingerprint[one.fingerprint] for one in findings if one.fingerprint in by_fingerprint}
    left = {(one.check, one.key, one.part): one for one in baseline.findings if one.fingerprint not in found}
    for finding in findings:
        if finding.fingerprint not in found and (moved := left.pop(_identity(finding, names), None)):
            found[finding.fingerprint] = moved
    return found


def _novelty(finding: ReportedFinding, known: dict[str, KnownFinding]) -> Novelty:
    before = known.get(finding.fingerprint)
    if before is None:
        return Novelty.NEW
    return Novelty.WORSE if finding.severity.rank < before.severity.rank else Novelty.KNOWN


def _lost(report: Report, baseline: Baseline) -> Iterator[str]:
    """The checks that judged, and have no verdict now for a reason that did not stand then."""
    judged = {one.check: one.blind for one in baseline.checks if one.outcome not in WITHOUT_VERDICT}
    sight = Sight(report)
    for check in report.checks:
        was_blind = judged.get(check.check)
        is_new = was_blind is None or was_blind != sight.blind(check.check, None)
        if check.outcome in WITHOUT_VERDICT and check.check in judged and is_new:
            yield check.check


def counted(report: Report) -> Iterator[Severity]:
    """The severities that count against `--fail-on`: of all that is open; with a baseline of what is new, worse or
    without a verdict any more."""
    for finding in report.findings:
        if finding.outcome == "fail" and finding.baseline is not Novelty.KNOWN:
            yield finding.severity
    lost = report.baseline.lost if report.baseline else ()
    yield from (check.severity for check in report.checks if check.check in lost)


def standing_words(standing: Standing) -> str:
    """How a report stands against a baseline, in one line."""
    said = f"Against the baseline {standing.name}: {standing.new} new, {standing.worse} worse, {standing.known} known."
    if standing.lost:
        said += f" {plural(len(standing.lost), 'check')} without a verdict now: {_named(standing.lost)}."
    if standing.fixed:
        said += f" {len(standing.fixed)} fixed: refresh the baseline."
    if standing.unseen:
        said += f" {len(standing.unseen)} of it could not be looked for."
    return said


NAMED = 6


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
