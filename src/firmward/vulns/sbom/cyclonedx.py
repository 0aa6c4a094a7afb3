"""Write an SBOM as CycloneDX 1.6 JSON (ECMA-424, first edition).

The firmware is `metadata.component`, each part that holds software is a component of it, and the software lies nested
in its part. What the format has no field for (further CPE names, the source package, how many files are left out)
stands in properties whose names begin with `firmward:`, which reading takes back.

Written here and not through the library of its makers, which takes 14 s for 5,000 components that take this a fraction
of one; its validator is the witness in the tests.
"""

from collections.abc import Iterator
from datetime import date

from firmward.model.component import Component, Evidence, Witness
from firmward.model.report import Part, Report
from firmward.vulns import identity
from firmward.vulns.sbom import licences, writing
from firmward.vulns.sbom.writing import JsonObject, Listed, Listing, written

FIRMWARE = "firmware"
"""What the firmware as a whole is called in the document."""

TECHNIQUES = {
    Witness.PACKAGE: ("manifest-analysis", 1.0),
    Witness.MANIFEST: ("manifest-analysis", 0.9),
    Witness.METADATA: ("manifest-analysis", 0.9),
    Witness.BUILD_INFO: ("binary-analysis", 0.9),
    Witness.KERNEL: ("binary-analysis", 0.9),
    Witness.BOOT_LOADER: ("binary-analysis", 0.9),
    Witness.TEXT: ("binary-analysis", 0.8),
    Witness.NAME: ("filename", 0.5),
    Witness.SBOM: ("other", 0.5),
}
"""How each witness knows. The format wants a number for how sure: it orders the witnesses, and is no measurement."""


def render_cyclonedx(report: Report, day: date) -> str:
    """The components of a report, as of a day."""
    return writing.rendered(with_number(bill(report, day), "cyclonedx"))


def bill(report: Report, day: date) -> JsonObject:
    """The document without its number."""
    found = writing.listing(report.components)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": writing.moment(day),
            "lifecycles": [{"phase": "post-build"}],
            "tools": {"components": [{"type": "application", "name": writing.TOOL, "version": report.version}]},
            "component": firmware(report),
        },
        "components": list(_contained(report, found)),
        "dependencies": list(_dependencies(found)),
        "compositions": [{"aggregate": _aggregate(report), "assemblies": [FIRMWARE]}],
    }


def with_number(document: JsonObject, kind: str) -> JsonObject:
    return {**document, "serialNumber": f"urn:uuid:{writing.number(kind, document)}"}


def firmware(report: Report) -> JsonObject:
    """The firmware as a whole."""
    subject: JsonObject = {"type": "firmware", "bom-ref": FIRMWARE, "name": writing.subject_name(report)}
    digest = writing.sha256(report.subject.digest)
    if digest is not None:
        subject["hashes"] = _hashes(digest)
    subject["properties"] = [_property("file", report.subject.name), _property("source", report.subject.source)]
    return subject


def _aggregate(report: Report) -> str:
    """Whether this is all: nobody can say that who looked from outside."""
    return "unknown" if report.budget.complete else "incomplete"


def _contained(report: Report, found: Listing) -> Iterator[JsonObject]:
    parts = writing.holding(report)
    known = {part.id for part in parts}
    for part in parts:
        inside = [written_component(one) for one in found.listed if one.component.part == part.id]
        yield {**_part(part), "components": inside}
    yield from (written_component(one) for one in found.listed if one.component.part not in known)


def _part(part: Part) -> JsonObject:
    digest = writing.sha256(part.digest)
    return {
        "type": "firmware",
        "bom-ref": f"part:{written(part.id)}",
        "name": written(part.id),
        **({} if digest is None else {"hashes": _hashes(digest)}),
        "properties": [_property("kind", part.kind), _property("role", part.role.value)],
    }


def written_component(one: Listed) -> JsonObject:
    """A component, with what is known of it and nothing else."""
    component = one.component
    digest = writing.sha256(component.sha256)
    supplier, terms, evidence = written(component.vendor), list(_licences(component)), _evidence(component)
    fields: JsonObject = {
        "type": component.kind.value,
        "bom-ref": one.ref,
        "supplier": {"name": supplier} if supplier else None,
        "name": written(component.name),
        "version": written(component.version) or None,
        "hashes": None if digest is None else _hashes(digest),
        "licenses": terms or None,
        "cpe": next(filter(identity.is_cpe, component.cpes), None),
        "purl": component.purl if identity.is_purl(component.purl) else None,
        "properties": list(_properties(component)) or None,
        "evidence": evidence or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _hashes(digest: str) -> list[JsonObject]:
    return [{"alg": "SHA-256", "content": digest}]


def _licences(component: Component) -> Iterator[JsonObject]:
    """Either one expression, or licences by id and name: the format takes no mixture."""
    terms = list(dict.fromkeys(filter(None, map(written, component.licences))))
    known = {term: licences.expression(term) for term in terms}
    valid = [said for said in known.values() if said is not None]
    if len(valid) == len(terms) and not all(map(licences.is_id, valid)):
        yield {"expression": licences.all_of(list(dict.fromkeys(valid)))}
        return
    for term, said in known.items():
        is_id = said is not None and licences.is_id(said)
        yield {"license": {"id": said} if is_id else {"name": said or term}}


def _property(name: str, value: str) -> JsonObject:
    return {"name": f"firmward:{name}", "value": written(value)}


def _properties(component: Component) -> Iterator[JsonObject]:
    first = next(filter(identity.is_cpe, component.cpes), None)
    values = [("cpe", cpe) for cpe in component.cpes if cpe != first]
    if component.purl and not identity.is_purl(component.purl):
        values.append(("purl", component.purl))
    values += [
        ("source", component.source),
        ("source-version", component.source_version),
        ("distribution", component.distribution),
        ("part", component.part),
    ]
    if component.sha256 and writing.sha256(component.sha256) is None:
        values.append(("sha256", component.sha256))
    if len(component.files) > writing.FILES_LIMIT:
        values.append(("files-left-out", str(len(component.files) - writing.FILES_LIMIT)))
    yield from (_property(name, value) for name, value in values if value)


def _evidence(component: Component) -> JsonObject:
    identities = [_identity(component, one) for one in component.evidence]
    places = [{"location": written(path)} for path in component.files[: writing.FILES_LIMIT]]
    evidence: JsonObject = {"identity": identities} if identities else {}
    return {**evidence, "occurrences": places} if places else evidence


def _identity(component: Component, evidence: Evidence) -> JsonObject:
    technique, confidence = TECHNIQUES[evidence.witness]
    value = written(f"{evidence.witness.value}: {evidence.at}" + (f": {evidence.text}" if evidence.text else ""))
    return {
        "field": "version" if component.version else "name",
        "confidence": confidence,
        "methods": [{"technique": technique, "confidence": confidence, "value": value}],
    }


def _dependencies(found: Listing) -> Iterator[JsonObject]:
    """The firmware has all; a component what it says that it needs."""
    yield {"ref": FIRMWARE, "dependsOn": [one.ref for one in found.listed]}
    for one in found.listed:
        needed = list(found.needs(one))
        if needed:
            yield {"ref": one.ref, "dependsOn": needed}
