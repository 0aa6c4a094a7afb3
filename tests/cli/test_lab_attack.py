"""`firmward lab attack` as a newcomer meets it. The machine is played by a program: the twin runs what an attacker left
on its disk, the device goes on without it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command import Firmward
from jsonschema import Draft202012Validator
from played_pair import BOTH, FOUND, HEALTHY, IS_TWIN, WAIT, say, tiny_build
from played_qemu import play
from processes import end, is_alive
from proof_sample import AUDITED

import firmward
from firmward.cli import lab_attack_work
from firmward.lab import campaign, target
from firmward.lab.attacks import attacks
from firmward.lab.proof.json_proof import schema_document

ONE = ("--only", "fit-unsigned")
TWIN_OFF = f"{FOUND}if {IS_TWIN}:\n    tell(event='SHUTDOWN')\n    sys.exit()\n{HEALTHY}\n{WAIT}"
FALLS = (
    f'{FOUND}{HEALTHY}\nsay("firmward: slot a is healthy")\nif won:\n    say(str(int(won[1]) * int(won[2])))\n{WAIT}'
)
"""Both run what is on the disk."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_build(tmp_path_factory.mktemp("built") / "out", rollback_index=2)


@pytest.fixture
def out(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(target, "SETTLES", 0.3)
    play(tmp_path / "programs", BOTH)
    return built


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit of both costs seconds, and has said its own elsewhere."""
    monkeypatch.setattr(lab_attack_work, "_audited", lambda _, kind: AUDITED[kind])


def left_in_temporary() -> list[str]:
    return [path.name for path in Path(os.environ["TMPDIR"]).iterdir()]


def proof_of(path: Path) -> Any:
    document = json.loads(path.read_text())
    Draft202012Validator(schema_document()).validate(document)
    return document


def test_what_succeeds_on_the_twin_and_not_on_the_device_is_proved(
    firmward: Firmward, out: Path, tmp_path: Path
) -> None:
    forms = [tmp_path / f"proof.{suffix}" for suffix in ("json", "html", "md")]
    called = firmward("lab", "attack", out, *ONE, *(word for form in forms for word in ("-o", form)))
    assert called.code == 0, called.out + called.err
    lines = called.out.splitlines()
    assert lines[0] == "camera 1.4.0 on a virtual qemu-arm64, and its unprotected twin: 1 attack"
    assert lines[2].startswith("  its unprotected twin is healthy ")
    assert lines[4].split()[:7] == ["1/1", "✓", "fit-unsigned", "twin", "succeeded", "device", "stopped"]
    assert "1 attack succeeds on the unprotected twin; the device stops it." in lines
    assert lines[-3:] == [f"Wrote {form}" for form in forms]
    found = proof_of(forms[0])
    assert [(one["id"], one["plain"], one["hardened"]) for one in found["attacks"]] == [
        ("fit-unsigned", "succeeded", "stopped")
    ]
    assert (found["holds"], found["not_tried"], found["rounds"], found["before"]) == (True, [], 1, False)
    assert [link["link"] for link in found["devices"]["hardened"]["chain"]]
    assert "fit-unsigned" in forms[1].read_text()
    assert "fit-unsigned" in forms[2].read_text()
    assert left_in_temporary() == []


@pytest.mark.usefixtures("audited")
def test_what_succeeds_on_the_device_gives_1_and_is_loud(firmward: Firmward, out: Path, tmp_path: Path) -> None:
    play(tmp_path / "programs", FALLS)
    called = firmward("lab", "attack", out, *ONE, "--rounds", "2", "-o", tmp_path / "proof.json")
    assert called.code == 1
    assert "device: the attacker's program answered the challenge" in called.out
    assert "The audit calls this link verified: Kernel. fit-unsigned breaks it" in called.out
    assert "The device does not hold: 1 of 1 attack succeeds on it." in called.out
    (one,) = proof_of(tmp_path / "proof.json")["attacks"]
    assert one["hardened"] == "failed"
    assert [run["result"] for run in one["evidence"]["hardened"]] == ["succeeded", "succeeded"]


@pytest.mark.usefixtures("audited")
def test_beside_a_twin_that_does_not_start_nothing_is_tried_and_that_is_written(
    firmward: Firmward, out: Path, tmp_path: Path
) -> None:
    play(tmp_path / "programs", TWIN_OFF)
    called = firmward("lab", "attack", out, *ONE, "-o", tmp_path / "proof.json")
    assert called.code == 1
    why = "its unprotected twin does not start even without an attack: the machine was switched off"
    assert f"  not tried: fit-unsigned: {why}" in called.out.splitlines()
    assert "Nothing was proved: no attack was tried." in called.out
    found = proof_of(tmp_path / "proof.json")
    assert found["not_tried"] == [{"id": "fit-unsigned", "why": why}]
    assert found["devices"]["plain"]["problem"] == "the machine was switched off"


@pytest.mark.usefixtures("audited")
def test_a_worker_that_is_lost_costs_its_own_attack(
    firmward: Firmward, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = campaign.attempt

    def killed(pair: Any, attack: Any, rounds: int) -> Any:
        if attack.id == "fit-unsigned":
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(pair, attack, rounds)

    monkeypatch.setattr(campaign, "attempt", killed)
    called = firmward("lab", "attack", out, *ONE, "--only", "prompt-by-key-spam", "-o", tmp_path / "proof.json")
    assert called.code == 1
    assert "device: the process that judged it was ended by signal 9" in called.out
    found = {one["id"]: one["hardened"] for one in proof_of(tmp_path / "proof.json")["attacks"]}
    assert found == {"prompt-by-key-spam": "stopped", "fit-unsigned": "failed"}


def test_nothing_is_started_to_say_what_would_be_tried(firmward: Firmward, out: Path, tmp_path: Path) -> None:
    play(tmp_path / "programs", f"open({str(tmp_path / 'started')!r}, 'w')\n{WAIT}", prelude="import time\n")
    called = firmward("lab", "attack", out, "--dry-run", *ONE, "-o", tmp_path / "proof.json")
    assert called.code == 0
    lines = called.out.splitlines()
    assert lines[0] == "camera 1.4.0 on a virtual qemu-arm64, and its unprotected twin: 1 attack would be tried"
    assert lines[2].split()[:2] == ["fit-unsigned", "Kernel"]
    assert lines[-1] == "Nothing was started."
    assert not (tmp_path / "started").exists()
    assert not (tmp_path / "proof.json").exists()
    assert left_in_temporary() == []


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A build that a test may spoil."""
    return tiny_build(tmp_path / "own", rollback_index=2)


def lines_of(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("name", ["boot/control.dtb", "boot/u-boot.bin", "disk.img"])
def test_a_build_that_lacks_a_part_is_told(firmward: Firmward, own: Path, name: str) -> None:
    (own / name).unlink()
    called = firmward("lab", "attack", own)
    assert called.code == 2
    assert lines_of(called.err) == [
        f"firmward: {own / name}: is not there, and the lab needs it; build again with `firmward build`"
    ]


def test_a_build_without_a_key_has_nothing_to_attack(firmward: Firmward, own: Path) -> None:
    say(own, boot_key="")
    called = firmward("lab", "attack", own)
    assert called.code == 2
    (line,) = lines_of(called.err)
    assert line.endswith("no key signed this build, so there is nothing to attack; build it with a key")


def test_a_build_that_was_changed_is_refused(firmward: Firmward, own: Path) -> None:
    with (own / "disk.img").open("r+b") as disk:
        disk.write(b"!")
    called = firmward("lab", "attack", own)
    assert called.code == 2
    assert "was changed after the build" in called.err


def test_an_id_that_there_is_not_is_told_with_near_ones(firmward: Firmward, out: Path) -> None:
    called = firmward("lab", "attack", out, "--only", "fit-unsinged")
    assert called.code == 2
    (line,) = lines_of(called.err)
    assert line.startswith("firmward: fit-unsinged: no attack has this id; did you mean ")
    assert "fit-unsigned" in line


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere/proof.json", "there is no folder"),
        ("proof.pdf", "known are .html, .json, .md"),
        (".", "the suffix says the form of a report"),
    ],
)
def test_where_nothing_can_be_written_nothing_is_started(
    firmward: Firmward, out: Path, tmp_path: Path, name: str, says: str
) -> None:
    play(tmp_path / "programs", f"open({str(tmp_path / 'started')!r}, 'w')\n{WAIT}", prelude="import time\n")
    called = firmward("lab", "attack", out, "-o", tmp_path / name)
    assert called.code == 2
    (line,) = lines_of(called.err)
    assert says in line
    assert not (tmp_path / "started").exists()


