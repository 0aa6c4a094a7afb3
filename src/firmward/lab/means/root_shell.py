"""A shell that a kernel was told to start in place of the system, on the serial line."""

import re

from firmward.lab.target import Powered

PROMPT = re.compile(r"^[^\s#]* ?# ", re.MULTILINE)
"""U-Boot begins lines of its own with two of these signs."""
EVERY = 2.0
"""Seconds between two tries."""


def ask(powered: Powered, seconds: float) -> None:
    """Type the challenge until it is answered, once a shell shows. What is typed before would stop a boot loader, or
    fill a serial line that no driver reads yet, and then nothing is heard any more."""
    limit = powered.target.seconds + seconds
    powered.until(lambda: is_shown(powered) or powered.is_healthy, seconds)
    while is_shown(powered) and not (powered.answers() or powered.is_healthy) and powered.target.seconds < limit:
        powered.type(f"echo {powered.target.challenge.shell}\r")
        powered.until(powered.answers, EVERY)


def is_shown(powered: Powered) -> bool:
    return PROMPT.search(powered.said) is not None
