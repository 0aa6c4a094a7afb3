"""Read an SBOM in SPDX 2.2 or 2.3, JSON or tag and value.

What the document DESCRIBES is what the bill is of, and so no component, unless it is all there is. Files and snippets
are no components either.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from firmward.model.component import Component, ComponentKind
from firmward.model.errors import InputError
from firmward.vulns import identity
from firmward.vulns.document import Node
from firmward.vulns.sbom import bill, licences
from firmward.vulns.sbom.bill import RELATIONS_LIMIT, Bill

VERSIONS = ("SPDX-2.2", "SPDX-2.3")
PURPOSES = {
    "APPLICATION": ComponentKind.APPLICATION,
    "FRAMEWORK": ComponentKind.FRAMEWORK,
    "LIBRARY": ComponentKind.LIBRARY,
    "OPERATING-SYSTEM": ComponentKind.OPERATING_SYSTEM,
    "OPERATING_SYSTEM": ComponentKind.OPERATING_SYSTEM,
    "FIRMWARE": ComponentKind.FIRMWARE,
    "FILE": ComponentKind.FILE,
    "CONTAINER": ComponentKind.APPLICATION,
}
NEEDS = ("DEPENDS_ON", "DYNAMIC_LINK", "STATIC_LINK", "HAS_PREREQUISITE")
NEEDED_BY = ("DEPENDENCY_OF", "RUNTIME_DEPENDENCY_OF", "PREREQUISITE_FOR")
NOTHING = ("NOASSERTION", "NONE", "")
SUPPLIER = re.compile(r"(?:Organization|Person): *([^(]*?) *(?:\(.*\))?$")
PART = "SPDXRef-Part-"
"""How the ids of parts of an image begin that our own writer made."""


def read_spdx(document: Node) -> Bill:
    """Raises InputError."""
    version = document.text("spdxVersion")
    if version not in VERSIONS:
        raise InputError(
            f"{document.place}.spdxVersion: {version!r} is not read; {' and '.join(VERSIONS)} are, and CycloneDX"[:300]
        )
    said = version.replace("-", " ")
    named = {one.text("licenseId"): one.text("name") for one in document.each("hasExtractedLicensingInfos")}
    relations = list(_relations(document))
    described = {*document.words("documentDescribes"), *(other for _, kind, other in relations if kind == "DESCRIBES")}
    packages = list(document.each("packages"))
    of = [node for node in packages if node.text("SPDXID") in described]
    if len(of) != 1 or len(packages) == 1:
        of = []
    found: dict[str, Component] = {}
    for node in packages:
        if node not in of and not node.text("SPDXID").startswith(PART):
            bill.check_count(len(found) + 1, document.place)
            found.setdefault(_id(node), _component(node, said, named))
    needs = _needs(relations)
    components = tuple(
        replace(component, depends=bill.renamed(needs.get(id_, ()), found)) for id_, component in found.items()
    )
    name = of[0].text("name") if of else document.text("name")
    return Bill(name, of[0].text("versionInfo") if of else "", said, components)


def _id(node: Node) -> str:
    found = node.text("SPDXID")
    if not found:
        raise InputError(f"{node.place}.SPDXID: is required")
    return found


def _relations(document: Node) -> Iterator[tuple[str, str, str]]:
    for count, one in enumerate(document.each("relationships")):
        if count > RELATIONS_LIMIT:
            raise InputError(f"{document.place}.relationships: more than {RELATIONS_LIMIT}")
        yield one.text("spdxElementId"), one.text("relationshipType"), one.text("relatedSpdxElement")


def _needs(relations: Sequence[tuple[str, str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for first, kind, second in relations:
        if kind in NEEDS:
            found.setdefault(first, []).append(second)
        elif kind in NEEDED_BY:
            found.setdefault(second, []).append(first)
    return found


def _component(node: Node, said: str, named: Mapping[str, str]) -> Component:
    name = node.text("name")
    if not name:
        raise InputError(f"{node.place}.name: is required")
    references = [(one.text("referenceType"), one.text("referenceLocator")) for one in node.each("externalRefs")]
    cpes = tuple(
        dict.fromkeys(text for kind, text in references if kind.endswith("cpe23Type") and identity.is_cpe(text))
    )
    supplier = SUPPLIER.match(node.text("supplier"))
    component = Component(
        name,
        node.text("versionInfo"),
        PURPOSES.get(node.text("primaryPackagePurpose"), ComponentKind.LIBRARY),
        vendor=supplier[1] if supplier else next((identity.cpe_words(cpe)[0] for cpe in cpes), ""),
        purl=next((text for kind, text in references if kind.endswith("purl") and identity.is_purl(text)), ""),
        cpes=cpes,
        licences=tuple(_licences(node, named)),
        sha256=_digest(node),
        evidence=bill.known_by(said, node.text("SPDXID")),
    )
    return bill.with_package(component)


def _licences(node: Node, named: Mapping[str, str]) -> Iterator[str]:
    """What is concluded, else what is declared; an extracted licence by its name."""
    said = next(
        (text for text in (node.text("licenseConcluded"), node.text("licenseDeclared")) if text not in NOTHING), ""
    )
    if not said:
        return
    known = licences.expression(said)
    if known is not None:
        yield known
    elif all(word.strip("()") in named or licences.expression(word.strip("()")) for word in said.split(" AND ")):
        for word in said.split(" AND "):
            term = word.strip("()")
            yield named.get(term) or licences.expression(term) or term
    else:
        yield said


def _digest(node: Node) -> str:
    for one in node.each("checksums"):
        if one.text("algorithm") == "SHA256":
            return one.text("checksumValue").lower()
    return ""
