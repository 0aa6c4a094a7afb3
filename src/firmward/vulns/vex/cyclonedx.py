"""CycloneDX VEX, out as a document of its own (1.6) and in from any document that has vulnerabilities (1.4 to 1.6).

The document brings the components that it is on, so that it can be read without the bill. A vulnerability of several
components is told once for each: an analysis is of one vulnerability, and two components may be decided differently.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import unquote

from firmward.model.report import Report
from firmward.model.vulnerability import Score, Vex, VexState, Vulnerability
from firmward.vulns import identity
from firmward.vulns.document import Node
from firmward.vulns.sbom import cyclonedx as bill
from firmward.vulns.sbom import writing
from firmward.vulns.sbom.writing import JsonObject, Listing, written
from firmward.vulns.vex import statement
from firmward.vulns.vex.author import Author
from firmward.vulns.vex.statement import Decided, Named, Statement, Statements

METHODS = (("CVSS:4.", "CVSSv4"), ("CVSS:3.1", "CVSSv31"), ("CVSS:3.0", "CVSSv3"), ("AV:", "CVSSv2"))
PEDIGREE = "resolved_with_pedigree"
LINK = re.compile(r"urn:cdx:[0-9a-f-]{36}/[0-9]+#(.+)")
NAMES = {"ghsa": "GitHub", "cve": "NVD"}
DEPTH_LIMIT = 64


def render_cyclonedx_vex(report: Report, day: date, author: Author) -> str:
    """The decisions of a report, as of a day."""
    affected = {one.component for one in report.vulnerabilities}
    components = tuple(one for one in report.components if one.ref in affected)
    document = bill.bill(replace(report, components=components), day)
    found = writing.listing(components)
    vulnerabilities = [_vulnerability(one, found) for one in statement.decided(report)]
    metadata = document["metadata"]
    if author.name and isinstance(metadata, dict):
        metadata["supplier"] = {"name": written(author.name)}
    distinct = list({str(one): one for one in vulnerabilities}.values())
    return writing.rendered(bill.with_number({**document, "vulnerabilities": distinct}, "cyclonedx-vex"))


def _vulnerability(one: Decided, found: Listing) -> JsonObject:
    known = one.vulnerability
    listed = found.by_ref.get(known.component)
    fields: JsonObject = {
        "id": one.id,
        "source": {"name": written(known.source)} if written(known.source) else None,
        "references": [_reference(alias) for alias in dict.fromkeys(map(written, known.aliases)) if alias],
        "ratings": list(_ratings(known)),
        "cwes": sorted({cwe for cwe in known.cwes if cwe > 0}),
        "description": written(known.title),
        "recommendation": written(known.do),
        "published": None if known.published is None else writing.moment(known.published),
        "updated": None if known.modified is None else writing.moment(known.modified),
        "analysis": _analysis(one.vex),
        # the name alone, where the report has no such component
        "affects": [{"ref": bill.FIRMWARE if listed is None else listed.ref}],
        "properties": list(_properties(one, is_listed=listed is not None)),
    }
    return {name: value for name, value in fields.items() if value}


def _reference(alias: str) -> JsonObject:
    return {"id": alias, "source": {"name": NAMES.get(alias.partition("-")[0].lower(), "other")}}


def _ratings(known: Vulnerability) -> Iterator[JsonObject]:
    """The base score, and the severity here."""
    if known.score is not None:
        yield _rating(known.score)
    yield {"source": {"name": writing.TOOL}, "severity": known.severity.value, "method": "other"}


def _rating(score: Score) -> JsonObject:
    method = next((name for start, name in METHODS if score.vector.startswith(start)), "other")
    source = {"source": {"name": written(score.by)}} if written(score.by) else {}
    vector = {"vector": written(score.vector)} if written(score.vector) else {}
    number = {"score": score.score} if math.isfinite(score.score) else {}
    return {**source, **number, "method": method, **vector}


def _analysis(vex: Vex) -> JsonObject:
    moment = None if vex.decided is None else writing.moment(vex.decided)
    fields = {
        "state": vex.state.value,
        "justification": None if vex.justification is None else vex.justification.value,
        "detail": written(vex.detail) or None,
        "firstIssued": moment,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _properties(one: Decided, *, is_listed: bool) -> Iterator[JsonObject]:
    known = one.vulnerability
    said = {
        "by": one.vex.by,
        "why": known.why,
        "fixed": " ".join(known.fixed),
        "reach": ", ".join(known.reach),
        "epss": "" if known.epss is None else f"{known.epss:g}",
        "exploited-since": "" if known.exploited is None else known.exploited.added.isoformat(),
        "component": "" if is_listed else f"{known.name} {known.version}",
    }
    for name, value in said.items():
        if words := written(value):
            yield {"name": f"firmward:{name}", "value": words}


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was read of one vulnerability: its statements, and whether somebody analysed it at all."""

    found: tuple[Statement, ...]
    is_decided: bool


