"""The whole command against a hostile caller or machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import Firmward

from firmward.cli.deadline import Deadline
from firmward.model.facts import OutOfTime, Unavailable


def test_the_target_is_never_overwritten(firmward: Firmward, tmp_path: Path) -> None:
    image = tmp_path / "image.json"
    image.write_bytes(b"firmware" * 100)
    (tmp_path / "link.json").symlink_to(image)
    (tmp_path / "other.json").hardlink_to(image)
    for name in ("image.json", "link.json", "other.json"):
        called = firmward("audit", image, "-o", tmp_path / name)
        assert called.code == 2
        assert "what is to be read" in called.err
    assert image.read_bytes() == b"firmware" * 100


@pytest.mark.parametrize("target", ["a" * 5000, "a" * 300, "nul/" * 2000])
def test_a_path_that_is_too_long_is_told(firmward: Firmward, target: str) -> None:
    assert firmward("audit", target).code == 2
    assert firmward("audit", "/", "-o", f"{target}/report.json").code == 2


def test_a_fifo_is_neither_waited_for_nor_replaced(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.json"
    os.mkfifo(fifo)
    for words in ((fifo,), (root, "-o", fifo), (root, "--policy", fifo)):
        assert firmward("audit", *words).code == 2
    assert fifo.is_fifo()


@pytest.mark.parametrize("seconds", ["inf", "1e300"])
def test_any_budget_may_be_given(firmward: Firmward, root: Path, seconds: str) -> None:
    assert firmward("audit", root, "--budget-seconds", seconds, "--only", "telnet-enabled").code == 0


def test_the_clock_ends_what_runs() -> None:
    with pytest.raises(OutOfTime), Deadline(time.monotonic() + 0.2, "late").running():
        time.sleep(60)
    with pytest.raises(Unavailable, match="late"), Deadline(time.monotonic() - 1, "late").running():
        pass
    assert signal.getsignal(signal.SIGALRM) is not Deadline._ring


def test_a_terminal_without_utf_8(root: Path) -> None:
    plain = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "TERM": "dumb", "COLUMNS": "20"}
    called = run(root, env={**os.environ, **plain})
    assert called.returncode == 0, called.stderr
    assert b"telnet-enabled" in b"".join(called.stdout.split())


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_stdout(unbuffered: str, root: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        called = run(root, env={**os.environ, "PYTHONUNBUFFERED": unbuffered}, stdout=full)
    assert called.returncode == 2
    assert b"No space left" in called.stderr
    assert b"Exception" not in called.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_went_away(unbuffered: str, root: Path) -> None:
    mine, theirs = os.pipe()
    os.close(mine)
    try:
        called = run(root, env={**os.environ, "PYTHONUNBUFFERED": unbuffered}, stdout=theirs)
    finally:
        os.close(theirs)
    assert called.returncode != 0
    assert called.stderr == b""


def test_sigterm_leaves_nothing(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    words = [sys.executable, "-c", HOLD, "audit", str(root), "-o", str(out / "report.json")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"SIGTERM" in told
    assert list(out.iterdir()) == []


HOLD = """
import os, sys, time
def fsync(descriptor):
    print("writing", flush=True)
    time.sleep(60)
os.fsync = fsync
from firmward.cli.main import run
run()
"""
"""The command, holding still with a report half-written."""


def run(
    root: Path, env: dict[str, str] | None = None, stdout: object = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-m", "firmward", "audit", str(root), "--only", "telnet-enabled"]
    return subprocess.run(words, env=env, stdout=stdout, stderr=subprocess.PIPE, check=False)  # type: ignore[call-overload, no-any-return]


def test_nothing_left_out_passes(firmward: Firmward, root: Path, tmp_path: Path) -> None:
    """A start script too large to be read is no program without meaning."""
    (root / "etc/init.d/rcS").write_text("#!/bin/sh\n" + "# filler\n" * 600_000 + "ftpd\n")
    firmward("audit", root, "-q", "-o", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    outcome = {check["check"]: check["outcome"] for check in report["checks"]}
    assert outcome["ftp-enabled"] == "unknown"
    assert outcome["telnet-enabled"] == "fail"
