"""Reports are written whole or not at all, and what could not be written is refused before the work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from report_sample import SECRETS, camera

from firmward.audit import writing
from firmward.audit.writing import FORMS, check_outputs, write_atomically, write_reports
from firmward.model.errors import InputError

NAMES = [f"report{suffix}" for suffix in FORMS]


def test_every_form_is_written_by_its_suffix(tmp_path: Path) -> None:
    write_reports(camera(), [tmp_path / name for name in [*NAMES, "REPORT.HTML"]])
    begins = {path.name: path.read_text(encoding="utf-8")[:90].strip() for path in tmp_path.iterdir()}
    assert sorted(begins) == sorted([*NAMES, "REPORT.HTML"])
    assert begins["report.sarif"] == begins["report.sarif.json"]
    assert "firmward.report/1" in begins["report.json"]
    assert "sarif" in begins["report.sarif"]
    assert begins["report.md"].startswith("## ")
    assert begins["REPORT.HTML"].startswith("<!doctype html>")


def test_no_secret_is_in_any_form(tmp_path: Path) -> None:
    write_reports(camera(), [tmp_path / name for name in NAMES])
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        assert [secret for secret in SECRETS if secret in text] == [], path.name
        assert "redacted" in text or path.suffix == ".md", "evidence is shown where there is room"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report.pdf", "suffix"),
        ("report", "suffix"),
        ("nowhere/report.json", "there is no folder"),
        ("folder.json", "is a folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(InputError, match=said):
        write_reports(camera(), [tmp_path / "good.json", tmp_path / name])
    assert not (tmp_path / "good.json").exists()


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="named twice"):
        check_outputs([tmp_path / "a.json", tmp_path / "a.json"])


def test_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a.md", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a.md").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text("old")
    (tmp_path / "link.md").symlink_to("real.md")
    write_atomically(tmp_path / "link.md", "new")
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "real.md").read_text() == "new"


def test_an_interruption_leaves_the_old_report_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text("old")

    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_reports(camera(), [tmp_path / "report.json"])
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "old"


def test_a_full_disk_is_the_callers_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write_reports(camera(), [tmp_path / "report.json"])
    assert list(tmp_path.iterdir()) == []


WRITER = """
import sys
from pathlib import Path
from firmward.audit.writing import write_atomically
print("ready", flush=True)
texts = ["a" * 3_000_000, "b" * 3_000_000]
while True:
    for text in texts:
        write_atomically(Path(sys.argv[1]), text)
"""


@pytest.mark.parametrize("delay", [0.0, 0.011, 0.023, 0.031, 0.047])
def test_killed_in_between_the_file_is_whole(tmp_path: Path, delay: float) -> None:
    target = tmp_path / "report.json"
    write_atomically(target, "a" * 3_000_000)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    with writer.stdout as said:
        said.readline()
        time.sleep(0.05 + delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    text = target.read_text()
    assert len(text) == 3_000_000
    assert len(set(text)) == 1
