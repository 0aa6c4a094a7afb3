"""Programs of the system, run so that none holds up whoever runs them: one that hangs, one that forks and stays, one
that prints for ever.

Each is the first of a process group, which is ended altogether once the first has ended or its time is over. It hears
and says nothing, since its end alone counts: there is no pipe that somebody could keep open. What leaves its group goes
on alone, and nobody waits for it. One that is run for what it says is program.py's.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from firmward.model.errors import DeviceError

PLACES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
OFTEN = 0.05
"""Seconds between two looks at a program that runs."""
GRACE = 2.0
"""Seconds in which what was ended is gone."""


@dataclass(frozen=True, slots=True)
class Time:
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


USUAL = Time()


def found(name: str) -> str | None:
    """Its path, None where the system has none."""
    return next((path for place in PLACES if os.access(path := f"{place}/{name}", os.X_OK)), None)


def ended(words: Sequence[str], seconds: float, clock: Time = USUAL) -> int | None:
    """The code that a program ends with, negative for a signal, None where its time was over. The first word is a
    path. Raises DeviceError where it cannot be started."""
    try:
        leader = _started(words)
    except OSError as error:
        raise DeviceError(f"{words[0]}: cannot be run: {error.strerror or error}") from error
    try:
        in_time = _await(leader, seconds, clock)
    finally:
        _end_group(leader)
        # one that is stuck in the kernel outlives even that, and is left to whoever collects what we leave
        status = os.waitpid(leader, 0)[1] if _await(leader, GRACE, clock) else 0
    return os.waitstatus_to_exitcode(status) if in_time else None


def _started(words: Sequence[str]) -> int:
    from signal import SIGPIPE, SIGXFSZ

    nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    return os.posix_spawn(
        words[0],
        list(words),
        {"PATH": ":".join(PLACES)},
        file_actions=nothing,
        setpgroup=0,
        setsigdef=[SIGPIPE, SIGXFSZ],  # which Python ignores, and would hand on
    )


def _await(leader: int, seconds: float, clock: Time) -> bool:
    """It is not collected: as long as it is not, nobody else gets its number, and its group can be ended by it."""
    until = clock.now() + seconds
    while os.waitid(os.P_PID, leader, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        left = until - clock.now()
        if left <= 0:
            return False
        clock.sleep(min(OFTEN, left))
    return True


def _end_group(leader: int) -> None:
    from signal import SIGKILL

    with suppress(ProcessLookupError, PermissionError):  # nobody is left of it
        os.killpg(leader, SIGKILL)
