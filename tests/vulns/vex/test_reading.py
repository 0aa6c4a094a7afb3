"""Decisions that other programs write are read, and hostile ones refused with a place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.model.errors import InputError
from firmward.model.vulnerability import Justification, Vex, VexState
from firmward.vulns.vex import statement
from firmward.vulns.vex.reading import read_statements
from firmward.vulns.vex.statement import Statement, Statements


def read(document: Any) -> tuple[Statement, ...]:
    return read_statements(json.dumps(document).encode(), "vex").found


def openvex(*statements: Any, **rest: Any) -> Any:
    head = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "x",
        "author": "Acme",
        "timestamp": "2024-05-06T07:08:09Z",
    }
    return {**head, "version": 1, "statements": list(statements), **rest}


def cyclonedx(*vulnerabilities: Any, **rest: Any) -> Any:
    return {"bomFormat": "CycloneDX", "specVersion": "1.4", "vulnerabilities": list(vulnerabilities), **rest}


def csaf(*vulnerabilities: Any, version: str = "2.0", **tree: Any) -> Any:
    tracking = {"current_release_date": "2024-05-06T07:08:09Z"}
    head = {"csaf_version": version, "publisher": {"name": "Acme"}, "tracking": tracking}
    return {"document": head, "product_tree": tree, "vulnerabilities": list(vulnerabilities)}


class TestOpenVex:
    def test_a_component_alone_is_what_it_is_on(self) -> None:
        (one,) = read(
            openvex(
                {
                    "vulnerability": {"name": "CVE-2024-1", "aliases": ["GHSA-1"]},
                    "products": [{"@id": "pkg:apk/wolfi/git@2.39.0-r1?arch=armv7"}],
                    "status": "not_affected",
                    "justification": "inline_mitigations_already_exist",
                    "impact_statement": "mitigated",
                }
            )
        )
        assert (one.product.name, one.product.version, one.product.package) == ("git", "2.39.0-r1", "pkg:apk/wolfi/git")
        assert one.vex.justification is Justification.PROTECTED_BY_MITIGATING_CONTROL
        assert (one.vex.detail, one.vex.by, str(one.vex.decided)) == ("mitigated", "Acme", "2024-05-06")
        assert one.aliases == ("GHSA-1",)

    def test_each_product_is_a_statement(self) -> None:
        products = [{"@id": "pkg:generic/a@1"}, {"@id": "x", "subcomponents": [{"@id": "pkg:generic/b@2"}]}]
        found = read(openvex({"vulnerability": {"name": "CVE-1"}, "products": products, "status": "fixed"}))
        assert [one.product.name for one in found] == ["a", "b"]

    def test_the_first_version_of_the_format_is_read(self) -> None:
        (one,) = read(
            openvex(
                {"vulnerability": "CVE-1", "products": ["pkg:generic/a@1"], "status": "under_investigation"},
                **{"@context": "https://openvex.dev/ns"},
            )
        )
        assert (one.vulnerability, one.product.name, one.vex.state) == ("CVE-1", "a", VexState.IN_TRIAGE)

    @pytest.mark.parametrize(
        ("justification", "reason", "detail"),
        [
            ("component_not_present", Justification.CODE_NOT_PRESENT, "[component_not_present] why"),
            ("vulnerable_code_not_present", Justification.CODE_NOT_PRESENT, "why"),
            ("vulnerable_code_not_in_execute_path", Justification.CODE_NOT_REACHABLE, "why"),
            (
                "vulnerable_code_cannot_be_controlled_by_adversary",
                Justification.CODE_NOT_REACHABLE,
                "[vulnerable_code_cannot_be_controlled_by_adversary] why",
            ),
            ("something else", None, "why"),
        ],
    )
    def test_a_word_that_means_something_else_is_kept(
        self, justification: str, reason: Justification | None, detail: str
    ) -> None:
        (one,) = read(
            openvex(
                {
                    "vulnerability": {"name": "CVE-1"},
                    "products": [{"@id": "pkg:generic/a"}],
                    "status": "not_affected",
                    "justification": justification,
                    "impact_statement": "why",
                }
            )
        )
        assert (one.vex.justification, one.vex.detail) == (reason, detail)


class TestCycloneDX:
    def test_a_link_into_another_document_names_a_package(self) -> None:
        ref = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Agenericx%2Fno"
        good = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:maven/a/b@2.9"
        found = read(
            cyclonedx({"id": "CVE-1", "analysis": {"state": "exploitable"}, "affects": [{"ref": ref}, {"ref": good}]})
        )
        assert [one.product.package for one in found] == ["pkg:genericx/no", "pkg:maven/a/b"]

    def test_more_words_than_ours_are_kept(self) -> None:
        analysis = {"state": "resolved_with_pedigree", "detail": "patched", "response": ["update", "rollback"]}
        (one,) = read(cyclonedx({"id": "CVE-1", "analysis": analysis}))
        assert one.vex == Vex(VexState.RESOLVED, detail="[resolved_with_pedigree] patched (response: update, rollback)")

    def test_one_that_nobody_analysed_is_told(self) -> None:
        found = read_statements(json.dumps(cyclonedx({"id": "CVE-1"})).encode(), "vex")
        assert found.notes == ("1 vulnerabilities without an analysis",)
        assert [one.vex for one in found.found] == [statement.UNDECIDED]

    def test_a_component_in_another_is_found(self) -> None:
        inner = {"name": "b", "version": "2", "bom-ref": "b"}
        document = cyclonedx(
            {"id": "CVE-1", "analysis": {"state": "exploitable"}, "affects": [{"ref": "b"}]},
            components=[{"name": "a", "components": [inner]}],
        )
        assert [(one.product.name, one.product.version) for one in read(document)] == [("b", "2")]


class TestCsaf:
    def test_products_in_branches_groups_and_relationships_are_found(self) -> None:
        tree = {
            "branches": [
                {
                    "category": "vendor",
                    "name": "Acme",
                    "branches": [
                        {
                            "category": "product_name",
                            "name": "router",
                            "branches": [
                                {
                                    "category": "product_version",
                                    "name": "1.2",
                                    "product": {"product_id": "P1", "name": "Acme router 1.2"},
                                }
                            ],
                        }
                    ],
                }
            ],
            "full_product_names": [
                {"product_id": "P2", "name": "x", "product_identification_helper": {"purl": "pkg:generic/lib@3"}}
            ],
            "product_groups": [{"group_id": "G", "product_ids": ["P1", "P3"]}],
            "relationships": [
                {
                    "category": "default_component_of",
                    "product_reference": "P2",
                    "relates_to_product_reference": "P1",
                    "full_product_name": {"product_id": "P3", "name": "lib in router"},
                }
            ],
        }
        vulnerability = {
            "cve": "CVE-2024-1",
            "product_status": {"known_not_affected": ["P1", "P3"], "first_fixed": ["P2"], "recommended": ["P2"]},
            "flags": [{"label": "vulnerable_code_not_present", "group_ids": ["G"], "date": "2024-01-02T00:00:00Z"}],
            "threats": [{"category": "impact", "details": "left out of the build", "product_ids": ["P3"]}],
        }
        found = {(one.product.name, one.product.version): one.vex for one in read(csaf(vulnerability, **tree))}
        assert found["router", "1.2"].justification is Justification.CODE_NOT_PRESENT
        assert found["lib", "3"].state in (VexState.NOT_AFFECTED, VexState.RESOLVED)
        assert {one.state for one in found.values()} == {VexState.NOT_AFFECTED, VexState.RESOLVED}
        assert str(found["router", "1.2"].decided) == "2024-01-02"

    def test_a_product_without_helpers_goes_by_its_name(self) -> None:
        names = [{"product_id": "P", "name": "busybox 1.36"}]
        (one,) = read(csaf({"cve": "CVE-2024-1", "product_status": {"fixed": ["P"]}}, full_product_names=names))
        assert (one.product.name, one.product.version, one.vex.by) == ("busybox", "1.36", "Acme")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "is no VEX document that is known"),
        ([], "expected an object"),
        ({"@context": "https://example.org"}, "is none of OpenVEX"),
        (
            openvex({"vulnerability": {"name": "CVE-1"}, "status": "fine"}),
            r"statements\[0\].status: 'fine' is not known",
        ),
        (openvex({"status": "fixed"}), r"statements\[0\].vulnerability.name: is required"),
        (openvex(7), r"statements\[0\]: expected an object"),
        (csaf(version="2.1"), "'2.1' is not read"),
        (csaf({"product_status": {}}), r"vulnerabilities\[0\].cve: is required, or ids"),
        (csaf({"cve": "CVE-1", "product_status": {"fixed": "P"}}), "fixed: expected a list"),
        (cyclonedx({"id": 7}), r"vulnerabilities\[0\].id: expected a text"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(document: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(document)


def test_branches_without_an_end_are_refused() -> None:
    branch: Any = {"category": "vendor", "name": "x"}
    for _ in range(80):
        branch = {"category": "vendor", "name": "x", "branches": [branch]}
    with pytest.raises(InputError, match="more than 64 branches in each other"):
        read(csaf(branches=[branch]))


def test_more_statements_than_there_can_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement, "STATEMENTS_LIMIT", 3)
    products = [{"@id": f"pkg:generic/a{number}"} for number in range(4)]
    analysis = {
        "id": "CVE-1",
        "analysis": {"state": "exploitable"},
        "affects": [{"ref": one["@id"]} for one in products],
    }
    status = {"cve": "CVE-2024-1", "product_status": {"fixed": list("abcd")}}
    for document in (
        openvex({"vulnerability": {"name": "CVE-1"}, "products": products, "status": "fixed"}),
        cyclonedx(analysis),
        csaf(status),
    ):
        with pytest.raises(InputError, match="more than 3 statements"):
            read(document)


NAMES = (
    *("statements", "vulnerabilities", "products", "status", "name", "vulnerability", "analysis", "state", "affects"),
    *("product_status", "fixed", "flags", "product_tree", "branches", "document", "cve", "ids", "threats"),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["fixed", "exploitable", "2.0", "pkg:generic/a@1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), values))
def test_any_other_shape_is_read_or_an_input_error(rest: dict[str, Any]) -> None:
    for document in (openvex(), cyclonedx(), csaf()):
        try:
            found = read_statements(json.dumps({**document, **rest}).encode(), "vex")
        except InputError:
            continue
        assert isinstance(found, Statements)
