"""cat: the very bytes, to a program; text only, to a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from command import Firmward
from device_image import system


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return system(tmp_path / "device.tar")


def piped(address: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "firmward", "cat", address, *words], capture_output=True, check=False)


def on_terminal(address: str, *words: str) -> tuple[int, bytes, bytes]:
    """Exit code, what the terminal got, and the errors."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "firmward", "cat", address, *words]
    process = subprocess.Popen(command, stdout=follower, stderr=subprocess.PIPE)
    os.close(follower)
    got = b""
    try:
        while piece := os.read(leader, 1 << 16):
            got += piece
    except OSError:  # EIO: nobody writes to it any more
        pass
    _, errors = process.communicate(timeout=60)
    os.close(leader)
    return process.returncode, got, errors


def test_the_bytes_are_the_files(image: Path) -> None:
    assert piped(f"{image}::/bin/zeros").stdout == bytes(1 << 20) + b"end"


def test_a_whole_part_is_its_bytes(image: Path) -> None:
    assert piped(f"{image}:image").stdout == image.read_bytes()


def test_a_terminal_gets_text(image: Path) -> None:
    code, got, _ = on_terminal(f"{image}::/etc/passwd")
    assert code == 0
    assert got == b"root:x:0:0::/root:/bin/sh\r\n"


@pytest.mark.parametrize("path", ["/bin/su", "/bin/zeros", "/etc/evil"])
def test_a_terminal_is_spared_what_is_no_text(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    for folder in ("etc", "bin"):
        (root / folder).mkdir(parents=True)
    (root / "bin/su").write_bytes(b"\x7fELF\0")
    (root / "bin/zeros").write_bytes(b"text first\n" * 100_000 + b"\xff")
    (root / "etc/evil").write_bytes("colours \x1b]0;title\x07 and \u202e turns".encode())
    code, got, errors = on_terminal(f"{root}::{path}")
    assert code == 2
    assert b"--force" in errors
    assert not any(sign in got for sign in (b"\x7f", b"\xff", b"\x1b"))
    assert on_terminal(f"{root}::{path}", "--force")[0] == 0


@pytest.mark.parametrize(
    ("path", "said"),
    [("/etc", "is a folder"), ("/dev/console", "is a character"), ("/etc/nowhere", "link to /proc/mounts")],
)
def test_what_has_no_bytes_is_told(firmward: Firmward, image: Path, path: str, said: str) -> None:
    called = firmward("cat", f"{image}::{path}")
    assert called.code == 2
    assert said in called.err


def test_what_can_be_read_only_in_part_gives_3(tmp_path: Path) -> None:
    whole = system(tmp_path / "device.tar").read_bytes()
    end = whole.index(b"\x7fELF\0") + 2000  # in the middle of the zeros that follow
    (tmp_path / "cut.tar").write_bytes(whole[: end + 4096])
    done = piped(f"{tmp_path}/cut.tar::/bin/zeros")
    assert done.returncode == 3
    assert b"incomplete" in done.stderr
