"""Workers: answers in order, a lost one costs its own part, none is left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from processes import children, end, is_alive

from firmward.cli import workers
from firmward.cli.workers import at_work, run_each


def lost(item: int, reason: str) -> str:
    return f"{item} lost: {reason}"


@contextmanager
def broken_off() -> Iterator[None]:
    """What the block does has to end by an interruption, which a worker asks for by SIGUSR1."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_answers_come_in_the_order_of_the_items() -> None:
    assert run_each(lambda item: str(item * item), range(7), 3, lost) == [str(item * item) for item in range(7)]


def test_a_large_answer_comes_whole() -> None:
    assert run_each(lambda item: "x" * (item << 20), (1, 2), 2, lost) == ["x" * (1 << 20), "x" * (2 << 20)]


def test_a_worker_that_is_killed_costs_its_own_item() -> None:
    def ask(item: int) -> str:
        if item == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    first, second, third = run_each(ask, range(3), 2, lost)
    assert (first, third) == ("done", "done")
    assert second.startswith("1 lost: the process that judged it was ended by signal 9")


def test_a_worker_that_fails_costs_its_own_item() -> None:
    def ask(item: int) -> str:
        return "done" if item else str(1 // item)

    assert run_each(ask, range(2), 2, lost)[0].startswith("0 lost: the process that judged it failed")


def test_nobody_is_left_when_the_work_is_broken_off() -> None:
    def ask(item: int) -> str:
        if item == 0:
            time.sleep(0.3)  # until the one that leads waits for an answer
            os.kill(parent, signal.SIGUSR1)
        time.sleep(60)
        return ""

    others = children()  # of other tests
    parent = os.getpid()
    with broken_off():
        run_each(ask, range(2), 2, lost)
    assert children() <= others


class Asked(BaseException):
    """To end."""


def test_a_worker_that_has_started_others_is_given_time_to_end_them(tmp_path: Path) -> None:
    def asked(*_: object) -> None:
        raise Asked

    def ask(item: int) -> str:
        signal.signal(signal.SIGTERM, asked)
        with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
            (tmp_path / "pid").write_text(f"{other.pid}")
            try:
                os.kill(parent, signal.SIGUSR1)
                time.sleep(60)
            finally:
                other.kill()
        return ""

    parent = os.getpid()
    with broken_off():
        run_each(ask, range(1), 1, lost)
    other = int((tmp_path / "pid").read_text())
    try:
        assert not is_alive(other)
    finally:
        end(other)


def test_a_worker_that_does_not_listen_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "TO_END", 0.2)

    def ask(item: int) -> str:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.kill(parent, signal.SIGUSR1)
        time.sleep(60)
        return ""

    others = children()
    parent = os.getpid()
    with broken_off():
        run_each(ask, range(1), 1, lost)
    assert children() <= others


def test_nobody_is_left_when_the_one_that_leads_is_killed() -> None:
    mine, theirs = os.pipe()

    def ask(item: int) -> str:
        os.write(theirs, b"%d" % os.getpid())
        time.sleep(60)
        return ""

    leader = os.fork()
    if leader == 0:
        with suppress(BaseException):
            run_each(ask, range(1), 1, lost)
        os._exit(0)
    worker = int(os.read(mine, 20))
    os.kill(leader, signal.SIGKILL)
    os.waitpid(leader, 0)
    os.close(mine), os.close(theirs)
    try:
        assert not is_alive(worker)
    finally:
        end(worker)


def test_a_worker_that_does_not_end_in_time_costs_its_own_item() -> None:
    def ask(item: int) -> str:
        if item == 1:
            time.sleep(60)
        return "done"

    answers = run_each(ask, range(3), 3, lost, time.monotonic() + 1)
    assert answers == ["done", "1 lost: the process that judged it did not end in time", "done"]


def test_a_worker_beside_answers_when_it_is_asked() -> None:
    with at_work(os.getpid, lambda reason: 0) as wait:
        assert wait() == wait() != os.getpid()


def test_a_worker_beside_that_is_killed_says_so() -> None:
    with at_work(lambda: str(os.kill(os.getpid(), signal.SIGKILL)), lambda reason: reason) as wait:
        assert wait().startswith("the process that judged it was ended by signal 9")


def test_a_worker_beside_is_ended_by_who_does_not_want_its_answer() -> None:
    started = time.monotonic()
    with at_work(lambda: time.sleep(60), lambda reason: None):
        pass
    assert time.monotonic() - started < 30


def test_a_worker_beside_that_is_late_is_ended() -> None:
    ends = time.monotonic() + 0.2
    with at_work(lambda: str(time.sleep(60)), lambda reason: reason, ends) as wait:
        assert wait() == "the process that judged it did not end in time"
