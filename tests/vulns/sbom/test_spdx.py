"""An SPDX document holds whatever is in it, is the same every time, and can be read back."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bills import keeps_official
from inventory_sample import BUSYBOX, CAMERAD, DAY, HOSTILE, LINUX, OPENSSL, ORDINARY, ROOT, many, with_software
from report_sample import camera

from firmward.model.component import Component, ComponentKind
from firmward.vulns.sbom.reading import read_bill
from firmward.vulns.sbom.spdx import PURPOSES, render_spdx

CAMERA = camera()
EACH = pytest.mark.parametrize(
    "components", [ORDINARY, HOSTILE, many(50), ()], ids=["ordinary", "hostile", "many", "none"]
)
WANTED = {
    "packages": ("SPDXID", "name", "downloadLocation"),
    "relationships": ("spdxElementId", "relationshipType", "relatedSpdxElement"),
    "hasExtractedLicensingInfos": ("licenseId", "extractedText"),
}
"""What 2.3 wants of each, from the tables of its clauses 7, 10 and 11."""


def render(components: Sequence[Component]) -> str:
    return render_spdx(replace(CAMERA, components=tuple(components)), DAY)


def document(components: Sequence[Component]) -> Any:
    return json.loads(render(components))


def by_name(found: Any) -> dict[str, Any]:
    return {one["name"]: one for one in found["packages"]}


@EACH
def test_it_keeps_the_official_schema(components: Sequence[Component]) -> None:
    keeps_official("spdx23", render(components))


@EACH
def test_the_validator_of_its_makers_has_nothing_to_say(components: Sequence[Component], tmp_path: Path) -> None:
    pytest.importorskip("spdx_tools")
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    path = tmp_path / "sbom.spdx.json"
    path.write_text(render(components), encoding="utf-8")
    assert [one.validation_message[:300] for one in validate_full_spdx_document(parse_file(str(path)))] == []


@EACH
def test_what_the_format_wants_is_there(components: Sequence[Component]) -> None:
    found = document(components)
    assert found["spdxVersion"] == "SPDX-2.3"
    assert found["dataLicense"] == "CC0-1.0"
    assert found["creationInfo"] == {
        "created": "2026-11-20T00:00:00Z",
        "creators": [f"Tool: firmward-{CAMERA.version}"],
    }
    for name, wanted in WANTED.items():
        for one in found.get(name, ()):
            assert all(one[key] for key in wanted)
    ids = [one["SPDXID"] for one in found["packages"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", id_) for id_ in ids)
    for one in found["relationships"]:
        assert {one["spdxElementId"], one["relatedSpdxElement"]} <= {*ids, "SPDXRef-DOCUMENT"}
    render(components).encode("utf-8")


def test_every_kind_has_a_purpose() -> None:
    assert set(PURPOSES) == set(ComponentKind)


def test_it_describes_the_firmware_which_holds_its_parts_which_hold_software() -> None:
    found = document(ORDINARY)
    ids = {one["SPDXID"]: one["name"] for one in found["packages"]} | {"SPDXRef-DOCUMENT": "document"}
    told = [
        (ids[one["spdxElementId"]], one["relationshipType"], ids[one["relatedSpdxElement"]])
        for one in found["relationships"]
    ]
    product = "Porch camera PC-2 3.1.0"
    assert told[:3] == [
        ("document", "DESCRIBES", product),
        (product, "CONTAINS", LINUX.part),
        (product, "CONTAINS", ROOT),
    ]
    assert (ROOT, "CONTAINS", "busybox") in told
    assert ("camerad", "DEPENDS_ON", "libssl3") in told


def test_a_licence_that_the_list_has_not_is_extracted() -> None:
    found = document(ORDINARY)
    declared = by_name(found)["busybox"]["licenseDeclared"]
    (extracted,) = (one for one in found["hasExtractedLicensingInfos"] if one["name"] == "GPLv2 or so")
    assert declared == f"GPL-2.0-only AND {extracted['licenseId']}"
    assert by_name(found)["linux"]["licenseDeclared"] == "GPL-2.0 WITH Linux-syscall-note"
    assert "licenseDeclared" in by_name(found)["camerad"]


def test_names_in_a_form_of_their_own_are_references() -> None:
    references = by_name(document(ORDINARY))["libssl3"]["externalRefs"]
    assert [one["referenceLocator"] for one in references] == [*OPENSSL.cpes, OPENSSL.purl]
    hostile = next(one for one in document(HOSTILE)["packages"] if one["name"] == "no version")
    assert "externalRefs" not in hostile
    assert "package URL as given: pkg:no purl at all" in hostile["sourceInfo"]


def test_an_element_keeps_its_id_in_the_next_build() -> None:
    alone, among = document((BUSYBOX,)), document((CAMERAD, *many(3), BUSYBOX))
    assert by_name(alone)["busybox"]["SPDXID"] == by_name(among)["busybox"]["SPDXID"]


def test_the_same_report_gives_the_same_bytes_and_another_another_name() -> None:
    assert render(ORDINARY) == render(ORDINARY)
    assert document(ORDINARY)["documentNamespace"] != document((BUSYBOX,))["documentNamespace"]


def test_what_is_written_is_read_back() -> None:
    bill = read_bill(render_spdx(with_software(CAMERA), DAY).encode(), "sbom.spdx.json")
    assert bill.name == "Porch camera PC-2 3.1.0"
    told = {(one.name, one.version, one.kind, one.vendor, one.purl, one.cpes, one.sha256) for one in bill.components}
    assert told == {(one.name, one.version, one.kind, one.vendor, one.purl, one.cpes, one.sha256) for one in ORDINARY}
    assert {one.name: one.licences for one in bill.components} == {one.name: one.licences for one in ORDINARY}
    (camerad,) = (one for one in bill.components if one.name == "camerad")
    assert camerad.depends == (OPENSSL.purl,)


@pytest.mark.proof
def test_ten_thousand_components_keep_the_official_schema() -> None:
    keeps_official("spdx23", render_spdx(with_software(CAMERA, many(10_000)), DAY))
