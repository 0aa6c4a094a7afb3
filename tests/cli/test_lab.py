"""`firmward lab` as a newcomer meets it, with a program that plays QEMU."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from built_device import small_build
from command import Firmward
from played_qemu import BOOT, HEALTHY, play
from processes import end, is_alive

import firmward

WAIT = "time.sleep(600)"
GOOD = f"say(*{BOOT!r}, {HEALTHY!r})\n{WAIT}"


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    play(tmp_path / "programs", GOOD)
    return small_build(tmp_path / "out")


def test_a_healthy_device_is_told_in_lines_and_a_sentence(firmward: Firmward, out: Path) -> None:
    called = firmward("lab", "boot", out)
    assert called.code == 0
    lines = called.out.splitlines()
    assert lines[0] == "camera 1.4.0 on a virtual qemu-arm64, as it was built"
    words = [re.sub(r"^ +\d+\.\d s +", "", line) for line in lines[1:8]]
    assert words == [
        "power on",
        "boot loader     U-Boot 2023.01",
        "slot chosen     slot a, 2 tries left",
        "kernel started",
        "root verified",
        "system",
        "healthy         slot a",
    ]
    assert re.fullmatch(r"camera 1\.4\.0 is healthy in slot a, \d+\.\d s after power on\.", lines[-1])
    assert "\x1b" not in called.out


def test_another_slot_than_was_expected_gives_1(firmward: Firmward, out: Path) -> None:
    assert firmward("lab", "boot", out, "--slot", "a").code == 0
    called = firmward("lab", "boot", out, "--slot", "b")
    assert called.code == 1
    assert "slot b was expected, and it was a" in called.err


def test_a_device_that_is_not_healthy_gives_1_and_says_what_next(firmward: Firmward, out: Path) -> None:
    play(out.parent / "programs", f"say('U-Boot 2023.01', 'ERROR: can\\'t get kernel image!\\x1b[2J')\n{WAIT}")
    called = firmward("lab", "boot", out, "--seconds", "1")
    assert called.code == 1
    assert "ERROR: can't get kernel image!?[2J" in called.out
    assert "did not become healthy within 1 s; --seconds gives it more" in called.out


def test_for_programs_there_is_one_document(firmward: Firmward, out: Path) -> None:
    called = firmward("lab", "boot", out, "--json", "--rounds", "2")
    said = json.loads(called.out)
    assert said["schema"] == "firmward.lab/1"
    assert said["healthy"] is True
    assert [one["slot"] for one in said["rounds"]] == ["a", "a"]
    assert said["rounds"][0]["steps"][2] == {
        "at": said["rounds"][0]["steps"][2]["at"],
        "start": 1,
        "what": "slot chosen",
        "detail": "2 tries left",
        "slot": "a",
    }
    assert set(said["medians"]) >= {"power on", "healthy"}


def test_several_rounds_give_medians(firmward: Firmward, out: Path) -> None:
    called = firmward("lab", "boot", out, "--rounds", "3")
    assert called.code == 0
    assert "round 3 of 3" in called.out
    assert "Medians of 3 rounds of 3 that became healthy" in called.out
    assert "in the median of 3 rounds." in called.out


def test_a_changed_build_is_refused_unless_it_is_wanted(firmward: Firmward, out: Path) -> None:
    with (out / "disk.img").open("r+b") as disk:
        disk.write(b"!")
    refused = firmward("lab", "boot", out)
    assert refused.code == 2
    assert "--as-is" in refused.err
    assert firmward("lab", "boot", out, "--as-is").code == 0


def test_the_log_has_what_the_serial_line_said(firmward: Firmward, out: Path, tmp_path: Path) -> None:
    firmward("lab", "boot", out, "--log", tmp_path / "serial.txt")
    assert (tmp_path / "serial.txt").read_text().splitlines() == [*BOOT, HEALTHY]


@pytest.mark.parametrize("verb", ["boot", "shell"])
def test_what_is_no_build_is_told(firmward: Firmward, tmp_path: Path, verb: str) -> None:
    called = firmward("lab", verb, tmp_path)
    assert called.code == 2
    assert "is no folder that `firmward build` has written" in called.err


def test_without_qemu_its_package_is_told(firmward: Firmward, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmward.lab.machine.PATHS", ())
    monkeypatch.setenv("PATH", "")
    called = firmward("lab", "boot", out)
    assert called.code == 2
    assert "apt install qemu-system-arm" in called.err


def test_doctor_knows_what_the_lab_needs(firmward: Firmward) -> None:
    needs = {need["name"]: need for need in json.loads(firmward("doctor", "--json").out)}
    assert needs["qemu-system-aarch64"]["package"] == "apt-get install qemu-system-arm"
    assert needs["u-boot-qemu"]["kind"] == "option"
    assert needs["u-boot-qemu"]["here"] is True


def test_doctor_misses_a_boot_loader_that_is_not_there(firmward: Firmward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathlib.Path.is_file", lambda path: False)
    needs = {need["name"]: need["here"] for need in json.loads(firmward("doctor", "--json").out)}
    assert needs["u-boot-qemu"] is False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_the_command_ends_the_machine(out: Path, tmp_path: Path, number: signal.Signals) -> None:
    play(
        out.parent / "programs",
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()) + '\\n')\nsay('U-Boot 2023.01')\n{WAIT}",
    )
    code = "from firmward.cli.main import run; run()"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(Path(firmward.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", code, "lab", "boot", str(out)], stdout=-3, stderr=-3, env=environment
    ) as command:
        limit = time.monotonic() + 20
        while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text().endswith("\n"):
            assert time.monotonic() < limit
            time.sleep(0.05)
        time.sleep(0.2)
        pid = int((tmp_path / "pid").read_text())
        command.send_signal(number)
    try:
        assert not is_alive(pid)
    finally:
        end(pid)
    assert command.returncode == {signal.SIGINT: 130, signal.SIGKILL: -9}.get(number, 128 + number)
    assert list(temporary.iterdir()) == []


LISTENS = """
port = re.search(r"hostfwd=tcp:127.0.0.1:(\\\\d+)-:443", words)[1]
server = socket.create_server(("127.0.0.1", int(port)))
while True:
    line, _ = server.accept()
    line.sendall(b"hello\\\\n")
    line.close()
