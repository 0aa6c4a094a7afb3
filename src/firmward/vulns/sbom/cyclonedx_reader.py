"""Read an SBOM in CycloneDX JSON, 1.2 to 1.6.

Components may hold others; all are taken alike, in the order of the document. What is no software (data, models, keys)
is left out and counted. The one in `metadata` is what the bill is of, and none of its components.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from firmward.model.component import Component, ComponentKind
from firmward.model.errors import InputError
from firmward.vulns import identity
from firmward.vulns.document import Node
from firmward.vulns.sbom import bill, licences
from firmward.vulns.sbom.bill import RELATIONS_LIMIT, Bill

VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6")
KINDS = {
    "application": ComponentKind.APPLICATION,
    "framework": ComponentKind.FRAMEWORK,
    "library": ComponentKind.LIBRARY,
    "operating-system": ComponentKind.OPERATING_SYSTEM,
    "firmware": ComponentKind.FIRMWARE,
    "file": ComponentKind.FILE,
    "container": ComponentKind.APPLICATION,
    "platform": ComponentKind.APPLICATION,
    "device-driver": ComponentKind.APPLICATION,
}
DEPTH_LIMIT = 64
"""Components in each other."""
PART = "part:"
"""How the refs of parts of an image begin that our own writer made."""
OURS = "firmward:"


def read_cyclonedx(document: Node) -> Bill:
    """Raises InputError."""
    version = document.text("specVersion")
    if version not in VERSIONS:
        raise InputError(
            f"{document.place}.specVersion: {version!r} is not read; CycloneDX {VERSIONS[0]} to {VERSIONS[-1]} are"[
                :300
            ]
        )
    said = f"CycloneDX {version}"
    left: Counter[str] = Counter()
    by_ref: dict[str, Component] = {}
    found: list[tuple[str, Component]] = []
    for node in _all(document):
        kind = node.text("type")
        if node.text("bom-ref").startswith(PART):
            continue
        if kind and kind not in KINDS:
            left[kind] += 1
            continue
        component = _component(node, said)
        bill.check_count(len(found) + 1, document.place)
        ref = node.text("bom-ref") or component.ref
        found.append((ref, component))
        by_ref.setdefault(ref, component)
    needs = _dependencies(document)
    # a ref is one component's: another that claims it has nothing of its own
    components = tuple(replace(component, depends=bill.renamed(needs.pop(ref, ()), by_ref)) for ref, component in found)
    of = document.get("metadata", "component")
    notes = tuple(f"left out as no software: {count} of type {kind}" for kind, count in sorted(left.items()))
    name = "" if of is None else of.text("name")
    return Bill(name, "" if of is None else of.text("version"), said, components, notes)


def _all(document: Node) -> Iterator[Node]:
    """Every component, each before those in it."""
    waiting = [(node, 1) for node in document.each("components")][::-1]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEPTH_LIMIT:
            raise InputError(f"{node.place}: more than {DEPTH_LIMIT} components in each other"[-300:])
        yield node
        waiting += [(inner, depth + 1) for inner in node.each("components")][::-1]


def _component(node: Node, said: str) -> Component:
    name, group = node.text("name"), node.text("group")
    if not name:
        raise InputError(f"{node.place}.name: is required")
    ours = _properties(node)
    cpes = dict.fromkeys(filter(identity.is_cpe, (node.text("cpe"), *ours.get("cpe", ()))))
    purl = node.text("purl")
    component = Component(
        name if not group or identity.is_purl(purl) else f"{group}/{name}",
        node.text("version"),
        KINDS.get(node.text("type"), ComponentKind.LIBRARY),
        vendor=node.text("supplier", "name") or next((identity.cpe_words(cpe)[0] for cpe in cpes), ""),
        purl=purl if identity.is_purl(purl) else "",
        cpes=tuple(cpes),
        licences=tuple(_licences(node)),
        source=_first(ours, "source"),
        source_version=_first(ours, "source-version"),
        distribution=_first(ours, "distribution"),
        files=tuple(_occurrences(node)),
        sha256=_digest(node),
        part=_first(ours, "part"),
        evidence=bill.known_by(said, node.text("bom-ref") or node.place),
    )
    return bill.with_package(component)


def _properties(node: Node) -> Mapping[str, list[str]]:
    """What our own writer puts there."""
    found: dict[str, list[str]] = {}
    for one in node.each("properties"):
        name = one.text("name")
        if name.startswith(OURS):
            found.setdefault(name.removeprefix(OURS), []).append(one.text("value"))
    return found


def _first(properties: Mapping[str, list[str]], name: str) -> str:
    return next(iter(properties.get(name, ())), "")


def _licences(node: Node) -> Iterator[str]:
    for one in node.each("licenses"):
        said = one.text("expression") or one.text("license", "id") or one.text("license", "name")
        if said:
            yield licences.expression(said) or said


def _occurrences(node: Node) -> Iterator[str]:
    evidence = node.get("evidence")
    if evidence is not None:
        yield from (one.text("location") for one in evidence.each("occurrences"))


def _digest(node: Node) -> str:
    for one in node.each("hashes"):
        if one.text("alg") == "SHA-256":
            return one.text("content").lower()
    return ""


def _dependencies(document: Node) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    count = 0
    for one in document.each("dependencies"):
        needed = one.words("dependsOn")
        count += len(needed)
        if count > RELATIONS_LIMIT:
            raise InputError(f"{document.place}.dependencies: more than {RELATIONS_LIMIT}")
        found.setdefault(one.text("ref"), []).extend(needed)
    return found
