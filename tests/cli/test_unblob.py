"""unblob as an outside program: what it opens is read, and what it may do is what its cage leaves it."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from command import Firmward
from processes import is_alive

from firmward.cli import unblob
from firmward.image.budget import Budget, BudgetExceeded, Limits
from firmward.image.cage import walls
from firmward.image.source import Bytes

NOISE = random.Random(3).randbytes(90_000)
Fake = Callable[[str], None]


@pytest.fixture
def ar(tmp_path: Path) -> Path:
    """An archive of a kind that no reader here knows, with an inner one that they do."""
    program = shutil.which("ar")
    if program is None or unblob.find() is None:
        pytest.skip("ar or unblob is not installed")
    (tmp_path / "noise").write_bytes(NOISE)
    subprocess.run([program, "rc", "box.ar", "noise"], cwd=tmp_path, check=True)
    return tmp_path / "box.ar"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """Put a program in unblob's place: a body of Python that may use `out`, a folder that will be read."""
    place = tmp_path / "program"
    temporary = tmp_path / "temporary"
    place.mkdir()
    temporary.mkdir()

    def write(body: str) -> None:
        script = place / "unblob"
        start = f"""\
            #!{sys.executable}
            import json, os, pathlib, socket, subprocess, sys, time
            out = pathlib.Path("out/part_extract")
            out.mkdir(parents=True)
            def report(*kinds):
                rows = [{{"handler_name": kind, "extraction_reports": []}} for kind in kinds]
                pathlib.Path("report.json").write_text(json.dumps([{{"reports": rows}}]))
            def attempt(name, act):
                try:
                    act()
                    (out / name).write_text("succeeded")
                except OSError as error:
                    (out / name).write_text(type(error).__name__)
            """
        script.write_text(dedent(start) + dedent(body))
        script.chmod(0o755)
        monkeypatch.setattr(unblob, "find", lambda: str(script))

    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    yield write
    assert list(temporary.iterdir()) == []


def unpacked(data: bytes = NOISE, limits: Limits | None = None) -> tuple[unblob.Unpacked, dict[str, str]]:
    """What came of some bytes, and the files with their texts."""
    limits = limits or Limits(seconds=60)
    with unblob.unblob_beside(limits) as asked:
        found = asked.unpack(Bytes(data), Budget(limits))
        folder = found.folder
        files = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()} if folder else {}
    return found, files


def test_what_firmward_does_not_know_is_opened(ar: Path, firmward: Firmward) -> None:
    without = json.loads(firmward("parts", ar, "--json").out)
    assert [part["kind"] for part in without["parts"]] == ["unknown"]
    parts = json.loads(firmward("parts", ar, "--json", "--unblob").out)["parts"]
    assert [(part["id"], part["kind"]) for part in parts] == [("image", "foreign"), ("image/noise", "unknown")]
    assert parts[0]["problem"] == "opened by unblob as ar: owners, devices and times are not the image's"


@pytest.mark.proof
def test_every_verb_takes_it(ar: Path, firmward: Firmward, tmp_path: Path) -> None:
    assert "noise" in firmward("ls", ar, "--unblob").out
    assert firmward("cat", f"{ar}:image:/noise", "--unblob", "--force").code == 0
    assert firmward("extract", ar, "-o", tmp_path / "new", "--unblob").code == 3  # not wholly: owners
    assert next((tmp_path / "new").rglob("noise")).read_bytes() == NOISE
    report = tmp_path / "report.json"
    firmward("audit", ar, "-q", "-o", report, "--unblob")
    assert [part["kind"] for part in json.loads(report.read_text())["parts"]] == ["foreign", "unknown"]