def no_root(folder: Path) -> tuple[Path, str]:
    place = folder / "holiday"
    (place / "pictures").mkdir(parents=True)
    return place, "holds no system that a kernel could start"


def no_file_system(folder: Path) -> tuple[Path, str]:
    place = folder / "noise.bin"
    place.write_bytes(b"\x00\xff" * 4096)
    return place, "is no folder and no image of a file system that is known"


def too_large(folder: Path) -> tuple[Path, str]:
    place = folder / "large"
    (place / "bin").mkdir(parents=True)
    (place / "etc").mkdir()
    (place / "bin/sh").write_bytes(os.urandom(3 << 20))
    return place, "bytes as squashfs, and the slot has 1048576"


def not_there(folder: Path) -> tuple[Path, str]:
    return folder / "nowhere", "is not there; --before takes a folder, an image or a tar of a root file system"


@pytest.mark.parametrize("spoilt", [no_root, no_file_system, too_large, not_there])
def test_a_root_from_before_that_is_none_is_told(firmward: Firmward, out: Path, tmp_path: Path, spoilt: Any) -> None:
    place, says = spoilt(tmp_path)
    called = firmward("lab", "attack", out, *ONE, "--before", place)
    assert called.code == 2
    (line,) = lines_of(called.err)
    assert line.startswith(f"firmward: {place}: ")
    assert says in line
    assert left_in_temporary() == []


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"product": "lock"}, "it is of lock, and this is camera"),
        ({"boot_key": "ab" * 32}, "another key signed it: abababababababab, and here it was 5eed5eed5eed5eed"),
        ({"rollback_index": 2}, "it is not older: its rollback index is 2, and here it is 2"),
    ],
)
def test_an_older_build_that_is_of_no_use_is_told(
    firmward: Firmward, out: Path, own: Path, said: dict[str, Any], why: str
) -> None:
    say(own, **{"rollback_index": 1, **said})
    called = firmward("lab", "attack", out, "--older", own, "--dry-run")
    assert called.code == 0
    assert f"  the older build is of no use: {why}" in called.out.splitlines()


