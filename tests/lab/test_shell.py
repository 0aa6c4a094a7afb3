"""The root shell of the twin, with a program that plays the device: lines of a pipe, and keys of a terminal."""

import os
import pty
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from built_device import small_build
from played_qemu import play

from firmward.lab import media
from firmward.lab.board import Firmware
from firmward.lab.device import Device, Kind, opened
from firmward.lab.plain import twin
from firmward.lab.shell import Left, attached, fed
from firmward.model.errors import DeviceError

SHELL = r"""
NOISE = b""
say("U-Boot 2023.01", "[    1.000000] a line of the kernel")
while True:
    os.write(1, b"lab:/ro"); time.sleep(0.05); os.write(1, b"ot# \x1b"); time.sleep(0.05); os.write(1, b"[6n" + NOISE)
    line = b""
    while not line.endswith(b"\r"):
        piece = os.read(0, 1)
        if not piece:
            sys.exit()
        line += piece
    os.write(1, line + b"\n")
    if line == b"off\r":
        sys.exit()
    say(f"you said {line[:-1].decode()}")
"""


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Device:
    play(tmp_path / "programs", SHELL)
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setattr(twin, "firmware", lambda _: Firmware(Path("/dev/null"), None))
    monkeypatch.setattr(twin, "preparation", lambda *_: media.as_built)
    return opened(small_build(tmp_path / "out"), Kind.SHELL)


def screen(tmp_path: Path) -> int:
    return os.open(tmp_path / "screen", os.O_WRONLY | os.O_CREAT)


def test_each_line_of_a_pipe_waits_for_the_prompt(device: Device, tmp_path: Path) -> None:
    left = fed(device, iter((b"one\n", b"two")), screen(tmp_path), 20)
    assert left is Left.INPUT
    assert (tmp_path / "screen").read_text() == (
        "lab:/root# one\nyou said one\nlab:/root# two\nyou said two\nlab:/root# \n"
    )


def test_a_line_of_the_kernels_behind_the_prompt_is_no_matter(device: Device, tmp_path: Path) -> None:
    play(tmp_path / "programs", SHELL.replace('NOISE = b""', r'NOISE = b"[    9.000000] random: done\r\n"'))
    assert fed(device, iter((b"one\n", b"two\n")), screen(tmp_path), 20) is Left.INPUT
    assert "you said two" in (tmp_path / "screen").read_text()


def test_a_device_that_goes_off_ends_the_session(device: Device, tmp_path: Path) -> None:
    left = fed(device, iter((b"off\n", b"two\n")), screen(tmp_path), 20)
    assert left is Left.DEVICE
    assert "two" not in (tmp_path / "screen").read_text()


def test_a_prompt_that_never_comes_is_told(device: Device, tmp_path: Path) -> None:
    play(tmp_path / "programs", "say('U-Boot 2023.01')\ntime.sleep(600)")
    with pytest.raises(DeviceError, match="--seconds"):
        fed(device, iter(()), screen(tmp_path), 0.5)


class Terminal:
    """Somebody at a terminal."""

    def __init__(self) -> None:
        self.keys, self.device = pty.openpty()

    def type(self, *pieces: bytes) -> None:
        def run() -> None:
            limit = time.monotonic() + 20
            while not self.is_raw and time.monotonic() < limit:
                time.sleep(0.02)
            for piece in pieces:
                time.sleep(0.3)
                os.write(self.keys, piece)

        threading.Thread(target=run, daemon=True).start()

    @property
    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.device)[3] & termios.ICANON


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    found = Terminal()
    yield found
    os.close(found.keys)
    os.close(found.device)


def test_keys_go_to_the_device_until_the_one_that_leaves(device: Device, tmp_path: Path, terminal: Terminal) -> None:
    terminal.type(b"hel", b"lo\r", b"\x1dlost")
    assert attached(device, terminal.device, screen(tmp_path)) is Left.USER
    shown = (tmp_path / "screen").read_text()
    assert "you said hello" in shown
    assert "lost" not in shown


def test_an_interruption_is_a_key_like_any_other(device: Device, tmp_path: Path, terminal: Terminal) -> None:
    terminal.type(b"\x03\r", b"off\r")
    assert attached(device, terminal.device, screen(tmp_path)) is Left.DEVICE
    assert "you said \x03" in (tmp_path / "screen").read_text()


def test_the_terminal_is_given_back_as_it_was(device: Device, tmp_path: Path, terminal: Terminal) -> None:
    assert not terminal.is_raw
    play(tmp_path / "programs", "import atexit\nsys.exit('failed')")
    with pytest.raises(DeviceError):
        attached(device, terminal.device, screen(tmp_path))
    assert not terminal.is_raw
