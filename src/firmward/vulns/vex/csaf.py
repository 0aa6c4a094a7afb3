"""CSAF 2.0, profile VEX (clause 4.5), out and in.

A product is the component in this firmware: `product_tree` has the firmware and each component, and relationships join
them. A vulnerability stands once with all its products (6.1.23), a product in one status (6.1.6) with one
justification (6.1.33). Not affected says why, in a flag or as its impact (6.1.27.9); affected says what to do
(6.1.27.10). That is `none_available`: for this firmware there is no update as long as the decision stands. Texts for a
product are threats of category `impact`, the one place for them that names products.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from firmward.model.errors import InputError
from firmward.model.report import Report
from firmward.vulns import identity
from firmward.vulns.document import Node
from firmward.vulns.sbom import writing
from firmward.vulns.sbom.writing import JsonObject, written
from firmward.vulns.vex import statement, words
from firmward.vulns.vex.author import NOBODY, Author
from firmward.vulns.vex.said import Said, said, understood
from firmward.vulns.vex.statement import Decided, Named, Statement, Statements

KIND = "CSAF 2.0"
FIRMWARE = "firmware"
CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}", re.ASCII)
STATUS = {
    words.AFFECTED: "known_affected",
    words.NOT_AFFECTED: "known_not_affected",
    words.FIXED: "fixed",
    words.INVESTIGATED: "under_investigation",
}
STATUSES = {
    **{theirs: ours for ours, theirs in STATUS.items()},
    "first_affected": words.AFFECTED,
    "last_affected": words.AFFECTED,
    "first_fixed": words.FIXED,
}
"""`recommended` says nothing of a vulnerability."""
IMPACT = "impact"
DEPTH_LIMIT = 64
UNNAMED = "The publisher and its namespace are not known to the program that wrote this."


def render_csaf(report: Report, day: date, author: Author) -> str:
    """The decisions of a report, as of a day. Raises InputError for a report without a vulnerability."""
    products: dict[str, JsonObject] = {}
    told: dict[str, dict[str, Decided]] = {}
    for one in statement.decided(report):
        product = _product_id(one)
        products.setdefault(product, _product(product, one.named))
        told.setdefault(one.id, {}).setdefault(product, one)
    if not told:
        raise InputError("CSAF: there is no vulnerability to state anything of, and the profile wants one")
    name = writing.subject_name(report)
    document: JsonObject = {
        "product_tree": _tree(name, products),
        "vulnerabilities": [_vulnerability(id_, by_product) for id_, by_product in told.items()],
    }
    number = writing.number("csaf", {**document, "day": day.isoformat(), "author": author.name})
    head = _head(name, author, day, f"{writing.TOOL}-{number}", report.version)
    return writing.rendered({"document": head, **document})


def _head(name: str, author: Author, day: date, id_: str, version: str) -> JsonObject:
    moment = writing.moment(day)
    notes = [] if author.name and author.namespace else [{"category": "general", "text": UNNAMED}]
    return {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "lang": "en",
        "title": f"Vulnerabilities of {name}",
        **({"notes": notes} if notes else {}),
        "publisher": {
            "category": "vendor",
            "name": written(author.name) or "unknown",
            "namespace": author.namespace or NOBODY,
        },
        "tracking": {
            "id": id_,
            "status": "final",
            "version": "1",
            "initial_release_date": moment,
            "current_release_date": moment,
            "revision_history": [{"date": moment, "number": "1", "summary": "First version."}],
            "generator": {"date": moment, "engine": {"name": writing.TOOL, "version": version}},
        },
    }


def _tree(name: str, products: Mapping[str, JsonObject]) -> JsonObject:
    return {
        "full_product_names": [{"product_id": FIRMWARE, "name": name}, *products.values()],
        "relationships": [
            {
                "category": "default_component_of",
                "product_reference": product,
                "relates_to_product_reference": FIRMWARE,
                "full_product_name": {"product_id": _within(product), "name": f"{one['name']} in {name}"},
            }
            for product, one in products.items()
        ],
    }


def _product_id(one: Decided) -> str:
    return "component-" + hashlib.sha256(one.vulnerability.component.encode("utf-8", "replace")).hexdigest()[:16]


def _within(product: str) -> str:
    return f"{product}-in-{FIRMWARE}"


def _product(product: str, named: Named) -> JsonObject:
    name = " ".join(filter(None, (written(named.name), written(named.version)))) or "unnamed"
    helper = {key: value for key, value in (("cpe", named.cpe), ("purl", named.purl)) if value}
    return {
        "product_id": product,
        "name": name,
        **({"product_identification_helper": helper} if helper else {}),
    }


def _vulnerability(id_: str, by_product: Mapping[str, Decided]) -> JsonObject:
    first = next(iter(by_product.values())).vulnerability
    aliases = [alias for alias in dict.fromkeys(map(written, first.aliases)) if alias and alias != id_]
    others = aliases if CVE.fullmatch(id_) else [id_, *aliases]
    told = {_within(product): one for product, one in by_product.items()}
    status: dict[str, list[str]] = {}
    for product, one in told.items():
        status.setdefault(STATUS[said(one).status], []).append(product)
    fields: JsonObject = {
        "cve": id_ if CVE.fullmatch(id_) else None,
        "ids": [{"system_name": "alias" if other != id_ else "id", "text": other} for other in others if other],
        "notes": [{"category": "description", "text": written(first.title) or id_}],
        "product_status": status,
        "flags": [one for product, each in told.items() for one in _flags(product, each)],
        "threats": [one for product, each in told.items() for one in _threats(product, each)],
        "remediations": [one for product, each in told.items() for one in _remediations(product, each)],
    }
    return {name: value for name, value in fields.items() if value}


def _dated(one: Decided) -> JsonObject:
    return {} if one.vex.decided is None else {"date": writing.moment(one.vex.decided)}


def _flags(product: str, one: Decided) -> Iterator[JsonObject]:
    if label := said(one).justification:
        yield {"label": label, "product_ids": [product], **_dated(one)}


def _threats(product: str, one: Decided) -> Iterator[JsonObject]:
    found, known = said(one), one.vulnerability
    if words_ := statement.signed(found.impact or found.note, one.vex.by):
        yield {"category": IMPACT, "details": words_, "product_ids": [product], **_dated(one)}
    if known.exploited is not None:
        details = f"It is used: on CISA's list since {known.exploited.added.isoformat()}."
        yield {"category": "exploit_status", "details": details, "product_ids": [product]}


def _remediations(product: str, one: Decided) -> Iterator[JsonObject]:
    if action := said(one).action:
        yield {"category": "none_available", "details": action, "product_ids": [product], **_dated(one)}


@dataclass(slots=True)
class _Told:
    """What is said of one product of a vulnerability, gathered from all over it."""

    status: str
    justification: str = ""
    impact: str = ""
    action: str = ""
    by: str = ""
    decided: date | None = None


@dataclass(frozen=True, slots=True)
class _Tree:
    """Products by id, and groups of them."""

    products: Mapping[str, Named]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, node: Node) -> tuple[str, ...]:
        """The products that a flag, a threat or a remediation is on."""
        grouped = (one for group in node.words("group_ids") for one in self.groups.get(group, ()))
        return (*node.words("product_ids"), *grouped)


def read_csaf(document: Node) -> Statements:
    """Raises InputError."""
    version = document.text("document", "csaf_version")
    if version != "2.0":
        raise InputError(f"{document.place}.document.csaf_version: {version!r} is not read; 2.0 is"[:300])
    tree = _read_tree(document)
    by = document.text("document", "publisher", "name")
    day = statement.day(document.text("document", "tracking", "current_release_date"))
    found: list[Statement] = []
    for node in document.each("vulnerabilities"):
        others = tuple(one.text("text") for one in node.each("ids"))
        id_, *aliases = filter(None, (node.text("cve"), *others)) if node.text("cve") or any(others) else ("",)
        if not id_:
            raise InputError(f"{node.place}.cve: is required, or ids")
        for product, told in _told(node, tree).items():
            words_ = Said(told.status, told.justification, told.impact, told.action, told.impact)
            vex = replace(understood(words_), by=told.by or by, decided=told.decided or day)
            found.append(Statement(id_, tree.products.get(product, Named(product)), vex, tuple(aliases)))
            statement.check_count(len(found), document.place)
    return Statements(KIND, tuple(found))


def _told(node: Node, tree: _Tree) -> Mapping[str, _Told]:
    status = node.get("product_status")
    told: dict[str, _Told] = {}
    for name, ours in STATUSES.items():
        for product in () if status is None else status.words(name):
            told.setdefault(product, _Told(ours))
    for one in node.each("flags"):
        for each in _of(one, tree, told):
            each.justification = each.justification or one.text("label")
            each.decided = each.decided or statement.day(one.text("date"))
    for one in node.each("threats"):
        if one.text("category") == IMPACT:
            details, by = statement.unsigned(one.text("details"))
            for each in _of(one, tree, told):
                each.impact, each.by = each.impact or details, each.by or by
                each.decided = each.decided or statement.day(one.text("date"))
    for one in node.each("remediations"):
        for each in _of(one, tree, told):
            each.action = each.action or one.text("details")
    return told


def _of(node: Node, tree: _Tree, told: Mapping[str, _Told]) -> Iterator[_Told]:
    return (told[product] for product in tree.of(node) if product in told)


def _read_tree(document: Node) -> _Tree:
    tree = document.get("product_tree")
    if tree is None:
        return _Tree({})
    found = dict(_products(tree))
    for count, one in enumerate(tree.each("relationships")):
        if count > statement.STATEMENTS_LIMIT:
            raise InputError(f"{document.place}: more than {statement.STATEMENTS_LIMIT} relationships")
        inner = found.get(one.text("product_reference"))
        if inner is not None:
            found.setdefault(one.text("full_product_name", "product_id"), inner)
    groups = {one.text("group_id"): one.words("product_ids") for one in tree.each("product_groups")}
    return _Tree(found, groups)


def _products(tree: Node) -> Iterator[tuple[str, Named]]:
    """All products, those in branches among them."""
    for one in tree.each("full_product_names"):
        yield one.text("product_id"), _named(one, "", "")
    waiting = [(node, "", "", 1) for node in tree.each("branches")]
    while waiting:
        node, name, version, depth = waiting.pop()
        if depth > DEPTH_LIMIT:
            raise InputError(f"{node.place}: more than {DEPTH_LIMIT} branches in each other"[-300:])
        name = node.text("name") if node.text("category") == "product_name" else name
        version = node.text("name") if node.text("category") == "product_version" else version
        product = node.get("product")
        if product is not None:
            yield product.text("product_id"), _named(product, name, version)
        waiting += [(inner, name, version, depth + 1) for inner in node.each("branches")]


def _named(node: Node, name: str, version: str) -> Named:
    """A product by its helpers, else by the branches that it stands in, else by its whole name."""
    purl = node.text("product_identification_helper", "purl")
    cpe = node.text("product_identification_helper", "cpe")
    purl, cpe = purl if identity.is_purl(purl) else "", cpe if identity.is_cpe(cpe) else ""
    known = identity.purl_of(purl)
    if known is not None:
        return Named(known.name, known.version or "", purl, cpe)
    if cpe:
        _, name, version = identity.cpe_words(cpe)
    elif not name:
        name, _, version = node.text("name").rpartition(" ")
    return Named(name or node.text("name"), version if name else "", "", cpe)
