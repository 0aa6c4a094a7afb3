"""Health commands, well and ill: whatever they do, they are over in time and leave nobody behind."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from firmward.model.errors import DeviceError
from firmward.update import command, health
from firmward.update.command import Time
from firmward.update.health import by_shell, judged
from firmward.update.manifest import Health

Answer = Callable[[str, float], "int | None"]


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def time(self) -> Time:
        return Time(lambda: self.seconds, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Commands:
    """Answers by command and turn; each takes its seconds, or all that it has where it hangs."""

    def __init__(self, clock: Clock, answers: dict[str, list[tuple[float, int | None]]]) -> None:
        self._clock = clock
        self._answers = answers
        self.run: list[tuple[str, float]] = []

    def __call__(self, command: str, seconds: float) -> int | None:
        self.run.append((command, seconds))
        turns = self._answers[command]
        takes, code = turns.pop(0) if len(turns) > 1 else turns[0]
        self._clock.seconds += min(takes, seconds)
        return code if takes <= seconds else None


def test_a_system_is_well_whose_commands_all_end_well() -> None:
    clock = Clock()
    commands = Commands(clock, {"one": [(1, 0)], "two": [(1, 0)]})
    assert judged(Health(("one", "two"), 60), commands, clock.time()).is_well
    assert [command for command, _ in commands.run] == ["one", "two"]


def test_without_commands_it_is_well() -> None:
    assert judged(Health((), 1)).is_well


def test_what_is_not_ready_yet_is_asked_again() -> None:
    clock = Clock()
    commands = Commands(clock, {"one": [(1, 1), (1, -9), (1, 0)], "two": [(100, None), (1, 0)]})
    assert judged(Health(("one", "two"), 300), commands, clock.time()).is_well


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([(1.0, 3)], "one: ended with 3"),
        ([(1e9, None)], "one: did not end within"),
        ([(25.0, 0)], "two: no time was left for it"),
    ],
    ids=str,
)
def test_what_is_not_well_is_told_in_time(answers: list[tuple[float, int | None]], words: str) -> None:
    clock = Clock()
    commands = Commands(clock, {"one": answers, "two": [(1e9, None)]})
    verdict = judged(Health(("one", "two"), 25), commands, clock.time())
    assert words in verdict.reason
    assert not verdict.is_well
    assert clock.seconds <= 25 + health.REST


def test_one_command_never_takes_the_time_of_all() -> None:
    clock = Clock()
    commands = Commands(clock, {"one": [(1e9, None)]})
    judged(Health(("one",), 600), commands, clock.time())
    assert max(seconds for _, seconds in commands.run) == health.MOST
    assert len(commands.run) > 15


def test_a_command_that_cannot_be_run_is_not_well() -> None:
    def fails(_command: str, _seconds: float) -> int | None:
        raise DeviceError("/bin/sh: cannot be run: No such file or directory")

    clock = Clock()
    assert "cannot be run" in judged(Health(("one",), 5), fails, clock.time()).reason


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -TERM $$", -15),
        ("no-such-program-anywhere", 127),
        ("yes | head -c 100000000", 0),
        ("head -c 10", 0),
        ('echo "$PATH" | grep -qx /usr/sbin:/usr/bin:/sbin:/bin', 0),
        ("[ $((0x$(sed -n 's/^SigIgn:.//p' /proc/self/status) & 0x1000)) = 0 ]", 0),
    ],
)
def test_what_a_command_comes_to(command: str, code: int) -> None:
    assert by_shell(command, 20) == code


@pytest.mark.parametrize(
    "command",
    [
        "sleep 3600",
        "while :; do :; done",
        "yes",
        "trap '' TERM INT HUP; while :; do sleep 1; done",
        "sleep 3600 & wait",
        "kill -STOP $$",
    ],
)
def test_what_never_ends_is_ended(command: str) -> None:
    begun = time.monotonic()
    assert by_shell(command, 0.3) is None
    assert time.monotonic() - begun < 2


def test_what_a_command_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    begun = time.monotonic()
    assert by_shell(f"sleep 3600 & echo $! >{note}", 20) == 0
    assert time.monotonic() - begun < 5
    assert await_gone(int(note.read_text()))


def await_gone(number: int) -> bool:
    """It may be dead and not collected yet, by whoever collects orphans here."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_who_leaves_the_group_is_not_waited_for(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    begun = time.monotonic()
    assert by_shell(f"setsid sh -c 'echo $$ >{note}; exec sleep 20' & sleep 0.3", 20) == 0
    assert time.monotonic() - begun < 5
    os.kill(int(note.read_text()), 9)


def test_no_child_is_left_uncollected() -> None:
    by_shell("exit 0", 20)
    by_shell("sleep 3600", 0.1)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_what_cannot_be_started_is_told() -> None:
    with pytest.raises(DeviceError, match="/no/such: cannot be run"):
        command.ended(("/no/such",), 1)


def test_programs_are_found_where_systems_have_them() -> None:
    assert command.found("sh") in ("/usr/bin/sh", "/bin/sh")
    assert command.found("no-such-program-anywhere") is None
