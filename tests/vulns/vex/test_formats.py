"""Each VEX format keeps its schema, loses no decision, and is read back as what was decided."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from bills import keeps_cyclonedx, keeps_official
from csaf_rules import broken_rules
from hypothesis import given, settings
from hypothesis import strategies as st
from inventory_sample import BUSYBOX, DAY, HOSTILE, LINUX, OPENSSL, ORDINARY, VULNERABILITIES, with_software
from report_sample import camera

from firmward.model.errors import InputError
from firmward.model.finding import Severity
from firmward.model.report import Report
from firmward.model.vulnerability import Justification, Score, Vex, VexState, Vulnerability
from firmward.vulns.vex.author import Author
from firmward.vulns.vex.csaf import render_csaf
from firmward.vulns.vex.cyclonedx import render_cyclonedx_vex
from firmward.vulns.vex.openvex import render_openvex
from firmward.vulns.vex.reading import read_statements
from firmward.vulns.vex.statement import Statement

CAMERA = camera()
AUTHOR = Author("Porch Ltd", "https://porch.example")
RENDER: dict[str, Callable[[Report], str]] = {
    "cyclonedx": lambda report: render_cyclonedx_vex(report, DAY, AUTHOR),
    "openvex": lambda report: render_openvex(report, DAY, AUTHOR),
    "csaf": lambda report: render_csaf(report, DAY, AUTHOR),
}
EACH = pytest.mark.parametrize("format_", RENDER)


def statements(format_: str, report: Report) -> Sequence[Statement]:
    return read_statements(RENDER[format_](report).encode(), "vex").found


def decided(vex: Vex | None, **rest: Any) -> Report:
    one = Vulnerability("CVE-2024-1", BUSYBOX.ref, BUSYBOX.name, BUSYBOX.version, Severity.HIGH, "nvd", vex=vex, **rest)
    return replace(CAMERA, components=(BUSYBOX,), vulnerabilities=(one,))


def keeps(format_: str, text: str, *, official: bool = False) -> None:
    text.encode("utf-8")
    if format_ == "cyclonedx":
        keeps_cyclonedx(text)
    elif official:
        keeps_official(format_, text)
    elif format_ == "csaf":
        assert broken_rules(json.loads(text)) == []
    else:
        assert _openvex_holds(json.loads(text))


def _openvex_holds(document: Any) -> bool:
    """What the format's clauses on documents and statements want."""
    assert set(document) >= {"@context", "@id", "author", "timestamp", "version", "statements"}
    assert document["version"] >= 1
    for one in document["statements"]:
        assert one["vulnerability"]["name"] is not None
        assert one["status"] in ("affected", "not_affected", "fixed", "under_investigation")
        assert one["status"] != "not_affected" or one.get("justification") or one.get("impact_statement")
        assert one["status"] != "affected" or one.get("action_statement")
        assert all(inner["@id"].startswith("pkg:") for product in one["products"] for inner in product["subcomponents"])
    return True


ODD = tuple(
    Vulnerability(
        id_, ref, "na\x1bme", "\udc80", Severity.INFO, "", vex=vex, score=Score("\x00", 3.0), aliases=("", id_)
    )
    for id_, ref, vex in (
        ("CVE-2024-1", HOSTILE[0].ref, Vex(VexState.EXPLOITABLE, Justification.CODE_NOT_PRESENT, "\x00")),
        ("\ud800", HOSTILE[1].ref, Vex(VexState.NOT_AFFECTED)),
        ("", "gone", Vex(VexState.NOT_AFFECTED, Justification.REQUIRES_ENVIRONMENT, "\u202e")),
        ("x" * 3000, "", None),
        ("CVE-2024-1", HOSTILE[0].ref, Vex(VexState.RESOLVED)),
    )
)
HOSTILE_REPORT = replace(CAMERA, components=HOSTILE, vulnerabilities=ODD)


@EACH
@pytest.mark.parametrize("report", [with_software(CAMERA), HOSTILE_REPORT], ids=["ordinary", "hostile"])
@pytest.mark.parametrize("official", [False, True], ids=["own rules", "official"])
def test_it_keeps_its_schema(format_: str, report: Report, official: bool) -> None:
    keeps(format_, RENDER[format_](report), official=official)


@EACH
def test_the_same_report_gives_the_same_bytes(format_: str) -> None:
    assert RENDER[format_](with_software(CAMERA)) == RENDER[format_](with_software(CAMERA))


@EACH
def test_every_vulnerability_is_told_of_its_component(format_: str) -> None:
    found = {
        (one.vulnerability, one.product.name, one.product.version) for one in statements(format_, with_software(CAMERA))
    }
    assert found == {(one.id, one.name, one.version) for one in VULNERABILITIES}