def test_an_older_build_that_is_none_is_told(firmward: Firmward, out: Path, tmp_path: Path) -> None:
    called = firmward("lab", "attack", out, "--older", tmp_path / "nowhere")
    assert called.code == 2
    assert "is no folder that `firmward build` has written" in called.err


# --- updates ----------------------------------------------------------------------------------------------------------


def test_repositories_that_are_none_are_told_and_their_attacks_not_tried(
    firmward: Firmward, out: Path, tmp_path: Path
) -> None:
    called = firmward("lab", "attack", out, "--updates", tmp_path, "--dry-run")
    assert called.code == 0
    assert "  the update repositories are of no use: current: " in called.out
    called = firmward("lab", "attack", out, "--updates", tmp_path / "nowhere", "--dry-run")
    assert called.code == 2
    assert "--updates takes a folder with the repositories" in called.err


# --- interrupted ------------------------------------------------------------------------------------------------------


@contextmanager
def attacking(out: Path, folder: Path, body: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command while it attacks, and the process that plays the machine under attack."""
    play(
        folder / "programs",
        f"{FOUND}{body}\nopen({str(folder / 'pid')!r}, 'w').write(str(os.getpid()) + '\\n')\n{WAIT}",
    )
    code = "from firmward.cli.main import run; run()"
    words = ["lab", "attack", str(out), *ONE, "--only", "prompt-by-key-spam", "--jobs", "1"]
    command = [sys.executable, "-c", code, *words, "-o", str(folder / "proof.json")]
    environment = {**os.environ, "PYTHONPATH": str(Path(firmward.__file__).parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        limit = time.monotonic() + 90
        while not (folder / "pid").is_file() or not (folder / "pid").read_text().endswith("\n"):
            assert time.monotonic() < limit
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        time.sleep(0.2)
        pid = int((folder / "pid").read_text())
        try:
            yield process, pid
            process.wait(60)
            assert not is_alive(pid)
        finally:
            process.kill()
            end(pid)


UNATTACKED = f"if not won:\n    {HEALTHY}\n    say('firmward: slot a is healthy')\n    time.sleep(600)"
"""Who is not attacked is healthy; who is says nothing, and writes who it is."""


def test_what_is_ended_is_written_and_nothing_is_left(out: Path, tmp_path: Path) -> None:
    with attacking(out, tmp_path, UNATTACKED) as (process, _):
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 130
    found = proof_of(tmp_path / "proof.json")
    assert found["interrupted"] is True
    assert {one["id"]: one["why"] for one in found["not_tried"]}["fit-unsigned"] == "it was interrupted before"
    assert len(found["attacks"]) + len(found["not_tried"]) == 2
    assert left_in_temporary() == []


def test_interrupted_before_the_first_attack_is_written_too(out: Path, tmp_path: Path) -> None:
    with attacking(out, tmp_path, "pass") as (process, _):
        process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    found = proof_of(tmp_path / "proof.json")
    assert [one["why"] for one in found["not_tried"]] == ["it was interrupted before"] * 2
    assert found["devices"]["plain"]["seconds"] is None
    assert left_in_temporary() == []


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_attacks_are_listed(firmward: Firmward) -> None:
    called = firmward("lab", "attacks")
    assert called.code == 0
    assert "fit-unsigned" in called.out
    rows = json.loads(firmward("lab", "attacks", "--json").out)
    assert {"id", "title", "does", "position", "link", "case", "foretold", "needs"} <= set(rows[0])
    assert "fit-unsigned" in [row["id"] for row in rows]


def test_what_takes_long_is_begun_before_the_half_is_over_beside_what_does_not() -> None:
    known = tuple(attacks().values())
    order = lab_attack_work.by_turns(known)
    begun = [known[index].takes for index in order]
    assert sorted(order) == list(range(len(known)))
    assert begun[::2] == sorted(begun, reverse=True)[: len(begun[::2])]
    assert begun[1::2] == sorted(begun)[: len(begun[1::2])]
