"""Whether the running system serves its purpose: the commands that its maker named, asked until each of them ends
well, or until their time is over.

For systems whose initramfs is not firmward's: there a watcher asks the same from outside (build/initramfs/watch.sh).
The commands are those of the verified image, run as there: by the system's shell.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmward.model.errors import DeviceError
from firmward.update import command
from firmward.update.command import USUAL, Time
from firmward.update.manifest import Health

SHELL = "/bin/sh"
MOST = 30.0
"""Seconds for one command: what hangs while the system still starts is asked again."""
REST = 2.0
"""Seconds until all are asked again."""

Run = Callable[[str, float], "int | None"]
"""A command and its seconds to the code that it ends with, None where it did not. Raises DeviceError."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` says what is not well, empty where all is."""

    reason: str = ""

    @property
    def is_well(self) -> bool:
        return not self.reason


def by_shell(words: str, seconds: float) -> int | None:
    return command.ended((SHELL, "-c", words), seconds)


def judged(health: Health, run: Run = by_shell, clock: Time = USUAL) -> Verdict:
    """Of a system without commands nobody can say that it is not well."""
    until = clock.now() + health.seconds
    while reason := _amiss(health.commands, run, clock, until):
        if clock.now() + REST >= until:
            return Verdict(reason)
        clock.sleep(REST)
    return Verdict()


def _amiss(commands: tuple[str, ...], run: Run, clock: Time, until: float) -> str:
    for one in commands:
        left = until - clock.now()
        if left <= 0:
            return f"{one}: no time was left for it"
        try:
            code = run(one, min(MOST, left))
        except DeviceError as error:
            return str(error)
        if code is None:
            return f"{one}: did not end within {min(MOST, left):.0f} s"
        if code != 0:
            return f"{one}: ended with {code}"
    return ""
