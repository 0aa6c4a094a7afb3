"""The report as JSON, schema `firmward.report/1`, and the way back.

The same report gives the same bytes: no time of day, no order of a set. What was not looked for (`components`,
`vulnerabilities`) is an empty list, never left out. `report.schema.json` beside this file describes it.
"""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import cast

from firmward.audit.json_record import from_json, to_json, to_kinds
from firmward.audit.redact import redacted
from firmward.model.errors import InputError
from firmward.model.finding import Outcome
from firmward.model.report import Report, ReportedFinding

SCHEMA = "firmward.report/1"
SIZE_LIMIT = 256 << 20
"""Characters of a report that is read back; a thousand findings are about one million."""

JsonObject = dict[str, object]


def report_document(report: Report) -> JsonObject:
    """The report as objects, lists and scalars, in the order in which a person reads it."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "firmward", "version": report.version},
        "subject": to_json(report.subject),
        "product": report.product,
        "coverage": {
            "judged": report.judged,
            "unknown": report.unknown,
            "unknown_checks": [
                {"check": check.check, "reason": check.reason}
                for check in report.checks
                if check.outcome in (Outcome.UNKNOWN, Outcome.ERROR)
            ],
        },
        "budget": to_json(report.budget),
        "notes": to_json(report.notes),
        "baseline": to_json(report.baseline),
        "parts": to_json(report.parts),
        "chain": to_json(report.chain),
        "life": to_json(report.life),
        "kernels": to_json(report.kernels),
        "checks": to_json(report.checks),
        "findings": [_finding(finding) for finding in report.findings],
        "components": to_json(report.components),
        "vulnerabilities": to_json(report.vulnerabilities),
        "advised": to_json(report.advised),
    }


def render_json(report: Report) -> str:
    return json.dumps(report_document(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def load_report(text: str, name: str = "report.json") -> Report:
    """Read a report back. Raises InputError that says which field and what was expected.

    It passes through redact() again, since anybody may have written it.
    """
    if len(text) > SIZE_LIMIT:
        raise InputError(f"{name}: larger than {SIZE_LIMIT} characters")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not JSON: {error}"[:300]) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError(f"{name}: {_refusal(document)}")
    tool = document.get("tool")
    made_by = {"version": tool["version"]} if isinstance(tool, dict) and "version" in tool else {}
    return redacted(from_json(Report, {**document, **made_by}, name))


def _refusal(document: object) -> str:
    """Why it is not read, and what to do."""
    schema = document.get("schema") if isinstance(document, dict) else None
    if isinstance(schema, str) and re.fullmatch(r"firmward\.report/\d{1,9}", schema):
        return (
            f"is a {schema}, and this firmward reads {SCHEMA}: audit the image again, or use the firmward that wrote it"
        )
    return f"is no firmward report ({SCHEMA}); `firmward audit IMAGE -o report.json` writes one"


def read_report(path: Path) -> Report:
    """The report in a file. Raises InputError."""
    return load_report(read_json_file(path), path.name)


def read_json_file(path: Path) -> str:
    """The text of a file that a person names, no more of it than a report may be long. Raises InputError."""
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a file")
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise InputError(f"{path}: is not UTF-8 at byte {error.start}") from error
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def schema_document() -> JsonObject:
    """The JSON schema that every report keeps."""
    text = files("firmward.audit").joinpath("report.schema.json").read_text(encoding="utf-8")
    return cast(JsonObject, json.loads(text))


def _finding(finding: ReportedFinding) -> JsonObject:
    document = cast(JsonObject, to_json(finding))
    if finding.remedy is not None:
        cast(JsonObject, document["remedy"])["changes"] = to_kinds(finding.remedy.changes)
    return document
