"""A CycloneDX document keeps the official schema whatever is in it, is the same every time, and can be read back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from bills import keeps_cyclonedx
from hypothesis import given, settings
from hypothesis import strategies as st
from inventory_sample import BUSYBOX, CAMERAD, DAY, HOSTILE, LINUX, OPENSSL, ORDINARY, ROOT, many, with_software
from report_sample import camera

from firmward.model.component import Component, ComponentKind, Witness
from firmward.model.report import Budget
from firmward.vulns.sbom.cyclonedx import TECHNIQUES, render_cyclonedx
from firmward.vulns.sbom.reading import read_bill

CAMERA = camera()


def document(components: Sequence[Component]) -> Any:
    return json.loads(render_cyclonedx(replace(CAMERA, components=tuple(components)), DAY))


def flat(components: list[Any]) -> list[Any]:
    return [one for outer in components for one in (outer, *flat(outer.get("components", [])))]


@pytest.mark.parametrize("components", [ORDINARY, HOSTILE, many(50), ()], ids=["ordinary", "hostile", "many", "none"])
def test_it_keeps_the_official_schema(components: Sequence[Component]) -> None:
    keeps_cyclonedx(render_cyclonedx(replace(CAMERA, components=tuple(components)), DAY))
    keeps_cyclonedx(render_cyclonedx(with_software(CAMERA, components), DAY))


words = st.text(max_size=30)
anything = st.builds(
    Component,
    name=words,
    version=words,
    kind=st.sampled_from(ComponentKind),
    vendor=words,
    purl=st.one_of(words, st.just("pkg:generic/a@1"), words.map(lambda word: f"pkg:{word}")),
    cpes=st.tuples(
        st.one_of(words, st.just("cpe:2.3:a:b:c:1:*:*:*:*:*:*:*"), words.map(lambda word: f"cpe:2.3:{word}"))
    ),
    licences=st.tuples(st.one_of(words, st.sampled_from(["MIT", "MIT OR Apache-2.0", "GPL-2"])), words),
    sha256=words,
    depends=st.tuples(st.sampled_from(["a@", "pkg:generic/a@1", ""])),
    part=st.sampled_from(["", ROOT, "elsewhere"]),
    files=st.tuples(words),
)


@given(st.lists(anything, max_size=4))
@settings(max_examples=60)
def test_whatever_the_words_it_keeps_the_schema(components: list[Component]) -> None:
    text = render_cyclonedx(replace(CAMERA, components=tuple(components)), DAY)
    text.encode("utf-8")
    keeps_cyclonedx(text)


def test_the_same_report_gives_the_same_bytes_and_another_another_number() -> None:
    first = render_cyclonedx(with_software(CAMERA), DAY)
    assert first == render_cyclonedx(with_software(CAMERA), DAY)
    other = document((BUSYBOX,))
    assert json.loads(first)["serialNumber"] != other["serialNumber"]


def test_the_firmware_is_what_it_is_of_and_the_day_is_the_one_it_was_judged_on() -> None:
    metadata = document(ORDINARY)["metadata"]
    assert metadata["component"]["name"] == "Porch camera PC-2 3.1.0"
    assert metadata["component"]["type"] == "firmware"
    assert metadata["timestamp"] == "2026-11-20T00:00:00Z"
    assert metadata["tools"]["components"][0]["name"] == "firmward"


def test_software_lies_in_its_part() -> None:
    by_name = {one["name"]: one for one in document(ORDINARY)["components"]}
    inside = [one["name"] for one in by_name[ROOT]["components"]]
    assert inside == ["busybox", "camerad", "libssl3"]
    assert [one["name"] for one in by_name[LINUX.part]["components"]] == ["linux"]


def test_what_names_no_part_that_is_there_is_told_all_the_same() -> None:
    (one,) = document((replace(BUSYBOX, part="gone"),))["components"]
    assert one["name"] == "busybox"


def test_every_ref_is_unique_and_every_dependency_is_there() -> None:
    found = document((*HOSTILE, *ORDINARY, *ORDINARY, *many(20)))
    refs = ["firmware", *(one["bom-ref"] for one in flat(found["components"]))]
    assert len(set(refs)) == len(refs)
    for one in found["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= set(refs)
        assert one["ref"] not in one["dependsOn"]


def test_what_a_program_needs_is_said() -> None:
    needs = {one["ref"]: one["dependsOn"] for one in document(ORDINARY)["dependencies"]}
    assert needs[CAMERAD.ref] == [OPENSSL.ref]
    assert set(needs["firmware"]) == {one.ref for one in ORDINARY}


def test_licences_are_an_expression_or_names_never_both() -> None:
    (first, named, proprietary) = (
        document((replace(BUSYBOX, licences=terms),))["components"][0]["components"][0]["licenses"]
        for terms in (("mit or apache-2.0", "GPL-2.0-only"), ("MIT", "GPLv2 or so"), ("MIT & (",))
    )
    assert first == [{"expression": "(MIT OR Apache-2.0) AND GPL-2.0-only"}]
    assert named == [{"license": {"id": "MIT"}}, {"license": {"name": "GPLv2 or so"}}]
    assert proprietary == [{"license": {"name": "MIT & ("}}]


def test_an_expression_beside_what_is_none_becomes_a_name() -> None:
    (one,) = document((replace(BUSYBOX, licences=("MIT OR Zlib", "GPLv2 or so"), part=""),))["components"]
    assert [term["license"]["name"] for term in one["licenses"]] == ["MIT OR Zlib", "GPLv2 or so"]


def test_every_witness_has_a_technique() -> None:
    assert set(TECHNIQUES) == set(Witness)


def test_how_it_is_known_is_said() -> None:
    (one,) = (one for one in flat(document(ORDINARY)["components"]) if one["name"] == "busybox")
    (identity,) = one["evidence"]["identity"]
    assert identity["methods"][0]["technique"] == "binary-analysis"
    assert identity["methods"][0]["value"] == "text: bin/busybox@0x1000: BusyBox v1.36.1"
    assert one["evidence"]["occurrences"] == [{"location": "bin/busybox"}]


def test_a_report_that_is_partial_says_so() -> None:
    whole, part = (
        json.loads(render_cyclonedx(replace(CAMERA, budget=budget), DAY))["compositions"][0]["aggregate"]
        for budget in (Budget(), Budget(False, ("bytes",)))
    )
    assert (whole, part) == ("unknown", "incomplete")


def test_how_many_files_are_left_out_is_said() -> None:
    paths = tuple(f"usr/share/{number}" for number in range(250))
    (one,) = document((replace(BUSYBOX, files=paths, part=""),))["components"]
    assert len(one["evidence"]["occurrences"]) == 100
    assert {"name": "firmward:files-left-out", "value": "150"} in one["properties"]


def test_what_is_written_is_read_back() -> None:
    text = render_cyclonedx(with_software(CAMERA), date(2026, 1, 2))
    bill = read_bill(text.encode(), "sbom.cdx.json")
    assert bill.name == "Porch camera PC-2 3.1.0"
    assert bill.format == "CycloneDX 1.6"
    assert {replace(one, evidence=()) for one in bill.components} == {replace(one, evidence=()) for one in ORDINARY}
    assert {one.evidence[0].witness for one in bill.components} == {Witness.SBOM}


@pytest.mark.proof
def test_ten_thousand_components_keep_the_schema() -> None:
    keeps_cyclonedx(render_cyclonedx(with_software(CAMERA, many(10_000)), DAY))
