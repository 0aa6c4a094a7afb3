"""`firmward life`: what it prints, writes and exits with; and the dates that are given to it."""

import json
from pathlib import Path

import jsonschema
import pytest
from command import Firmward
from kernel_samples import flat, vmlinux
from systems import life as systems

from firmward.audit.json_report import schema_document
from firmward.model.memory import Node

DAY = {"SOURCE_DATE_EPOCH": "1795132800"}


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", DAY["SOURCE_DATE_EPOCH"])


def laid(name: str, folder: Path) -> Path:
    (system,) = (one for one in systems.SYSTEMS if one.name == name)
    for path, content in system.files.items():
        node = content if isinstance(content, Node) else Node(content)
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if node.target is not None:
            place.symlink_to(node.target)
        else:
            place.write_bytes(node.content.encode() if isinstance(node.content, str) else node.content)
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return laid("life-own-build-with-what-nobody-mends", tmp_path / "old")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return laid("life-debian-keeps-what-its-makers-have-left", tmp_path / "kept")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "device.toml"
    path.write_text('[device]\nproduct = "Gate"\n[support]\nuntil = 2029-06-30\n')
    return path


def test_what_is_past_stands_first(firmward: Firmward, old: Path) -> None:
    called = firmward("life", old)
    assert called.code == 0, called.err
    assert "Past support: OpenSSL 1.1.1w, Linux 4.14.98-imx" in called.out
    assert "2024-01-10" in called.out


def test_json_keeps_its_schema(firmward: Firmward, kept: Path, policy: Path) -> None:
    document = json.loads(firmward("life", kept, "-p", policy, "--json").out)
    assert document["schema"] == "firmward.life/1"
    assert document["support_end"] == "2029-06-30"
    assert {entry["state"] for entry in document["entries"]} == {"early"}
    assert {entry["carrier"] for entry in document["entries"]} == {None, "Debian 12"}
    shared = schema_document()
    wanted = {"$ref": "#/$defs/calendar", "$defs": shared["$defs"]}
    own = ("schema", "subject", "headline")
    jsonschema.validate({key: value for key, value in document.items() if key not in own}, wanted)


CODES = [
    ("old", [], 0),
    ("old", ["--fail-on", "past"], 1),
    ("old", ["--fail-on", "early"], 1),
    ("kept", ["--fail-on", "past"], 0),
    ("kept", ["--fail-on", "early"], 1),
]


@pytest.mark.parametrize(("name", "options", "code"), CODES)
def test_a_build_can_fail_on_it(
    firmward: Firmward, request: pytest.FixtureRequest, policy: Path, name: str, options: list[str], code: int
) -> None:
    assert firmward("life", request.getfixturevalue(name), "-p", policy, *options).code == code


def test_the_ends_are_written_as_a_calendar(firmward: Firmward, kept: Path, policy: Path, tmp_path: Path) -> None:
    assert firmward("life", kept, "-p", policy, "--ics", tmp_path / "ends.ics").code == 0
    text = (tmp_path / "ends.ics").read_bytes().decode()
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert "SUMMARY:Gate: support of Debian 12 ends\r\n" in text


def test_a_calendar_is_written_to_a_file_of_that_name_alone(firmward: Firmward, kept: Path, tmp_path: Path) -> None:
    called = firmward("life", kept, "--ics", tmp_path / "ends.html")
    assert called.code == 2
    assert ".ics" in called.err


def test_newer_dates_can_be_given(firmward: Firmward, old: Path, tmp_path: Path) -> None:
    dates = tmp_path / "dates.json"
    row = {"title": "Linux", "by": "us", "lines": [{"line": "4.14", "end": "2040-01-01", "long": True}]}
    document = {"schema": "firmward.lifecycle/1", "as_of": "2026-11-01", "products": {"linux": row}}
    dates.write_text(json.dumps(document))
    found = json.loads(firmward("life", old, "--lifecycle", dates, "--json").out)
    assert found["as_of"] == "2026-11-01"
    assert {entry["title"]: entry["end"] for entry in found["entries"]}["Linux"] == "2040-01-01"
    only = ["--only", "kernel-end-of-life", "--fail-on", "high"]
    assert firmward("audit", old, *only).code == 1
    assert firmward("audit", old, "--lifecycle", dates, *only).code == 0


@pytest.mark.parametrize("text", ["{", '{"schema": "firmward.report/1"}'])
def test_dates_that_are_none_are_refused(firmward: Firmward, old: Path, tmp_path: Path, text: str) -> None:
    dates = tmp_path / "dates.json"
    dates.write_text(text)
    called = firmward("life", old, "--lifecycle", dates)
    assert called.code == 2
    assert "dates.json" in called.err
    assert firmward("life", old, "--lifecycle", tmp_path / "none.json").code == 2


def test_what_shows_no_life_is_incomplete(firmward: Firmward, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "data.bin").write_bytes(bytes(4096))
    called = firmward("life", tmp_path / "bare")
    assert called.code == 3
    assert "nothing here" in called.err
    assert firmward("life").code == 2


def test_reports_carry_the_calendar(firmward: Firmward, old: Path, tmp_path: Path) -> None:
    outputs = [word for name in ("r.json", "r.html", "r.md") for word in ("-o", tmp_path / name)]
    assert firmward("audit", old, *outputs, "-q").code == 0
    report = json.loads((tmp_path / "r.json").read_text())
    jsonschema.validate(report, schema_document())
    assert report["life"]["entries"][0]["title"] == "OpenSSL"
    assert 'id="life"' in (tmp_path / "r.html").read_text()
    assert "**Life:** Past support: OpenSSL 1.1.1w" in (tmp_path / "r.md").read_text()
    assert firmward("audit", old, "--only", "access", "-o", tmp_path / "few.json", "-q").code == 0
    assert json.loads((tmp_path / "few.json").read_text())["life"] is None


def test_a_kernel_alone_has_a_life(firmward: Firmward, tmp_path: Path) -> None:
    (tmp_path / "Image").write_bytes(flat(vmlinux()))
    found = json.loads(firmward("life", tmp_path / "Image", "--json").out)
    assert [(one["title"], one["version"], one["end"]) for one in found["entries"]] == [
        ("Linux", "6.1.55-yocto-standard", "2027-12-31")
    ]