def read_cyclonedx_vex(document: Node) -> Statements:
    """The decisions in a document; a vulnerability without one is to be triaged. Raises InputError."""
    known = dict(_components(document))
    found: list[Statement] = []
    undecided = 0
    for node in document.each("vulnerabilities"):
        taken = _read(node, known)
        undecided += not taken.is_decided
        found += taken.found
        statement.check_count(len(found), document.place)
    notes = (f"{undecided} vulnerabilities without an analysis",) if undecided else ()
    return Statements(f"CycloneDX {document.text('specVersion')}", tuple(found), notes)


def _components(document: Node) -> Iterator[tuple[str, Named]]:
    waiting = [(node, 1) for node in document.each("components")]
    while waiting:
        node, depth = waiting.pop()
        yield node.text("bom-ref"), _named(node)
        if depth < DEPTH_LIMIT:
            waiting += [(inner, depth + 1) for inner in node.each("components")]


def _named(node: Node) -> Named:
    purl, cpe = node.text("purl"), node.text("cpe")
    return Named(
        node.text("name"),
        node.text("version"),
        purl if identity.is_purl(purl) else "",
        cpe if identity.is_cpe(cpe) else "",
    )


def _read(node: Node, known: Mapping[str, Named]) -> _Taken:
    analysis = node.get("analysis")
    vex = None if analysis is None else _decision(analysis, node)
    aliases = tuple(one.text("id") for one in node.each("references"))
    products = [_product(one.text("ref"), known) for one in node.each("affects")] or [Named()]
    found = (Statement(node.text("id"), product, vex or statement.UNDECIDED, aliases) for product in products)
    return _Taken(tuple(found), is_decided=vex is not None)


def _decision(analysis: Node, node: Node) -> Vex | None:
    word = analysis.text("state")
    state = VexState.RESOLVED if word == PEDIGREE else statement.state(word)
    if state is None:
        return None
    detail = analysis.text("detail")
    responses = ", ".join(analysis.words("response"))
    if responses:
        detail = f"{detail} (response: {responses})".strip()
    if word == PEDIGREE:
        detail = statement.marked(PEDIGREE, detail)
    by = next((one.text("value") for one in node.each("properties") if one.text("name") == "firmward:by"), "")
    day = statement.day(analysis.text("lastUpdated") or analysis.text("firstIssued"))
    return Vex(state, statement.justification(analysis.text("justification")), detail, by, day)


def _product(ref: str, known: Mapping[str, Named]) -> Named:
    """What a ref names in this document, or says itself: a link to another one ends in the ref there."""
    link = LINK.fullmatch(ref)
    inner = unquote(link[1]) if link else ref
    found = known.get(inner)
    if found is not None:
        return found
    at = 0 if inner.startswith("pkg:") else inner.find("#pkg:") + 1
    url = inner[at:] if identity.is_purl(inner[at:]) else ""
    purl = identity.purl_of(url)
    return Named() if purl is None else Named(purl.name, purl.version or "", url)
