"""A boot loader's prompt: how an attacker comes to it, and what he commands there."""

import time
from collections.abc import Sequence
from functools import partial

from firmward.lab.target import Powered

KEYS = " \r\x03"
"""What boot loaders in the field listen to: any key, Enter, Ctrl-C."""
EVERY = 0.1
"""Seconds between two keys."""
ECHO = 16
"""Signs of a command that tell that it was heard."""
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
        begun = len(powered.said)
        powered.type(f"{line}\r")
        # the prompt before its echo is not its own; the one behind may come with it, at once
        powered.until(partial(_is_heard, powered, line, begun), seconds)


def _is_heard(powered: Powered, line: str, begun: int) -> bool:
    return line[-ECHO:] in powered.said[begun:]
