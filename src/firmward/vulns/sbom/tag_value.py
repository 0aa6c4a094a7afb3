"""SPDX' tag and value form (SPDX 2.3, clause 3 and the tags of each field) as the objects of its JSON form.

A line is `Tag: value`; a value of several lines stands between <text> and </text>. A package begins with `PackageName`,
an extracted licence with `LicenseID`; a file or snippet ends the package before it, and is passed over.
"""

import re

from firmward.model.errors import InputError
from firmward.vulns.document import VALUES_LIMIT, JsonObject, Node, decoded

LINE = re.compile(r"([A-Za-z]{1,40}):[ \t]*(<text>)?(.*)")
END = "</text>"
DOCUMENT = {"SPDXVersion": "spdxVersion", "DocumentName": "name", "SPDXID": "SPDXID"}
PACKAGE = {
    "SPDXID": "SPDXID",
    "PackageVersion": "versionInfo",
    "PackageSupplier": "supplier",
    "PackageLicenseConcluded": "licenseConcluded",
    "PackageLicenseDeclared": "licenseDeclared",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
}
LICENCE = {"LicenseName": "name", "ExtractedText": "extractedText"}
OTHERS = ("FileName", "SnippetSPDXID", "Annotator", "Reviewer")


def parse_tag_value(data: bytes, name: str) -> Node:
    """Raises InputError."""
    if data.count(b"\n") > VALUES_LIMIT:
        raise InputError(f"{name}: has more than {VALUES_LIMIT} lines")
    reading = _Reading()
    lines = iter(decoded(data, name).splitlines())
    for count, line in enumerate(lines, 1):
        match = LINE.match(line)
        if match is None:
            if line.strip() and not line.lstrip().startswith("#"):
                raise InputError(f"{name}:{count}: is no line of tag and value")
            continue
        value = match[3]
        while match[2] and not value.rstrip().endswith(END):
            more = next(lines, None)
            if more is None:
                raise InputError(f"{name}:{count}: a text has no end")
            value = f"{value}\n{more}" if len(value) < 1 << 16 else more[-len(END) :]
        reading.take(match[1], value.strip().removesuffix(END))
    return Node(reading.document, name)


class _Reading:
    """What was read until now; `_at` and `_names` are the object that the next tags belong to."""

    def __init__(self) -> None:
        self._packages: list[JsonObject] = []
        self._licences: list[JsonObject] = []
        self._relations: list[JsonObject] = []
        self.document: JsonObject = {
            "packages": self._packages,
            "hasExtractedLicensingInfos": self._licences,
            "relationships": self._relations,
        }
        self._at, self._names = self.document, DOCUMENT

    def take(self, tag: str, value: str) -> None:
        if tag == "PackageName":
            self._at, self._names = {"name": value}, PACKAGE
            self._packages.append(self._at)
        elif tag == "LicenseID":
            self._at, self._names = {"licenseId": value}, LICENCE
            self._licences.append(self._at)
        elif tag in OTHERS:
            self._at, self._names = {}, {}
        elif tag == "Relationship":
            self._relate(value.split())
        elif tag in self._names:
            self._at[self._names[tag]] = value
        elif self._names is PACKAGE:
            self._add(tag, value)

    def _relate(self, words: list[str]) -> None:
        if len(words) == 3:
            names = ("spdxElementId", "relationshipType", "relatedSpdxElement")
            self._relations.append(dict(zip(names, words, strict=True)))

    def _add(self, tag: str, value: str) -> None:
        """What a package may have several of."""
        if tag == "PackageChecksum":
            algorithm, _, digest = value.partition(":")
            self._list("checksums").append({"algorithm": algorithm.strip(), "checksumValue": digest.strip()})
        elif tag == "ExternalRef" and len(words := value.split()) == 3:
            self._list("externalRefs").append({"referenceType": words[1], "referenceLocator": words[2]})

    def _list(self, name: str) -> list[object]:
        found = self._at.setdefault(name, [])
        return found if isinstance(found, list) else []
