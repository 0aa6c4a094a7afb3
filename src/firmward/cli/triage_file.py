"""The decisions beside a device.toml, and the vulnerabilities that they are on: read, joined, written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from firmward.model.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    from firmward.facts.advisories import Advisories
    from firmward.model.report import Report
    from firmward.model.vulnerability import Vulnerability
    from firmward.vulns.triage import Decision
    from firmward.vulns.vex.statement import Statement


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be decided on: the `vulnerabilities` of a file, with the `report` where it is one, and `notes`."""

    vulnerabilities: "tuple[Vulnerability, ...]"
    report: "Report | None" = None
    notes: tuple[str, ...] = ()


def beside(policy: Path | None) -> Path | None:
    """Where the decisions lie for a device.toml; None without one."""
    from firmward.vulns.triage import NAME

    return None if policy is None else policy.parent / NAME


def read_decisions(path: Path) -> "tuple[Decision, ...]":
    """None yet where there is no file. Raises InputError."""
    from firmward.vulns.sbom.reading import file_bytes
    from firmward.vulns.triage import parse_triage

    if not path.exists():
        return ()
    try:
        return parse_triage(file_bytes(path).decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 at byte {error.start}") from error


def write_decisions(path: Path, decisions: "Sequence[Decision]") -> bool:
    """Whether anything changed; a file that says the same is left as it is. Raises InputError."""
    from firmward.audit.writing import write_texts
    from firmward.vulns.triage import render_triage

    text = render_triage(decisions)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_texts([(path, text)])
    return True


def read_source(path: Path) -> Source:
    """The vulnerabilities that a report, an SBOM with vulnerabilities or a VEX document names. Raises InputError."""
    from firmward.audit.json_report import SCHEMA, load_report
    from firmward.vulns.sbom.reading import file_bytes
    from firmward.vulns.vex.reading import read_statements

    data = file_bytes(path)
    if SCHEMA.encode() in data[:200]:
        report = load_report(data.decode("utf-8", "replace"), path.name)
        return Source(report.vulnerabilities, report)
    found = read_statements(data, path.name)
    return Source(tuple(_vulnerability(one, path.name) for one in found.found), notes=found.notes)


def _vulnerability(one: "Statement", name: str) -> "Vulnerability":
    """What a document of others says, as far as a triage needs it; how grave it is, it does not."""
    from firmward.model.finding import Severity
    from firmward.model.vulnerability import Vulnerability

    product = one.product
    component = product.purl or f"{product.name}@{product.any_version}"
    return Vulnerability(
        one.vulnerability,
        component,
        product.name,
        product.any_version,
        Severity.INFO,
        name,
        aliases=one.aliases,
        vex=one.vex,
    )


def decided(known: "Advisories | None", policy: Path | None, today: "date") -> "Advisories | None":
    """Advisories by which the decisions beside a policy count in what is judged. Raises InputError."""
    path = beside(policy)
    if known is None or path is None:
        return known
    from firmward.vulns.decided import DecidedAdvisories

    return DecidedAdvisories(known, read_decisions(path), today)


def triaged(report: "Report", policy: Path | None, today: "date") -> "Report":
    """The report with the decisions beside its policy, and what of them is stale or needs a review in its notes.

    Where no vulnerability is known nothing is stale: perhaps nobody looked. Raises InputError.
    """
    path = beside(policy)
    if path is None or not report.vulnerabilities:
        return report
    from firmward.audit.redact import redacted
    from firmward.vulns.triage import applied

    found = applied(report.vulnerabilities, read_decisions(path), today)
    notes = (
        *(f"{path.name}: needs a review: {words}" for words in found.review),
        *(f"{path.name}: stale, since it is on what is not found any more: {words}" for words in found.stale),
    )
    return redacted(replace(report, vulnerabilities=found.vulnerabilities, notes=(*report.notes, *notes)))