"""


def policy_of(out: Path, *listen: str) -> None:
    (out / "device.toml").write_text("schema = 1\n" + "".join(f"[[listen]]\n{one}\n" for one in listen))


def test_what_may_listen_is_called_from_outside(firmward: Firmward, out: Path) -> None:
    policy_of(out, "port = 443", 'port = 53\nfrom = "local"', 'port = 5353\nprotocol = "udp"')
    play(out.parent / "programs", f"say(*{BOOT!r}, {HEALTHY!r})\n{LISTENS.replace(chr(92) * 2, chr(92))}")
    called = firmward("lab", "boot", out, "--reach", "--as-is")
    assert called.code == 0, called.out + called.err
    assert "tcp/443   answers  hello" in called.out
    assert "tcp/53" not in called.out
    told = json.loads(firmward("lab", "boot", out, "--reach", "--as-is", "--json").out)
    assert told["rounds"][0]["answers"] == [{"port": 443, "answers": True, "says": "hello"}]


def test_a_declared_port_that_does_not_answer_gives_1(
    firmward: Firmward, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from firmward.lab import reach

    monkeypatch.setattr(reach.call, "__defaults__", (0.3,))
    policy_of(out, "port = 443")
    called = firmward("lab", "boot", out, "--reach", "--as-is")
    assert called.code == 1
    assert called.out.splitlines()[-1].endswith("after power on, but tcp/443 does not answer.")


def test_a_policy_that_lets_nothing_listen_has_nothing_to_be_called(firmward: Firmward, out: Path) -> None:
    policy_of(out)
    called = firmward("lab", "boot", out, "--reach", "--as-is")
    assert called.code == 2
    assert "lets nothing listen for others over TCP" in called.err
