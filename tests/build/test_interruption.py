"""A signal that comes while a process is started waits until that process can be ended."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import end, is_alive

from firmward.build import program
from firmward.build.interruption import held

WAITS = "import time; print(1, flush=True); time.sleep(60)"


class Asked(BaseException):
    """What the command's handler raises."""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    def raise_asked(number: int, _: object) -> None:
        raise Asked(number)

    before = {number: signal.signal(number, raise_asked) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_came_meanwhile_comes_when_the_block_ends() -> None:
    done = []

    def block() -> None:
        with held():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGHUP)
            done.append("the block went on")

    with pytest.raises(Asked):
        block()
    assert done == ["the block went on"]
    with pytest.raises(Asked):  # and from then on at once
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_process_started_meanwhile_ignores_nothing() -> None:
    with held():
        process = subprocess.Popen(
            [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=-1
        )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
    assert process.returncode == -signal.SIGTERM


def test_a_signal_that_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with held():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        os.kill(os.getpid(), signal.SIGHUP)


def test_beside_the_main_thread_nothing_is_changed() -> None:
    seen = []

    def work() -> None:
        with held():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_a_program_is_ended_when_the_signal_comes_at_its_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pids: list[int] = []
    popen = subprocess.Popen

    def interrupted(*words: object, **more: object) -> "subprocess.Popen[bytes]":
        process = popen(*words, **more)  # type: ignore[call-overload]
        pids.append(process.pid)
        os.kill(os.getpid(), signal.SIGTERM)
        return process  # type: ignore[no-any-return]

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(Asked):
        program.run(["sleep", "60"], epoch=0, package="coreutils", cwd=tmp_path)
    try:
        assert not is_alive(pids[0])
    finally:
        end(pids[0])
