"""Bills that other programs write are read, and hostile ones refused with a place and without a traceback."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.image.bill import is_bill
from firmward.model.component import Component, ComponentKind
from firmward.model.errors import InputError
from firmward.vulns import document
from firmward.vulns.sbom import bill
from firmward.vulns.sbom.bill import Bill
from firmward.vulns.sbom.reading import read_bill


def cyclonedx(*components: Any, version: str = "1.5", **rest: Any) -> bytes:
    head = {"bomFormat": "CycloneDX", "specVersion": version, "version": 1}
    return json.dumps({**head, "components": list(components), **rest}).encode()


def spdx(*packages: Any, version: str = "SPDX-2.3", **rest: Any) -> bytes:
    return json.dumps(
        {"spdxVersion": version, "SPDXID": "SPDXRef-DOCUMENT", "packages": list(packages), **rest}
    ).encode()


def only(data: bytes) -> Component:
    (found,) = read_bill(data, "bill").components
    return found


class TestCycloneDX:
    @pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6"])
    def test_versions_are_read(self, version: str) -> None:
        found = read_bill(cyclonedx({"type": "library", "name": "zlib", "version": "1.3"}, version=version), "bill")
        assert (found.format, [one.name for one in found.components]) == (f"CycloneDX {version}", ["zlib"])

    def test_others_are_not(self) -> None:
        with pytest.raises(InputError, match=r"bill.specVersion: '9.9' is not read"):
            read_bill(cyclonedx(version="9.9"), "bill")

    def test_a_component_of_a_distribution_says_which_and_its_source(self) -> None:
        purl = "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=arm64&distro=debian-12&upstream=openssl"
        found = only(cyclonedx({"type": "library", "name": "libssl3", "version": "3.0.11-1~deb12u2", "purl": purl}))
        assert found.distribution == "debian:12"
        assert (found.source, found.source_version) == ("openssl", "3.0.11-1~deb12u2")

    @pytest.mark.parametrize(
        ("purl", "distribution"),
        [
            ("pkg:deb/debian/a@1?distro=bookworm", "debian:12"),
            ("pkg:deb/debian/a@1?distro=debian-12.4", "debian:12"),
            ("pkg:deb/debian/a@1?distro=sid", ""),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu-22.04", "ubuntu:22.04"),
            ("pkg:apk/alpine/a@1?distro=alpine-3.20.1", "alpine:3.20"),
            ("pkg:apk/alpine/a@1", ""),
            ("pkg:npm/debian/a@1?distro=debian-12", ""),
        ],
    )
    def test_the_distribution_is_told_as_feeds_call_it(self, purl: str, distribution: str) -> None:
        assert only(cyclonedx({"type": "library", "name": "a", "purl": purl})).distribution == distribution

    def test_the_version_of_the_url_counts_where_no_other_is_said(self) -> None:
        assert only(cyclonedx({"type": "library", "name": "a", "purl": "pkg:npm/a@1.2"})).version == "1.2"

    def test_nested_components_are_components(self) -> None:
        inner = {"type": "application", "name": "inner", "components": [{"type": "file", "name": "innermost"}]}
        found = read_bill(cyclonedx({"type": "framework", "name": "outer", "components": [inner]}), "bill")
        assert [(one.name, one.kind) for one in found.components] == [
            ("outer", ComponentKind.FRAMEWORK),
            ("inner", ComponentKind.APPLICATION),
            ("innermost", ComponentKind.FILE),
        ]

    def test_dependencies_are_told_by_what_the_report_calls_them(self) -> None:
        components = (
            {"type": "library", "name": "a", "version": "1", "bom-ref": "1", "purl": "pkg:generic/a@1"},
            {"type": "library", "name": "b", "version": "2", "bom-ref": "2"},
        )
        needs = [{"ref": "2", "dependsOn": ["1", "gone", "1"]}]
        found = read_bill(cyclonedx(*components, dependencies=needs), "bill").components
        assert [one.depends for one in found] == [(), ("pkg:generic/a@1",)]

    def test_what_is_no_software_is_counted(self) -> None:
        found = read_bill(
            cyclonedx({"type": "cryptographic-asset", "name": "k"}, {"type": "data", "name": "d"}), "bill"
        )
        assert found.components == ()
        assert found.notes == (
            "left out as no software: 1 of type cryptographic-asset",
            "left out as no software: 1 of type data",
        )

    def test_licences_of_every_kind_are_taken(self) -> None:
        terms = [{"license": {"id": "MIT"}}, {"license": {"name": "Own words"}}, {"license": {"url": "x"}}]
        assert only(cyclonedx({"type": "library", "name": "a", "licenses": terms})).licences == ("MIT", "Own words")

    def test_a_group_is_part_of_the_name_where_no_url_has_it(self) -> None:
        assert only(cyclonedx({"type": "library", "name": "b", "group": "a"})).name == "a/b"
        named = {"type": "library", "name": "b", "group": "a", "purl": "pkg:npm/a/b@1"}
        assert only(cyclonedx(named)).name == "b"

    def test_a_name_that_does_not_keep_its_form_is_dropped(self) -> None:
        found = only(cyclonedx({"type": "library", "name": "a", "purl": "not a url", "cpe": "cpe:/o:x"}))
        assert (found.purl, found.cpes) == ("", ())


class TestSpdx:
    @pytest.mark.parametrize("version", ["SPDX-2.2", "SPDX-2.3"])
    def test_versions_are_read(self, version: str) -> None:
        package = {"SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1"}
        found = read_bill(spdx(package, version=version), "bill")
        assert (found.format, [one.version for one in found.components]) == (version.replace("-", " "), ["1"])

    def test_what_is_described_is_what_the_bill_is_of(self) -> None:
        packages = [{"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": "7"} for name in ("image", "a")]
        relation = {
            "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-image",
        }  # fmt: skip
        found = read_bill(spdx(*packages, relationships=[relation]), "bill")
        assert (found.name, found.version, [one.name for one in found.components]) == ("image", "7", ["a"])

    def test_a_bill_of_one_package_names_that(self) -> None:
        package = {"SPDXID": "SPDXRef-a", "name": "a"}
        assert only(spdx(package, documentDescribes=["SPDXRef-a"])).name == "a"

    @pytest.mark.parametrize(("kind", "needs"), [("DEPENDS_ON", "a"), ("DEPENDENCY_OF", "b"), ("CONTAINS", "")])
    def test_relationships_say_who_needs_whom(self, kind: str, needs: str) -> None:
        packages = [{"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": "1"} for name in "ab"]
        relation = {"spdxElementId": "SPDXRef-a", "relationshipType": kind, "relatedSpdxElement": "SPDXRef-b"}
        found = read_bill(spdx(*packages, relationships=[relation]), "bill").components
        assert "".join(one.name for one in found if one.depends) == needs

    @pytest.mark.parametrize(
        ("declared", "licences"),
        [
            ("MIT", ("MIT",)),
            ("NOASSERTION", ()),
            ("MIT AND LicenseRef-own", ("MIT", "Own words")),
            ("LicenseRef-gone OR MIT", ("LicenseRef-gone OR MIT",)),
        ],
    )
    def test_licences_are_told_by_name(self, declared: str, licences: tuple[str, ...]) -> None:
        extracted = [{"licenseId": "LicenseRef-own", "name": "Own words", "extractedText": "..."}]
        package = {"SPDXID": "SPDXRef-a", "name": "a", "licenseDeclared": declared, "licenseConcluded": "NOASSERTION"}
        assert only(spdx(package, hasExtractedLicensingInfos=extracted)).licences == licences

    def test_tag_and_value_say_the_same(self) -> None:
        found = read_bill(TAGS, "bill")
        assert found.name == "image"
        a, b = found.components
        assert (a.name, a.version, a.vendor, a.licences, a.depends) == ("a", "1", "Acme Ltd", ("Own words",), ("b@2",))
        assert (a.purl, a.cpes) == ("pkg:generic/a@1", ("cpe:2.3:a:acme:a:1:*:*:*:*:*:*:*",))
        assert (b.name, b.kind, b.sha256) == ("b", ComponentKind.APPLICATION, "0f" * 32)


TAGS = b"""# made by hand
SPDXVersion: SPDX-2.3
DocumentName: image
SPDXID: SPDXRef-DOCUMENT
PackageName: a
SPDXID: SPDXRef-a
PackageVersion: 1
PackageSupplier: Organization: Acme Ltd (info@example.org)
PackageLicenseDeclared: LicenseRef-own
PackageComment: <text>several
PackageName: not a package
lines</text>
ExternalRef: SECURITY cpe23Type cpe:2.3:a:acme:a:1:*:*:*:*:*:*:*
ExternalRef: PACKAGE-MANAGER purl pkg:generic/a@1
FileName: ./bin/a
SPDXID: SPDXRef-file
FileChecksum: SHA256: ff

