"""A boot loader's prompt: how an attacker comes to it, and what he commands there."""

import time
from collections.abc import Sequence

from firmward.lab.target import Powered

KEYS = " \r\x03"
"""What boot loaders in the field listen to: any key, Enter, Ctrl-C."""
EVERY = 0.1
"""Seconds between two keys."""
SIGN = "\n=>"
"""What U-Boot shows when it waits for a command."""


def is_shown(powered: Powered) -> bool:
    return powered.said.rstrip(" ").endswith(SIGN)


def press(powered: Powered, seconds: float) -> bool:
    """Press keys from now on, until a prompt shows or the device serves. Whether it was the prompt."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and not powered.is_healthy:
        powered.hear(EVERY)
        if is_shown(powered):
            return True
        powered.type(KEYS)
    return False


def command(powered: Powered, lines: Sequence[str], seconds: float) -> None:
    """One after the other, each as soon as the prompt shows again."""
    for line in lines:
        if not powered.until(lambda: is_shown(powered), seconds):
            return
        powered.type(f"{line}\r")
        # its echo, so that the same prompt is not taken for the next one
        powered.until(lambda: not is_shown(powered), seconds)
