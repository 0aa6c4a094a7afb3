"""`firmward vulns`: what it prints, writes and exits with."""

import json
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from command import Firmward
from feeds_made import affected, below, cve, kev, packed
from served import served

from firmward.facts.lifecycle import Line, read_lifecycle

FIRST = "CVE-2026-0001"


@pytest.fixture(autouse=True)
def _own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.delenv("FIRMWARD_VULNS_DB", raising=False)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / f"{FIRST}.json"
    path.write_bytes(packed(cve(FIRST, affected("Maker", "app", below("1", "2")))))
    return path


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private, public = tmp_path / "k.pem", tmp_path / "k.pub.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def test_without_a_database_the_way_to_one_is_told(firmward: Firmward) -> None:
    called = firmward("vulns", "status")
    assert called.code == 2
    assert "`firmward vulns update` makes one" in called.err


def test_from_files_and_what_is_there(firmward: Firmward, record: Path, tmp_path: Path) -> None:
    called = firmward("vulns", "update", "--from", f"cve={record}")
    assert called.code == 0, called.err
    assert "cve" in called.out
    assert (tmp_path / "data/firmward/vulns.sqlite").is_file()
    status = json.loads(firmward("vulns", "status", "--json").out)
    assert status["schema"] == "firmward.vulns-status/1"
    assert status["age_days"] == (datetime.now(UTC).date() - date(2026, 3, 6)).days
    assert [(one["name"], one["rows"]["claim"]) for one in status["feeds"]] == [("cve", 2)]
    assert f"{status['age_days']} days old" in firmward("vulns", "status").out


def test_from_a_mirror(firmward: Firmward, tmp_path: Path) -> None:
    with served() as site:
        site.put("/sites/default/files/feeds/known_exploited_vulnerabilities.json", kev(FIRST))
        words = ("vulns", "update", "kev", "--mirror", f"kev={site.url}", "--json", "--db", tmp_path / "x")
        first, second = (json.loads(firmward(*words).out)["feeds"] for _ in range(2))
        whole = json.loads(firmward(*words, "--full").out)["feeds"]
    assert [one[0]["state"] for one in (first, second, whole)] == ["whole", "unchanged", "whole"]


def test_what_fails_is_told_by_the_exit_code(firmward: Firmward, record: Path, tmp_path: Path) -> None:
    some = firmward("vulns", "update", "--from", f"cve={record}", "--from", f"kev={tmp_path / 'none'}")
    assert some.code == 3
    assert "kev is as it was" in some.err
    assert firmward("vulns", "update", "--from", f"kev={tmp_path / 'none'}").code == 2


@pytest.mark.parametrize(
    "words", [("nosuch",), ("--from", "kev"), ("--from", "=x"), ("--mirror", "kev=ftp://x"), ("--from", "nosuch=/x")]
)
def test_a_wrong_command_is_told(firmward: Firmward, words: tuple[str, ...]) -> None:
    called = firmward("vulns", "update", *words)
    assert called.code == 2
    assert "Traceback" not in called.err


def test_skipped_records_are_named(firmward: Firmward, tmp_path: Path) -> None:
    folder = tmp_path / "cves"
    folder.mkdir()
    (folder / f"{FIRST}.json").write_bytes(packed(cve(FIRST, affected("m", "p"))))
    (folder / "CVE-2026-0002-\x1b[31m.json").write_bytes(b"{")
    called = firmward("vulns", "update", "--from", f"cve={folder}")
    assert called.code == 0
    assert "skipped cve: CVE-2026-0002-" in called.out
    assert "\x1b" not in called.out
    assert "is not JSON" in firmward("vulns", "status").out


def test_over_the_air_gap(firmward: Firmward, record: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    private, public = keys
    firmward("vulns", "update", "--from", f"cve={record}")
    file, other = tmp_path / "x.bundle", tmp_path / "other.sqlite"
    assert firmward("vulns", "export", file).code == 2
    assert firmward("vulns", "export", file, "--key", private).code == 0
    assert "--public-key" in firmward("vulns", "import", file, "--db", other).err
    assert not other.exists()
    called = firmward("vulns", "import", file, "--public-key", public, "--db", other)
    assert called.code == 0, called.err
    assert json.loads(firmward("vulns", "status", "--json", "--db", other).out)["feeds"][0]["name"] == "cve"
    file.write_bytes(file.read_bytes()[:-1])
    called = firmward("vulns", "import", file, "--public-key", public, "--db", other)
    assert called.code == 2
    assert "refused" in called.err


def test_dates_of_support_are_what_lifecycle_takes(firmward: Firmward, tmp_path: Path) -> None:
    facts = {"result": [{"name": "openssl", "releases": [{"name": "3.0", "eolFrom": "2026-09-07", "isEol": True}]}]}
    (tmp_path / "full.json").write_bytes(packed(facts))
    assert firmward("vulns", "lifecycle").code == 2
    assert firmward("vulns", "update", "--from", f"eol={tmp_path / 'full.json'}").code == 0
    dates = tmp_path / "dates.json"
    assert firmward("vulns", "lifecycle", "-o", dates).code == 0
    document = json.loads(dates.read_text())
    assert document["products"]["openssl"]["lines"] == [{"line": "3.0", "end": "2026-09-07"}]
    assert "u-boot" in document["products"]
    assert read_lifecycle(dates.read_text(), "dates").line_of("openssl", "3.0.2") == Line("3.0", date(2026, 9, 7))
