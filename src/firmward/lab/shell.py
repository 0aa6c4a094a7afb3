"""A root shell in the unprotected twin, on its serial line.

At a terminal every key goes to the device, and Ctrl-] leaves. Where lines are piped in, each waits for the prompt
before it, so that none is lost in a line that nobody reads yet; what a shell asks the terminal is left out.
"""

import os
import re
import select
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from firmward.lab.boot import running
from firmward.lab.device import Device
from firmward.lab.machine import Machine
from firmward.lab.serial_log import SerialLog
from firmward.model.errors import DeviceError

LEAVE = b"\x1d"
"""Ctrl-], as telnet has it."""
READY = re.compile(rb"lab:[^\r\n#]*# ")
"""The shell's prompt. A line of the kernel's may come behind it, and what was printed last may have no end of line."""
CONTROL = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;]{0,16})?$")
LOOK = 0.5
TAIL = 4096


class Left(StrEnum):
    """Why a session ended."""

    USER = "left"
    DEVICE = "the device is off"
    INPUT = "the input ended"


def attached(device: Device, terminal: int, screen: int) -> Left:
    """The terminal is the device's serial line until Ctrl-] is typed, or the device is off."""
    with running(device, SerialLog()) as machine, _raw(terminal):
        while not machine.has_ended:
            heard = machine.hear(LOOK, also=(terminal,))
            _show(screen, heard.serial)
            if select.select([terminal], [], [], 0)[0]:
                typed = os.read(terminal, 1024)
                before, leave, _rest = typed.partition(LEAVE)
                machine.write(before)
                if leave or not typed:
                    return Left.USER
    return Left.DEVICE


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


class _Screen:
    """Shows what a shell says, without what it asks the terminal, and nothing before its first prompt."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._held = b""
        self.is_dark = True

    def show(self, data: bytes) -> None:
        data = self._held + data
        cut = UNFINISHED.search(data)
        self._held = cut.group() if cut else b""
        if not self.is_dark:
            _show(self._descriptor, CONTROL.sub(b"", data[: cut.start() if cut else None]).replace(b"\r", b""))


def fed(device: Device, lines: Iterator[bytes], descriptor: int, seconds: float) -> Left:
    """Feed lines to the shell, and show what comes. Raises DeviceError when a prompt does not come in time."""
    limit = time.monotonic() + seconds
    screen = _Screen(descriptor)
    with running(device, SerialLog()) as machine:
        while _is_asked(machine, screen, limit):
            line = next(lines, None)
            if line is None:
                _show(descriptor, b"\n")
                return Left.INPUT
            machine.write(line.rstrip(b"\r\n") + b"\r")
    return Left.DEVICE


def _is_asked(machine: Machine, screen: _Screen, limit: float) -> bool:
    """Wait for the prompt; whether it came before the device went off."""
    tail = b""
    while not machine.has_ended:
        left = limit - time.monotonic()
        if left <= 0:
            raise DeviceError("the shell of the device did not ask for more in time; --seconds gives it more")
        data = machine.hear(min(LOOK, left)).serial
        tail = (tail + data)[-TAIL:]
        asked = READY.search(tail)
        if asked and screen.is_dark:
            screen.is_dark = False
            data = tail[asked.start() :]
        screen.show(data)
        if asked:
            return True
    return False


def _show(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
