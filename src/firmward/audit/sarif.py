"""The report as SARIF 2.1.0, for code scanning.

A check is a rule, a finding a result, an accepted risk a suppression. What could not be judged is a notification of the
run, and a run that judged nothing, broke or ran out of budget says that it did not succeed: no dashboard may take it
for a clean one. A part is a `uriBaseId`, so that a path is relative to its own root; fingerprints are the report's.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from firmward.audit.summary import coverage, headline
from firmward.model.finding import Outcome, Severity
from firmward.model.report import CheckResult, KnownFinding, Novelty, Part, Report, ReportedFinding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.5",
    Severity.INFO: "0.0",
}
"""On the scale of CVSS, which code scanning sorts by."""
FINGERPRINT = "firmward/v1"

STATES = {Novelty.KNOWN: "unchanged", Novelty.NEW: "new", Novelty.WORSE: "updated"}

Object = dict[str, object]


def render_sarif(report: Report) -> str:
    return json.dumps(sarif_document(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sarif_document(report: Report) -> Object:
    rules = {check.check: index for index, check in enumerate(report.checks)}
    weaknesses = sorted({check.cwe for check in report.checks if check.cwe is not None})
    run: Object = {
        "tool": {
            "driver": {
                "name": "firmward",
                "semanticVersion": report.version,
                "rules": [_rule(check, weaknesses) for check in report.checks],
                "supportedTaxonomies": [{"name": "CWE", "index": 0}],
            }
        },
        "taxonomies": [_taxonomy(weaknesses)],
        "invocations": [_invocation(report, rules)],
        "originalUriBaseIds": {part: {"description": _message(part)} for part in _places(report)},
        "artifacts": [_artifact(part, report.parts) for part in report.parts],
        "results": [
            *(_result(finding, rules) for finding in report.findings if finding.outcome != "error"),
            *(_absent(finding, rules) for finding in (report.baseline.fixed if report.baseline else ())),
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "subject": report.subject.name,
            "judged": report.judged,
            "unknown": report.unknown,
            "notes": list(report.notes),
        },
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(check: CheckResult, weaknesses: list[int]) -> Object:
    tags = ["security", check.area, *check.practice]
    rule: Object = {
        "id": check.check,
        "name": "".join(word.capitalize() for word in check.check.split("-")),
        "shortDescription": _message(check.title),
        "fullDescription": _message(check.doc.partition("\n\n")[0] or check.title),
        "help": {"text": _plain(check.doc or check.title), "markdown": _help(check)},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
    }
    if check.cwe is not None:
        tags.append(f"external/cwe/cwe-{check.cwe:03}")
        target = {
            "id": str(check.cwe),
            "index": weaknesses.index(check.cwe),
            "toolComponent": {"name": "CWE", "index": 0},
        }
        rule["relationships"] = [{"target": target, "kinds": ["superset"]}]
    security = SECURITY_SEVERITY[check.severity]
    rule["properties"] = {
        "tags": tags,
        "precision": "high",
        "security-severity": security,
        "severity": check.severity.value,
    }
    return rule


def _help(check: CheckResult) -> str:
    known = [f"severity {check.severity}", *check.practice]
    if check.cwe is not None:
        known.append(f"CWE-{check.cwe}")
    return f"**{check.title}** ({', '.join(known)})\n\n{check.doc}".strip()


def _taxonomy(weaknesses: Iterable[int]) -> Object:
    return {
        "name": "CWE",
        "organization": "MITRE",
        "shortDescription": {"text": "Common Weakness Enumeration"},
        "isComprehensive": False,
        "taxa": [{"id": str(weakness)} for weakness in weaknesses],
    }


def _invocation(report: Report, rules: dict[str, int]) -> Object:
    notifications = [
        _notification(
            "check-broke" if check.outcome is Outcome.ERROR else "check-unknown",
            "error" if check.outcome is Outcome.ERROR else "warning",
            f"{check.check} could not be judged: {check.reason}",
            {"associatedRule": {"id": check.check, "index": rules[check.check]}},
        )
        for check in report.checks
        if check.outcome in (Outcome.ERROR, Outcome.UNKNOWN)
    ]
    notifications += [
        _notification("part-unread", "warning", f"{part.id} could not be read: {part.problem}", {})
        for part in report.parts
        if part.problem
    ]
    notifications += [_notification("budget", "error", reason, {}) for reason in report.budget.exhausted]
    notifications += [_notification("note", "note", note, {}) for note in report.notes]
    broke = any(check.outcome is Outcome.ERROR for check in report.checks)
    return {
        "executionSuccessful": report.budget.complete and report.judged > 0 and not broke,
        "exitCodeDescription": f"{headline(report)}. {coverage(report)}",
        "toolExecutionNotifications": notifications,
    }


def _notification(id: str, level: str, text: str, more: Object) -> Object:
    return {"descriptor": {"id": id}, "level": level, "message": _message(text), **more}


def _places(report: Report) -> list[str]:
    return sorted({finding.at.part for finding in report.findings if finding.at and finding.at.part})


def _artifact(part: Part, parts: tuple[Part, ...]) -> Object:
    artifact: Object = {"location": {"uri": _uri(part.id)}, "description": _message(f"{part.kind}, {part.role}")}
    if part.size is not None:
        artifact["length"] = part.size
    parent = next((index for index, other in enumerate(parts) if other.id == part.parent), None)
    if parent is not None:
        artifact["parentIndex"] = parent
        if part.offset is not None:
            artifact["offset"] = part.offset
    if part.digest is not None:
        artifact["hashes"] = {"sha-256": part.digest.removeprefix("sha256:")}
    if part.problem is not None:
        artifact["properties"] = {"problem": part.problem}
    return artifact


def _result(finding: ReportedFinding, rules: dict[str, int]) -> Object:
    remedy = f"\nRemedy ({finding.remedy.safety}): {finding.remedy.summary}" if finding.remedy else ""
    properties: Object = {
        "key": finding.key,
        "severity": finding.severity.value,
        "security-severity": SECURITY_SEVERITY[finding.severity],
        "area": finding.area,
    }
    if finding.evidence is not None:
        properties["evidence"] = finding.evidence
    result: Object = {
        "ruleId": finding.check,
        "level": LEVELS[finding.severity],
        "kind": "fail",
        "message": _message(finding.message + remedy),
        "locations": [_location(finding)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "properties": properties,
    }
    if finding.check in rules:
        result["ruleIndex"] = rules[finding.check]
    if finding.baseline is not None:
        result["baselineState"] = STATES[finding.baseline]
    if finding.outcome == "accepted" and finding.accepted:
        accepted = finding.accepted
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": f"{accepted.reason} ({accepted.owner}, {accepted.term})",
            }
        ]
    return result


def _absent(finding: KnownFinding, rules: dict[str, int]) -> Object:
    """What the baseline has and is gone."""
    result: Object = {
        "ruleId": finding.check,
        "level": LEVELS[finding.severity],
        "message": _message(f"{finding.check}[{finding.key}] is there no more"),
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "baselineState": "absent",
    }
    if finding.check in rules:
        result["ruleIndex"] = rules[finding.check]
    return result


def _location(finding: ReportedFinding) -> Object:
    at = finding.at
    if at is None or (at.path is None and at.part is None):
        return {"logicalLocations": [{"name": finding.area}]}
    if at.path is None:  # of the part as a whole
        return {"physicalLocation": {"artifactLocation": {"uri": _uri(at.part or "")}}}
    artifact: Object = {"uri": _uri(at.path)}
    if at.part is not None:
        artifact["uriBaseId"] = at.part
    physical: Object = {"artifactLocation": artifact}
    if at.line is not None:
        physical["region"] = {"startLine": at.line}
    elif at.offset is not None:
        physical["region"] = {"byteOffset": at.offset}
    return {"physicalLocation": physical}


def _uri(path: str) -> str:
    return quote(path, safe="/")


def _message(text: str) -> Object:
    return {"text": _plain(text)}


def _plain(text: str) -> str:
    """Brackets and numbered braces are links and placeholders in a message; names from an image are neither."""
    return re.sub(r"\{(\d+)\}", r"{{\1}}", re.sub(r"([\[\]\\])", r"\\\1", text))
