"""The process that plays a device: heard without waiting, bounded, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import end, is_alive

import firmward
from firmward.lab.boards.qemu_arm64 import BOARD
from firmward.lab.machine import Machine, program
from firmward.lab.serial_log import SerialLog
from firmward.model.errors import DeviceError, ToolError

PYTHON = (sys.executable, "-ISuc")
SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here'); time.sleep(600)"
CHILD = "import subprocess, sys; print(subprocess.Popen(['sleep', '600'], stdout=2).pid); sys.stdin.read()"


def machine(body: str, log: SerialLog | None = None) -> Machine:
    return Machine((*PYTHON, body), log or SerialLog())


def heard(running: Machine, seconds: float = 5.0) -> bytes:
    """All that comes until it ends or the time is over."""
    data, limit = b"", time.monotonic() + seconds
    while time.monotonic() < limit and not running.has_ended:
        data += running.hear(0.1).serial
    return data


def group(leader: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def is_gone(leader: int) -> bool:
    limit = time.monotonic() + 5
    while group(leader) and time.monotonic() < limit:
        time.sleep(0.02)
    return not group(leader)


@pytest.mark.parametrize("body", [SLEEP, STUBBORN, CHILD, "print('x' * 100)"])
def test_nothing_of_it_is_left_behind(body: str) -> None:
    with machine(body) as running:
        running.hear(0.5)
        assert body.startswith("print") or group(running.process.pid)
    assert is_gone(running.process.pid)


def test_nothing_of_it_is_left_behind_an_exception() -> None:
    running = machine(STUBBORN)

    def interrupted() -> None:
        with running:
            running.hear(5.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert is_gone(running.process.pid)


def test_it_dies_with_who_started_it() -> None:
    body = (
        "import sys, time\n"
        "from firmward.lab.machine import Machine\n"
        "from firmward.lab.serial_log import SerialLog\n"
        f"running = Machine((*{PYTHON!r}, {STUBBORN!r}), SerialLog())\n"
        "assert running.hear(5.0).serial\n"
        "print(running.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(firmward.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE, text=True, env=here) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert group(pid)
        os.kill(parent.pid, signal.SIGKILL)
    try:
        assert not is_alive(pid)
    finally:
        end(pid)


def test_what_it_writes_is_heard_and_logged() -> None:
    log = SerialLog()
    with machine("print('one'); print('two')", log) as running:
        assert heard(running) == b"one\ntwo\n"
    assert log.content() == b"one\ntwo\n"


def test_what_is_written_reaches_it() -> None:
    with machine("print(input().upper())") as running:
        running.write(b"hello\n")
        assert heard(running) == b"HELLO\n"


def test_silence_takes_no_longer_than_was_said() -> None:
    with machine(SLEEP) as running:
        begun = time.monotonic()
        assert not running.hear(0.3)
        assert 0.2 < time.monotonic() - begun < 20


def test_a_flood_is_kept_within_bounds() -> None:
    log = SerialLog(limit=1 << 16)
    with machine("while True: print('flood ' * 1000)", log) as running:
        limit = time.monotonic() + 20
        while log.left_out < 1 << 20 and time.monotonic() < limit:
            running.hear(0.5)
    assert log.left_out >= 1 << 20
    assert len(log.content()) < (1 << 16) + (1 << 16) + 100


def test_one_that_dies_is_told_with_its_last_words() -> None:
    with machine("import sys; sys.stderr.write('could not open it\\n'); sys.exit(1)") as running:
        with pytest.raises(DeviceError, match=r"ended with 1: could not open it") as told:
            heard(running)
        assert Path(sys.executable).name in str(told.value)


def test_one_that_was_killed_is_told() -> None:
    with machine("import os; os.kill(os.getpid(), 9)") as running, pytest.raises(DeviceError, match="it said nothing"):
        heard(running)


def test_one_that_ends_in_good_order_is_no_error() -> None:
    with machine("") as running:
        assert heard(running) == b""
        assert running.has_ended


def test_a_long_complaint_is_cut() -> None:
    with (
        machine("import sys; sys.stderr.write('x' * 100000); sys.exit(1)") as running,
        pytest.raises(DeviceError) as told,
    ):
        heard(running)
    assert len(str(told.value)) < 5000


def test_qemu_that_is_not_installed_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("firmward.lab.machine.PATHS", ())
    with pytest.raises(ToolError, match="apt install qemu-system-arm"):
        program(BOARD)


def test_one_that_cannot_be_started_is_told() -> None:
    with pytest.raises(ToolError, match="cannot be started"):
        Machine(("/nowhere/qemu",), SerialLog())
