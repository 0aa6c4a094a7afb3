"""An audit with a database, a build's list, and what it refuses."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from command import Firmward
from elf_made import Made, elf
from feeds_made import affected, below, cve, packed

RECORD = cve("CVE-2026-0001", affected("lighttpd", "lighttpd", below("1.0", "1.4.76")))


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIRMWARD_VULNS_DB", str(tmp_path / "none.sqlite"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "usr/sbin").mkdir(parents=True)
    (folder / "etc").mkdir()
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    program = folder / "usr/sbin/lighttpd"
    program.write_bytes(elf(Made(data=b"\0lighttpd/1.4.69\0")))
    program.chmod(0o755)
    return folder


@pytest.fixture
def database(firmward: Firmward, tmp_path: Path) -> Path:
    (tmp_path / "CVE-2026-0001.json").write_bytes(packed(RECORD))
    called = firmward("vulns", "update", "--from", "cve=CVE-2026-0001.json", "--db", "vulns.sqlite")
    assert called.code == 0, called.err
    return tmp_path / "vulns.sqlite"


def audited(firmward: Firmward, *words: object) -> Any:
    called = firmward("audit", *words, "-q", "--only", "supply", "-o", "report.json")
    assert called.code == 0, called.err
    return json.loads(Path("report.json").read_text(encoding="utf-8"))


def test_what_applies_is_in_the_report(firmward: Firmward, root: Path, database: Path) -> None:
    report = audited(firmward, root, "--db", database)
    assert [(one["id"], one["name"], one["fixed"]) for one in report["vulnerabilities"]] == [
        ("CVE-2026-0001", "lighttpd", ["1.4.76"])
    ]
    assert [one["check"] for one in report["findings"]] == ["known-vulnerability"]
    assert report["advised"]["feeds"][0]["name"] == "cve"


def test_without_a_database_the_check_is_unknown_and_says_what_helps(firmward: Firmward, root: Path) -> None:
    report = audited(firmward, root)
    (check,) = (one for one in report["checks"] if one["check"] == "known-vulnerability")
    assert check["outcome"] == "unknown"
    assert "firmward vulns update" in check["reason"]
    assert [one["name"] for one in report["components"]] == ["lighttpd"]


def test_a_database_that_is_too_old_is_refused(firmward: Firmward, root: Path, database: Path) -> None:
    called = firmward("audit", root, "--db", database, "--max-db-age", "7", "--only", "supply")
    assert called.code == 2
    assert "--max-db-age allows 7" in called.err
    assert firmward("audit", root, "--db", database, "--max-db-age", "99999", "--only", "supply", "-q").code == 0


@pytest.mark.parametrize("words", [("--db", "nowhere.sqlite"), ("--max-db-age", "3")])
def test_a_database_that_is_asked_for_must_be_there(firmward: Firmward, root: Path, words: tuple[str, ...]) -> None:
    called = firmward("audit", root, *words, "--only", "supply")
    assert called.code == 2
    assert "firmward vulns update" in called.err


def test_a_builds_list_names_components(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    (tmp_path / "image.manifest").write_text("camerad - 1.4.2-1\nlighttpd - 1.4.69-1\n")
    report = audited(firmward, root, "--manifest", "image.manifest")
    named = {(one["name"], one["version"]): one for one in report["components"]}
    assert named["camerad", "1.4.2-1"]["evidence"][0]["witness"] == "manifest"


def test_a_document_has_digests(firmward: Firmward, root: Path) -> None:
    assert firmward("audit", root, "-q", "--only", "access", "-o", "sbom.cdx.json").code == 0
    text = Path("sbom.cdx.json").read_text(encoding="utf-8")
    assert hashlib.sha256((root / "usr/sbin/lighttpd").read_bytes()).hexdigest() in text
    assert os.fspath(root) not in text
