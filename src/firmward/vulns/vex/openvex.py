"""OpenVEX 0.2.0, out and in.

A statement is on the firmware, with the component in it as its subcomponent: that is what the decision was made for,
and it says nothing of the component elsewhere. Statements of others, on a component alone, are read as well. What
OpenVEX has no word for is in the text, as `statement` has it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from packageurl import PackageURL

from firmward.model.errors import InputError
from firmward.model.report import Report
from firmward.vulns import identity
from firmward.vulns.document import Node
from firmward.vulns.sbom import writing
from firmward.vulns.sbom.writing import JsonObject, written
from firmward.vulns.vex import statement, words
from firmward.vulns.vex.author import Author
from firmward.vulns.vex.said import Said, said, understood
from firmward.vulns.vex.statement import Decided, Named, Statement, Statements

CONTEXT = "https://openvex.dev/ns/v0.2.0"
CONTEXTS = "https://openvex.dev/ns"
KIND = "OpenVEX 0.2.0"


def render_openvex(report: Report, day: date, author: Author) -> str:
    """The decisions of a report, as of a day. Raises InputError for a report without a vulnerability: the format has no
    document that says nothing."""
    firmware = _firmware(report)
    statements = [_statement(one, firmware) for one in statement.decided(report)]
    if not statements:
        raise InputError("OpenVEX: there is no vulnerability to state anything of, and the format wants one")
    document: JsonObject = {
        "@context": CONTEXT,
        "author": written(author.name) or "unknown",
        "timestamp": writing.moment(day),
        "version": 1,
        "tooling": f"{writing.TOOL} {report.version}",
        "statements": list({str(one): one for one in statements}.values()),
    }
    return writing.rendered({"@id": writing.number("openvex", document).urn, **document})


def _firmware(report: Report) -> JsonObject:
    digest = writing.sha256(report.subject.digest)
    hashes = {} if digest is None else {"hashes": {"sha-256": digest}}
    return {"@id": _generic(writing.subject_name(report).lower().replace(" ", "-"), ""), **hashes}


def _generic(name: str, version: str) -> str:
    """A package URL for what has none: the format wants an address."""
    return PackageURL("generic", None, written(name) or "unnamed", written(version) or None).to_string()


def _statement(one: Decided, firmware: JsonObject) -> JsonObject:
    vulnerability, found = one.vulnerability, said(one)
    aliases = list(dict.fromkeys(filter(None, map(written, vulnerability.aliases))))
    fields: JsonObject = {
        "vulnerability": {
            "name": one.id,
            **({"description": title} if (title := written(vulnerability.title)) else {}),
            **({"aliases": aliases} if aliases else {}),
        },
        "timestamp": None if one.vex.decided is None else writing.moment(one.vex.decided),
        "products": [{**firmware, "subcomponents": [_product(one.named)]}],
        "status": found.status,
        "status_notes": statement.signed(found.note, one.vex.by) or None,
        "justification": found.justification or None,
        "impact_statement": found.impact or None,
        "action_statement": found.action or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _product(named: Named) -> JsonObject:
    purl = named.purl or _generic(named.name, named.version)
    identifiers = {"purl": purl, **({"cpe23": named.cpe} if named.cpe else {})}
    return {"@id": purl, "identifiers": identifiers}


def read_openvex(document: Node) -> Statements:
    """Raises InputError."""
    context = document.text("@context")
    if not context.startswith(CONTEXTS):
        raise InputError(f"{document.place}.@context: {context!r} is none of OpenVEX"[:300])
    found: list[Statement] = []
    for node in document.each("statements"):
        found += _read(node, document)
        statement.check_count(len(found), document.place)
    return Statements(KIND, tuple(found))


def _read(node: Node, document: Node) -> Iterator[Statement]:
    status = node.text("status")
    if status not in words.STATES:
        raise InputError(f"{node.place}.status: {status!r} is not known (one of: {', '.join(words.STATES)})"[:300])
    note, by = statement.unsigned(node.text("status_notes"))
    told = Said(status, node.text("justification"), node.text("impact_statement"), node.text("action_statement"), note)
    vex = replace(
        understood(told),
        by=by or document.text("author"),
        decided=statement.day(node.text("timestamp") or node.text("last_updated") or document.text("timestamp")),
    )
    vulnerability = node.get("vulnerability")
    is_plain = vulnerability is not None and isinstance(vulnerability.value, str)  # as 0.0.x has it
    name = node.text("vulnerability") if is_plain else node.text("vulnerability", "name")
    if not name:
        raise InputError(f"{node.place}.vulnerability.name: is required")
    aliases = () if is_plain or vulnerability is None else vulnerability.words("aliases")
    for product in _products(node):
        yield Statement(name, product, vex, aliases)


def _products(node: Node) -> Iterator[Named]:
    """The subcomponents where there are any, else the products."""
    for product in node.each("products"):
        if isinstance(product.value, str):
            yield _named(product.word(), "", "")
            continue
        inner = [one for one in product.each("subcomponents") if isinstance(one.value, dict)]
        for one in inner or [product]:
            yield _named(one.text("@id"), one.text("identifiers", "purl"), one.text("identifiers", "cpe23"))


def _named(id_: str, purl: str, cpe: str) -> Named:
    url = next((text for text in (purl, id_) if identity.is_purl(text)), "")
    found = identity.purl_of(url)
    cpe = cpe if identity.is_cpe(cpe) else ""
    if found is None:
        return Named(identity.cpe_words(cpe)[1] or id_, cpe=cpe)
    return Named(found.name, found.version or "", url, cpe)
