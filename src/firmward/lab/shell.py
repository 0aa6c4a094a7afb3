"""A root shell in the unprotected twin, on its serial line.

At a terminal every key goes to the device, and Ctrl-] leaves. Where lines are piped in, each waits for the prompt
before it, so that none is lost in a line that nobody reads yet.
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
READY = re.compile(rb"(?:^|[\r\n])(?:\x1b\[[0-9;]*[A-Za-z])*lab:[^\r\n#]*# (?:\x1b\[[0-9;]*[A-Za-z])*$")
"""The shell's prompt at the end of what came; a shell asks the terminal where its cursor is."""
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
    with running(device, SerialLog()) as (machine, _), _raw(terminal):
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


def fed(device: Device, lines: Iterator[bytes], screen: int, seconds: float) -> Left:
    """Feed lines to the shell, and show what comes. Raises DeviceError when a prompt does not come in time."""
    limit = time.monotonic() + seconds
    with running(device, SerialLog()) as (machine, _):
        begun = False
        while _waited(machine, screen if begun else None, limit):
            if not begun:
                begun = True
                os.write(screen, b"lab:/root# ")
            line = next(lines, None)
            if line is None:
                os.write(screen, b"\n")
                return Left.INPUT
            machine.write(line.rstrip(b"\r\n") + b"\r")
    return Left.DEVICE


def _waited(machine: Machine, screen: int | None, limit: float) -> bool:
    """Until the prompt is there; whether the device still runs. Before the first one nothing is shown."""
    tail = held = b""
    while not machine.has_ended:
        left = limit - time.monotonic()
        if left <= 0:
            raise DeviceError("the shell of the device did not ask for more in time; --seconds gives it more")
        data = machine.hear(min(LOOK, left)).serial
        if screen is not None:
            cut = UNFINISHED.search(held + data)
            whole = (held + data)[: cut.start() if cut else None]
            held = cut.group() if cut else b""
            _show(screen, CONTROL.sub(b"", whole).replace(b"\r", b""))
        tail = (tail + data)[-TAIL:]
        if READY.search(tail):
            return True
    return False


def _show(screen: int, data: bytes) -> None:
    while data:
        data = data[os.write(screen, data) :]