def test_what_lies_between_known_parts_is_looked_at_too(ar: Path, firmward: Firmward, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    packed = subprocess.run(["gzip", "-nc"], input=NOISE, capture_output=True, check=True).stdout
    dump.write_bytes(b"\xff" * 8192 + packed + ar.read_bytes())
    parts = json.loads(firmward("parts", dump, "--json", "--unblob").out)["parts"]
    assert [part["kind"] for part in parts] == ["raw", "gzip", "unknown", "foreign", "unknown"]


def test_without_the_program_the_option_says_how_to_get_it(
    firmward: Firmward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(unblob, "find", lambda: None)
    (tmp_path / "x").write_bytes(NOISE)
    called = firmward("parts", tmp_path / "x", "--unblob")
    assert called.code == 2
    assert "pip install 'firmward[unblob]'" in called.err


ATTACKS = {
    "read a secret": "pathlib.Path({secret!r}).read_text()",
    "write outside": "pathlib.Path({outside!r}).write_text('x')",
    "reach the network": "socket.create_connection(('127.0.0.1', {port}), timeout=2)",
    "start a program of its own": "(out / 'tool').write_text('#!/bin/sh'), (out / 'tool').chmod(0o755), "
    "subprocess.run([str((out / 'tool').resolve())])",
}


@pytest.mark.skipif(not all((walls().landlock >= 1, walls().seccomp)), reason="this kernel has no full cage")
@pytest.mark.parametrize("attack", ATTACKS)
def test_one_taken_over_reaches_nothing(attack: str, fake: Fake, tmp_path: Path) -> None:
    import socket

    secret = tmp_path / "secret"
    secret.write_text("key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        names = {"secret": str(secret), "outside": str(tmp_path / "outside"), "port": server.getsockname()[1]}
        act = ATTACKS[attack].format(**names)
        body = f"attempt('outcome', lambda: ({act}))\nreport('x')\n"
        fake(body)
        _, files = unpacked()
        assert files["outcome"] == "PermissionError"
        script = tmp_path / "program" / "unblob"
        free = tmp_path / "free"
        free.mkdir()
        subprocess.run([script], cwd=free, check=True)  # and succeeds without a cage
        assert (free / "out/part_extract/outcome").read_text() == "succeeded"


def test_what_it_may_do_still_works(fake: Fake) -> None:
    fake("subprocess.run(['true'], check=True)\n(out / 'found').write_text('it')\nreport('b', 'a', 'a')\n")
    found, files = unpacked()
    assert (found.kinds, found.problems, files) == (("a", "b"), (), {"found": "it"})


def test_one_that_finds_nothing_leaves_the_part_unknown(fake: Fake) -> None:
    fake("report()")
    assert unpacked()[0] == unblob.Unpacked(None)


def test_what_it_writes_is_bounded(fake: Fake) -> None:
    fake("report('bomb')\nwhile True:\n    (out / str(time.time())).write_bytes(bytes(range(256)) * 4096)\n")
    limits = Limits(seconds=60, expanded_bytes=8 << 20)
    budget = Budget(limits)
    with unblob.unblob_beside(limits) as asked:
        found = asked.unpack(Bytes(NOISE), budget)
    assert found == unblob.Unpacked(None, (), ("unblob wrote more than 8388608 bytes (--budget-mib)",))
    assert budget.exhausted == list(found.problems)


def test_what_another_program_unpacked_is_charged(fake: Fake) -> None:
    fake("(out / 'found').write_bytes(b'x' * 100_000)\nreport('x')\n")
    limits = Limits(seconds=60)
    budget = Budget(limits)
    with unblob.unblob_beside(limits) as asked:
        asked.unpack(Bytes(NOISE), budget)
    assert limits.expanded_bytes - budget.expandable >= 100_000


def test_what_it_leaves_running_ends_and_a_hanging_one_costs_the_budget_only(fake: Fake, tmp_path: Path) -> None:
    numbers = "pathlib.Path('pids').write_text(f'{os.getpid()} {child.pid}')"
    fake(f"child = subprocess.Popen(['sleep', '600'])\n{numbers}\ntime.sleep(600)\n")
    limits = Limits(seconds=3)
    with unblob.unblob_beside(limits) as asked:
        with pytest.raises(BudgetExceeded):
            asked.unpack(Bytes(NOISE), Budget(limits))
        pids = next(asked.place.glob("*/pids")).read_text().split()
    assert not any(is_alive(int(pid)) for pid in pids)


def test_a_request_cut_off_halfway_does_not_disturb_the_next(fake: Fake) -> None:
    fake("(out / 'size').write_text(str(os.path.getsize('part')))\nreport('x')\n")
    limits = Limits(seconds=60)
    with unblob.unblob_beside(limits) as asked:
        os.write(asked._line.fileno(), unblob.HEAD.pack(77, 1 << 40, 1 << 40) + b"a worker that died")
        found = asked.unpack(Bytes(NOISE), Budget(limits))
        assert found.folder is not None
        assert (found.folder / "size").read_text() == str(len(NOISE))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("sys.exit(3)", "unblob ended with 3"),
        ("os.kill(os.getpid(), 11)", "unblob ended with -11"),
        ("pass", "unblob gave no report"),
        ("pathlib.Path('report.json').write_text('[[')", "unblob gave no report"),
        ("pathlib.Path('report.json').write_text('[{\"reports\": 7}]')", "unblob gave no report"),
    ],
)
def test_one_that_fails_is_told(body: str, problem: str, fake: Fake) -> None:
    fake(body)
    assert unpacked()[0] == unblob.Unpacked(None, (), (problem,))


def test_an_extractor_that_is_missing_is_named(fake: Fake) -> None:
    error = {"severity": "ERROR", "dependencies": ["7z"], "__typename__": "ExtractorDependencyNotFoundReport"}
    rows = [{"handler_name": "sevenzip", "extraction_reports": [error]}]
    fake(f"pathlib.Path('report.json').write_text({json.dumps([{'reports': rows}])!r})")
    assert unpacked()[0].problems == ("unblob needs 7z",)
