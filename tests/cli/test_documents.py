"""An audit writes SBOM and VEX beside its reports, by the ends of their names."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from command import Firmward
from inventory_sample import BUILT_OUT, DAY, with_software
from report_sample import camera

from firmward.audit.writing import write_reports
from firmward.cli.documents import all_forms, author_of, can_say
from firmward.cli.triage_file import triaged
from firmward.model.policy import parse_policy
from firmward.model.vulnerability import Vex, VexState
from firmward.vulns.vex.author import Author

ROOT = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "bin/sh": "", "etc/os-release": "ID=debian\n"}


def policy(contact: str) -> Author:
    return author_of(parse_policy(f'[device]\nproduct = "x"\n[support]\ncontact = "{contact}"\n', "device.toml"))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("report.json", "firmward.report/1"),
        ("sbom.cdx.json", "CycloneDX"),
        ("SBOM.CDX.JSON", "CycloneDX"),
        ("camera.vex.cdx.json", "analysis"),
        ("sbom.spdx.json", "SPDX-2.3"),
        ("openvex.json", "openvex.dev"),
        ("camera-csaf.json", "csaf_vex"),
    ],
)
def test_the_end_of_a_name_says_the_form(name: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write_reports(with_software(camera()), [path], all_forms(DAY, Author("Porch Ltd")))
    assert form in path.read_text(encoding="utf-8")


def test_an_sbom_alone_has_no_vulnerabilities(tmp_path: Path) -> None:
    path = tmp_path / "sbom.cdx.json"
    write_reports(with_software(camera()), [path], all_forms(DAY, Author()))
    assert "vulnerabilities" not in json.loads(path.read_text(encoding="utf-8"))


def test_what_has_nothing_to_say_is_told_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "openvex.json"
    old.write_text("{}")
    outputs = (old, tmp_path / "csaf.json", tmp_path / "vex.cdx.json")
    assert can_say(outputs, with_software(camera())) == outputs
    assert capsys.readouterr().err == ""
    assert can_say(outputs, replace(camera(), vulnerabilities=())) == outputs[2:]
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert told[0].endswith("there is none; what stands there is of before")
    assert told[1].endswith("there is none")


@pytest.mark.parametrize(
    ("contact", "author"),
    [
        ("https://porch.example/security", Author("https://porch.example/security", "https://porch.example")),
        ("security@porch.example", Author("security@porch.example", "https://porch.example")),
        ("the hotline", Author("the hotline", "")),
    ],
)
def test_the_declared_contact_speaks(contact: str, author: Author) -> None:
    assert policy(contact) == author


def test_without_a_declaration_nobody_speaks() -> None:
    assert author_of(None) == Author()


def test_an_audit_writes_them(firmward: Firmward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795132800")
    root = tmp_path / "root"
    for path, text in ROOT.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    outputs = [tmp_path / name for name in ("sbom.cdx.json", "sbom.spdx.json", "vex.cdx.json", "openvex.json")]
    done = firmward("audit", root, "-q", "--only", "web", *(word for path in outputs for word in ("-o", path)))
    assert done.code == 0, done.err
    found = [json.loads(path.read_text(encoding="utf-8")) for path in outputs[:3]]
    assert found[0]["metadata"]["timestamp"].startswith(date.fromtimestamp(1795132800).isoformat())
    assert found[1]["packages"][0]["SPDXID"] == "SPDXRef-Firmware"
    assert not outputs[3].exists()
    assert "openvex.json is not written" in done.err


TRIAGE = """
[[decision]]
id = "GHSA-xxxx-not-a-cve"
component = "pkg:generic/busybox"
version = "1.36.1"
state = "resolved"
owner = "M. Okafor"
[[decision]]
id = "CVE-2023-2166"
component = "pkg:generic/linux"
version = "5.15"
state = "exploitable"
[[decision]]
id = "CVE-2001-1"
component = "gone"
state = "resolved"
"""


def test_decisions_beside_the_declaration_are_applied(tmp_path: Path) -> None:
    (tmp_path / "triage.toml").write_text(TRIAGE)
    report = triaged(with_software(camera()), tmp_path / "device.toml", DAY)
    decided = {one.id: one.vex for one in report.vulnerabilities if one.name in ("busybox", "linux")}
    assert decided["GHSA-xxxx-not-a-cve"] == Vex(VexState.RESOLVED, by="M. Okafor")
    # what the program found for this version counts more than a decision for another
    assert decided["CVE-2023-2166"] == BUILT_OUT
    assert "triage.toml: stale, since it is on what is not found any more: CVE-2001-1 in gone" in report.notes
    assert any(note.startswith("triage.toml: needs a review: CVE-2023-42364") for note in report.notes)


def test_where_nobody_looked_nothing_is_stale(tmp_path: Path) -> None:
    (tmp_path / "triage.toml").write_text(TRIAGE)
    assert triaged(camera(), tmp_path / "device.toml", DAY) == camera()
    assert triaged(with_software(camera()), None, DAY) == with_software(camera())
