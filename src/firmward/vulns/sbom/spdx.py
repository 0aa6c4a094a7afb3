"""Write an SBOM as SPDX 2.3 JSON (ISO/IEC 5962 with the changes of 2.3).

The document DESCRIBES the firmware, which CONTAINS its parts, which CONTAIN the software; what needs another DEPENDS_ON
it. The ids of elements are made of their names, so that they stay from one build to the next. What the format has no
field for is written as words in `sourceInfo`, and a licence that SPDX' list does not have as an extracted licence whose
text is what the source says.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date

from firmward.model.component import Component, ComponentKind
from firmward.model.report import Report
from firmward.vulns import identity
from firmward.vulns.sbom import licences, writing
from firmward.vulns.sbom.writing import JsonObject, Listed, Listing, written

DOCUMENT, FIRMWARE = "SPDXRef-DOCUMENT", "SPDXRef-Firmware"
NO_ASSERTION = "NOASSERTION"
SPACE = "https://spdx.org/spdxdocs"
"""Where names of documents stand whose makers have no place of their own for them."""

PURPOSES = {
    ComponentKind.APPLICATION: "APPLICATION",
    ComponentKind.LIBRARY: "LIBRARY",
    ComponentKind.FRAMEWORK: "FRAMEWORK",
    ComponentKind.OPERATING_SYSTEM: "OPERATING_SYSTEM",
    ComponentKind.FIRMWARE: "FIRMWARE",
    ComponentKind.FILE: "FILE",
}
WORDS_LIMIT = 16_000
"""Characters of how a component is known, with the files that it brought."""
ODD = re.compile(r"[^A-Za-z0-9.]+")


def render_spdx(report: Report, day: date) -> str:
    """The components of a report, as of a day."""
    document = _document(report, day)
    name = f"{_slug(writing.subject_name(report))}-{writing.number('spdx', document)}"
    return writing.rendered({**document, "documentNamespace": f"{SPACE}/{name}"})


def _document(report: Report, day: date) -> JsonObject:
    found = writing.listing(report.components)
    ids = {one.ref: _id("Component", one.ref) for one in found.listed}
    parts = {part.id: _id("Part", part.id) for part in writing.holding(report)}
    named = sorted({term for one in found.listed for term in _named(one.component)})
    document: JsonObject = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": writing.subject_name(report),
        "creationInfo": {"created": writing.moment(day), "creators": [f"Tool: {writing.TOOL}-{report.version}"]},
        "packages": [_firmware(report), *_parts(report, parts), *(_package(one, ids[one.ref]) for one in found.listed)],
        "relationships": list(_relationships(found, ids, parts)),
    }
    if named:
        document["hasExtractedLicensingInfos"] = [
            {"licenseId": _reference(term), "extractedText": term, "name": term} for term in named
        ]
    return document


def _firmware(report: Report) -> JsonObject:
    info = f"Audited from the file {written(report.subject.name) or 'without a name'}."
    if not report.budget.complete:
        info += " Not all of it was looked at: a budget ran out."
    return _element(FIRMWARE, writing.subject_name(report), "FIRMWARE", report.subject.digest) | {"sourceInfo": info}


def _parts(report: Report, ids: dict[str, str]) -> Iterator[JsonObject]:
    for part in writing.holding(report):
        words = f"A part of the firmware: {part.kind}, {part.role.value}."
        yield _element(ids[part.id], written(part.id), "FIRMWARE", part.digest) | {"sourceInfo": words}


def _element(id_: str, name: str, purpose: str, digest: str | None = None) -> JsonObject:
    """What the format wants of every package, and a digest if there is one."""
    found = writing.sha256(digest)
    return {
        "SPDXID": id_,
        "name": name or "without a name",
        "primaryPackagePurpose": purpose,
        "downloadLocation": NO_ASSERTION,
        "filesAnalyzed": False,
        "licenseConcluded": NO_ASSERTION,
        "licenseDeclared": NO_ASSERTION,
        "copyrightText": NO_ASSERTION,
        **({} if found is None else {"checksums": [{"algorithm": "SHA256", "checksumValue": found}]}),
    }


def _package(one: Listed, id_: str) -> JsonObject:
    component = one.component
    package = _element(id_, written(component.name), PURPOSES[component.kind], component.sha256)
    if version := written(component.version):
        package["versionInfo"] = version
    if vendor := written(component.vendor):
        package["supplier"] = f"Organization: {vendor}"
    if declared := _declared(component):
        package["licenseDeclared"] = declared
    if references := list(_references(component)):
        package["externalRefs"] = references
    if words := ". ".join(_words(component)):
        package["sourceInfo"] = written(words, WORDS_LIMIT)
    return package


def _references(component: Component) -> Iterator[JsonObject]:
    """Package URL and CPE names, as far as they keep their form."""
    for cpe in dict.fromkeys(filter(identity.is_cpe, component.cpes)):
        yield {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": cpe}
    if identity.is_purl(component.purl):
        yield {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": component.purl}


def _terms(component: Component) -> list[str]:
    return list(dict.fromkeys(filter(None, map(written, component.licences))))


def _named(component: Component) -> Iterator[str]:
    """The words for licences that are no expressions."""
    return (term for term in _terms(component) if licences.expression(term) is None)


def _declared(component: Component) -> str:
    terms = (licences.expression(term) or _reference(term) for term in _terms(component))
    return licences.all_of(list(dict.fromkeys(terms)))


def _reference(term: str) -> str:
    return f"LicenseRef-{_slug(term)}-{_short(term)}"


def _words(component: Component) -> Iterator[str]:
    """How it is known, and what else is."""
    for one in component.evidence:
        yield f"{one.witness.value}: {one.at}" + (f": {one.text}" if one.text else "")
    if component.source:
        yield f"source package {component.source} {component.source_version}".rstrip()
    if component.distribution:
        yield f"kept by {component.distribution}"
    if component.purl and not identity.is_purl(component.purl):
        yield f"package URL as given: {component.purl}"
    if odd := [cpe for cpe in component.cpes if not identity.is_cpe(cpe)]:
        yield f"CPE as given: {', '.join(odd)}"
    if component.files:
        more = len(component.files) - writing.FILES_LIMIT
        shown = ", ".join(component.files[: writing.FILES_LIMIT])
        yield f"files: {shown}" + (f" and {more} more" if more > 0 else "")


def _relationships(found: Listing, ids: dict[str, str], parts: dict[str, str]) -> Iterator[JsonObject]:
    yield _relationship(DOCUMENT, "DESCRIBES", FIRMWARE)
    yield from (_relationship(FIRMWARE, "CONTAINS", part) for part in parts.values())
    for one in found.listed:
        yield _relationship(parts.get(one.component.part, FIRMWARE), "CONTAINS", ids[one.ref])
    for one in found.listed:
        yield from _each(ids[one.ref], "DEPENDS_ON", (ids[ref] for ref in found.needs(one)))


def _each(element: str, kind: str, others: Iterable[str]) -> Iterator[JsonObject]:
    return (_relationship(element, kind, other) for other in others)


def _relationship(element: str, kind: str, other: str) -> JsonObject:
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": other}


def _id(kind: str, name: str) -> str:
    """Of letters, digits, dots and dashes, and different for names that are different."""
    return f"SPDXRef-{kind}-{_slug(name)}-{_short(name)}"


def _slug(text: str) -> str:
    return ODD.sub("-", text)[:60].strip("-.") or "x"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]