PackageName: b
SPDXID: SPDXRef-b
PackageVersion: 2
PrimaryPackagePurpose: APPLICATION
PackageChecksum: SHA256: 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
LicenseID: LicenseRef-own
LicenseName: Own words
ExtractedText: <text>one line</text>
Relationship: SPDXRef-a DEPENDS_ON SPDXRef-b
"""


def nested(depth: int) -> bytes:
    component: dict[str, Any] = {"type": "library", "name": "x"}
    for _ in range(depth):
        component = {"type": "library", "name": "x", "components": [component]}
    return cyclonedx(component)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not JSON"),
        (b"[]", "expected an object"),
        (b'{"bomFormat": "CycloneDX"', "is not JSON"),
        (b'{"a": ' * 5000, "is not JSON"),
        (b"\xff{}", "is not UTF-8 at byte 0"),
        (b'{"version": NaN}', "is no number"),
        (b'{"version": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b"{}", "is no bill of materials that is known"),
        (cyclonedx({"type": "library"}), r"bill.components\[0\].name: is required"),
        (cyclonedx({"type": "library", "name": 7}), r"bill.components\[0\].name: expected a text"),
        (cyclonedx("a word"), r"bill.components\[0\]: expected an object"),
        (cyclonedx({"type": "library", "name": "a", "licenses": {}}), r"licenses: expected a list"),
        (cyclonedx({"type": "library", "name": "a", "supplier": "b"}), r"supplier: expected an object"),
        (nested(70), "more than 64 components in each other"),
        (spdx({"name": "a"}), r"bill.packages\[0\].SPDXID: is required"),
        (spdx({"SPDXID": "a"}), r"bill.packages\[0\].name: is required"),
        (spdx(version="SPDX-3.0"), "is not read"),
        (b"SPDXVersion: SPDX-2.3\nPackageName: a\n<no tag>\n", "bill:3: is no line"),
        (b"SPDXVersion: SPDX-2.3\nPackageName: <text>a\n", "bill:2: a text has no end"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words) as told:
        read_bill(data, "bill")
    assert len(str(told.value)) <= 400


def test_what_is_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [{"type": "library", "name": "a", "SPDXID": f"a{number}"} for number in range(20)]
    monkeypatch.setattr(bill, "COMPONENTS_LIMIT", 10)
    for data in (cyclonedx(*many), spdx(*many)):
        with pytest.raises(InputError, match="more than 10 components"):
            read_bill(data, "bill")
    monkeypatch.setattr(document, "VALUES_LIMIT", 10)
    with pytest.raises(InputError, match="more than 10 values"):
        read_bill(cyclonedx(*many), "bill")
    monkeypatch.setattr(document, "SIZE_LIMIT", 10)
    with pytest.raises(InputError, match="larger than 0 MiB"):
        read_bill(TAGS, "bill")


def test_a_text_is_cut_and_holds_no_lone_surrogate() -> None:
    found = only(
        b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "\\ud800%s"}]}' % (b"x" * 9999)
    )
    assert found.name == "?" + "x" * 3999


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (cyclonedx(), True),
        (b'\xef\xbb\xbf {\n "$schema": "x", "bomFormat" : "CycloneDX"', True),
        (spdx(), True),
        (TAGS, True),
        (b'{"schema": "firmward.report/1"}', False),
        (b"\x7fELF", False),
        (b"bomFormat CycloneDX", False),
        (b"", False),
    ],
)
def test_a_bill_is_known_by_its_head(head: bytes, is_one: bool) -> None:
    assert is_bill(head) is is_one


NAMES = (
    *("components", "name", "type", "purl", "licenses", "license", "packages", "hashes", "externalRefs", "SPDXID"),
    *("relationships", "dependencies", "evidence", "metadata", "properties"),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["components", "packages", "metadata", "dependencies", "relationships"]), values)
)
def test_any_other_shape_is_a_bill_or_an_input_error(rest: dict[str, Any]) -> None:
    for head in ({"bomFormat": "CycloneDX", "specVersion": "1.6"}, {"spdxVersion": "SPDX-2.3"}):
        try:
            found = read_bill(json.dumps({**head, **rest}).encode(), "bill")
        except InputError:
            continue
        assert isinstance(found, Bill)
