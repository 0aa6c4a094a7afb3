"""Decisions are listed, made, taken over and handed out; nothing changes where nothing is new."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from command import Called, Firmward
from inventory_sample import BUSYBOX, LINUX, OPENSSL, VULNERABILITIES, with_software
from report_sample import camera

from firmward.audit.json_report import render_json
from firmward.cli import main, vulns_triage
from firmward.model.report import Report
from firmward.vulns.triage import parse_triage

Triage = Callable[..., Called]


def command_line() -> typer.Typer:
    app = typer.Typer()
    vulns_triage.add_to(app)
    return app


@pytest.fixture
def triage(firmward: Firmward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Triage:
    """In a folder with a report, whatever the group is that the command hangs in."""
    monkeypatch.setattr(main, "command_line", command_line)
    monkeypatch.chdir(tmp_path)
    write(with_software(camera()))
    return lambda *words: firmward("triage", *words)


def write(report: Report) -> None:
    Path("report.json").write_text(render_json(report), encoding="utf-8")


def ids(done: Called) -> set[str]:
    return {one["id"] for one in json.loads(done.out)["vulnerabilities"]}


DECIDED = ("set", "GHSA-xxxx-not-a-cve", "-c", "busybox", "-s", "exploitable", "-r", "used", "--owner", "M. Okafor")


def test_what_is_open_is_listed(triage: Triage) -> None:
    done = triage("list", "report.json", "--json")
    assert (done.code, ids(done)) == (0, {"CVE-2023-42364", "GHSA-xxxx-not-a-cve", "CVE-2024-5535"})
    assert len(json.loads(triage("list", "report.json", "--json", "--all").out)["vulnerabilities"]) == 8
    told = triage("list", "report.json")
    assert "GHSA-xxxx-not-a-cve" in told.out
    assert "needs review: was decided for 1.36.0" in told.out
    assert "3 of 8 listed." in told.out


def test_a_decision_survives_to_the_next_build_and_a_bump_wants_a_review(triage: Triage) -> None:
    assert triage(*DECIDED, "--report", "report.json").code == 0
    assert "GHSA-xxxx-not-a-cve" not in ids(triage("list", "report.json", "--json"))
    bumped = tuple(replace(one, version="1.37.0") if one.name == "busybox" else one for one in VULNERABILITIES)
    write(with_software(camera(), vulnerabilities=bumped))
    (one,) = (
        one
        for one in json.loads(triage("list", "report.json", "--json").out)["vulnerabilities"]
        if one["id"].startswith("GHSA")
    )
    assert one["vex"]["needs_review"] == "it was decided for version 1.36.1, and this is 1.37.0"
    assert one["vex"]["detail"] == "used"


def test_a_decision_takes_version_and_component_from_the_report(triage: Triage) -> None:
    words = ("set", "CVE-2023-2166", "-c", "linux", "-s", "not_affected", "-j", "code_not_present")
    assert triage(*words, "--report", "report.json", "--expires", "2027-01-01").code == 0
    (one,) = parse_triage(Path("triage.toml").read_text())
    assert (one.component, one.version) == ("pkg:generic/linux", LINUX.version)
    assert one.files
    assert str(one.expires) == "2027-01-01"


def test_twice_the_same_changes_nothing(triage: Triage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert triage(*DECIDED, "--version", "1").code == 0
    before = Path("triage.toml").read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1826668800")
    done = triage(*DECIDED, "--version", "1")
    assert "Nothing to change" in done.out
    assert Path("triage.toml").read_bytes() == before


def test_a_dry_run_writes_nothing(triage: Triage) -> None:
    done = triage(*DECIDED, "--dry-run")
    assert "would keep GHSA-xxxx-not-a-cve in busybox" in done.out
    assert not Path("triage.toml").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("set", "CVE-1", "-c", "busybox", "-s", "resolved", "--report", "report.json"), "CVE-1 is not in the report"),
        (
            ("set", "CVE-2023-2166", "-c", "busybox", "-s", "exploitable", "--report", "report.json"),
            "is not of busybox; it is of pkg:generic/linux",
        ),
        (("set", "CVE-1", "-c", "a", "-s", "not_affected"), "wants to know why"),
        (("set", "CVE-1", "-c", "a", "-s", "exploitable", "-j", "code_not_present"), "goes with not_affected"),
        (
            ("set", "CVE-2023-2166", "-c", "linux", "-s", "resolved", "--version", "9", "--report", "report.json"),
            "version 9 is not in the report; it has 6.1.55",
        ),
        (("list", "none.json"), "No such file"),
        (("list", "triage.toml"), "is not JSON"),
        (("export", "report.json", "-o", "x.txt"), "known are"),
        (("walk", "report.json"), "walk asks on a terminal"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(triage: Triage, words: tuple[str, ...], message: str) -> None:
    Path("triage.toml").write_text("# nothing decided\n")
    done = triage(*words)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["vex.cdx.json", "openvex.json", "csaf.json"])
def test_what_goes_out_comes_in_again(triage: Triage, name: str) -> None:
    assert triage("export", "report.json", "-o", name).code == 0
    done = triage("import", name)
    assert done.code == 0, done.err
    made = {(one.id, one.component): one for one in parse_triage(Path("triage.toml").read_text())}
    assert made["CVE-2023-2166", "pkg:generic/linux"].justification == "code_not_present"
    assert made["CVE-2023-5678", "pkg:deb/debian/libssl3"].justification == "protected_at_perimeter"
    assert made["CVE-2022-48174", "pkg:generic/busybox"].state == "false_positive"
    assert made["CVE-2022-48174", "pkg:generic/busybox"].owner == "M. Okafor"
    assert made["CVE-2023-42363", "pkg:generic/busybox"].version == BUSYBOX.version
    assert made["CVE-2024-5535", "pkg:deb/debian/libssl3"].version == OPENSSL.version
    assert "GHSA-xxxx-not-a-cve: nothing is decided" in done.err
    assert "Nothing to change" in triage("import", name).out


def test_what_was_decided_here_is_not_overwritten_unasked(triage: Triage) -> None:
    triage("export", "report.json", "-o", "openvex.json")
    triage("set", "CVE-2023-2166", "-c", LINUX.purl, "-s", "exploitable", "--owner", "us")
    done = triage("import", "openvex.json")
    assert "decided here before; --replace takes the other" in done.err
    states = {one.id: one.state for one in parse_triage(Path("triage.toml").read_text())}
    assert states["CVE-2023-2166"] == "exploitable"
    triage("import", "openvex.json", "--replace")
    states = {one.id: one.state for one in parse_triage(Path("triage.toml").read_text())}
    assert states["CVE-2023-2166"] == "not_affected"


def test_the_findings_of_another_scanner_can_be_triaged(triage: Triage) -> None:
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "components": [
            {"type": "library", "name": "zlib", "version": "1.2", "bom-ref": "1", "purl": "pkg:npm/zlib@1.2"}
        ],
        "vulnerabilities": [{"id": "CVE-2022-37434", "affects": [{"ref": "1"}]}],
    }
    Path("scan.cdx.json").write_text(json.dumps(document))
    done = triage("list", "scan.cdx.json", "--json")
    assert ids(done) == {"CVE-2022-37434"}
    triage("set", "CVE-2022-37434", "-c", "zlib", "-s", "resolved", "-r", "patched", "--report", "scan.cdx.json")
    (one,) = parse_triage(Path("triage.toml").read_text())
    assert (one.component, one.version) == ("pkg:npm/zlib", "1.2")
    assert ids(triage("list", "scan.cdx.json", "--json")) == set()


def test_a_walk_asks_and_writes(triage: Triage, tmp_path: Path) -> None:
    program = "from firmward.cli import main; from test_vulns_triage import command_line; " \
        "main.command_line = command_line; main.run()"  # fmt: skip
    leader, follower = pty.openpty()
    search = os.pathsep.join([*sys.path, str(Path(__file__).parent)])
    done = subprocess.Popen(
        [sys.executable, "-c", program, "triage", "walk", "report.json", "--owner", "M. Okafor"],
        stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": search},
    )  # fmt: skip
    os.write(leader, b"x\nn\n2\nnot reached\n\ne\nused\nA. Other\nq\n")
    out, _ = done.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    assert done.returncode == 0, out
    made = parse_triage((tmp_path / "triage.toml").read_text())
    assert [(one.state, one.justification, one.detail, one.owner) for one in made] == [
        ("not_affected", "code_not_reachable", "not reached", "M. Okafor"),
        ("exploitable", None, "used", "A. Other"),
    ]


def test_the_day_is_that_of_the_build(triage: Triage) -> None:
    triage(*DECIDED)
    (one,) = parse_triage(Path("triage.toml").read_text())
    assert str(one.decided) == "2026-11-20"