@EACH
@pytest.mark.parametrize("state", VexState)
@pytest.mark.parametrize("justification", [None, *Justification])
@pytest.mark.parametrize("detail", ["", "seen in the source"])
def test_a_decision_comes_back_as_it_was(
    format_: str, state: VexState, justification: Justification | None, detail: str
) -> None:
    if justification is not None and state is not VexState.NOT_AFFECTED:
        return  # a reason why it does not affect goes with that alone
    vex = Vex(state, justification, detail, "M. Okafor", DAY)
    (found,) = statements(format_, decided(vex))
    assert found.vulnerability == "CVE-2024-1"
    assert found.product.purl == BUSYBOX.purl
    assert found.product.cpe == BUSYBOX.cpes[0] or format_ == "openvex"
    assert replace(found.vex, decided=None) == replace(vex, decided=None)
    assert found.vex.decided == DAY


@EACH
def test_what_nobody_decided_is_under_investigation(format_: str) -> None:
    (found,) = statements(format_, decided(None))
    assert found.vex.state is VexState.IN_TRIAGE


@EACH
def test_a_decision_that_needs_a_review_counts_no_more_and_its_words_are_kept(format_: str) -> None:
    vex = Vex(VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT, "not built", needs_review="it was for 1.35")
    (found,) = statements(format_, decided(vex))
    assert found.vex.state is VexState.IN_TRIAGE
    assert found.vex.detail == "Needs a review: it was for 1.35. not built"


def test_affected_says_what_to_do() -> None:
    report = decided(Vex(VexState.EXPLOITABLE, detail="seen"), do="Update to 1.37.")
    openvex = json.loads(RENDER["openvex"](report))["statements"][0]
    csaf = json.loads(RENDER["csaf"](report))["vulnerabilities"][0]
    assert openvex["action_statement"] == "Update to 1.37."
    assert [one["details"] for one in csaf["remediations"]] == ["Update to 1.37."]
    assert json.loads(RENDER["cyclonedx"](report))["vulnerabilities"][0]["recommendation"] == "Update to 1.37."


@pytest.mark.parametrize("format_", ["openvex", "csaf"])
def test_nothing_to_state_is_told(format_: str) -> None:
    with pytest.raises(InputError, match="there is no vulnerability"):
        RENDER[format_](CAMERA)


def test_cyclonedx_says_nothing_where_there_is_nothing() -> None:
    keeps_cyclonedx(RENDER["cyclonedx"](CAMERA))


def test_a_vulnerability_of_two_components_stands_once_in_csaf() -> None:
    found = json.loads(RENDER["csaf"](with_software(CAMERA)))["vulnerabilities"]
    (one,) = (one for one in found if one.get("cve") == "CVE-2024-5535")
    assert {name: len(products) for name, products in one["product_status"].items()} == {
        "known_affected": 1,
        "under_investigation": 1,
    }
    assert one["ids"] == [{"system_name": "alias", "text": "GHSA-4fc7-mvrr-wv2c"}]
    assert [one["ids"] for one in found if "cve" not in one] == [[{"system_name": "id", "text": "GHSA-xxxx-not-a-cve"}]]


def test_a_publisher_that_is_not_known_is_said_to_be() -> None:
    head = json.loads(render_csaf(with_software(CAMERA), DAY, Author()))["document"]
    assert head["publisher"]["namespace"].endswith(".invalid")
    assert "not known" in head["notes"][0]["text"]
    assert "notes" not in json.loads(RENDER["csaf"](with_software(CAMERA)))["document"]


def test_what_is_known_of_it_stands_beside_the_decision() -> None:
    found = json.loads(RENDER["cyclonedx"](with_software(CAMERA)))
    one = found["vulnerabilities"][0]
    assert one["ratings"][0] == {
        "source": {"name": "cisa"},
        "score": 9.1,
        "method": "CVSSv31",
        "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H",
    }
    assert one["affects"] == [{"ref": OPENSSL.ref}]
    assert {"name": "firmward:exploited-since", "value": "2025-01-02"} in one["properties"]
    names = {inner["name"] for outer in found["components"] for inner in outer["components"]}
    assert names == {"busybox", "libssl3", "linux"}


texts = st.text(max_size=20)
vexes = st.none() | st.builds(
    Vex, st.sampled_from(VexState), st.none() | st.sampled_from(Justification), texts, texts, st.none(), texts
)
vulnerabilities = st.builds(
    Vulnerability, texts | st.just("CVE-2024-12345"), st.sampled_from([BUSYBOX.ref, LINUX.ref, "x"]), texts, texts,
    st.sampled_from(Severity), texts, aliases=st.tuples(texts), title=texts, do=texts, vex=vexes,
    cwes=st.tuples(st.integers()),
)  # fmt: skip


@given(st.lists(vulnerabilities, min_size=1, max_size=4))
@settings(max_examples=40)
def test_whatever_the_words_it_keeps_its_rules(found: list[Vulnerability]) -> None:
    report = replace(CAMERA, components=ORDINARY, vulnerabilities=tuple(found))
    for format_, render in RENDER.items():
        keeps(format_, render(report))
        read_statements(render(report).encode(), "vex")
