"""The smallest setuid shell: what it is made of, by the words of others."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from firmward.lab.means import setuid_shell
from firmward.lab.means.setuid_shell import SHELL, program

WANTED = (
    "mov\tx8, #0x90", "mov\tx0, #0x0", "svc\t#0x0",
    "mov\tx8, #0x92", "mov\tx0, #0x0", "svc\t#0x0",
    "add\tx1, sp, #0x8", "mov\tx2, #0x0", "mov\tx8, #0xdd", "adr\tx0, ", "svc\t#0x0",
    "mov\tx8, #0x5d", "svc\t#0x0",
)  # fmt: skip


def test_objdump_reads_the_calls_that_are_meant(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.write_bytes(program()[setuid_shell.HEADERS : -len(SHELL)])
    words = ["aarch64-linux-gnu-objdump", "-D", "-b", "binary", "-m", "aarch64", str(code)]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    lines = [line.split("\t", 2)[2] for line in told.splitlines() if line.count("\t") >= 2]
    assert len(lines) == len(WANTED)
    assert all(line.startswith(wanted) for line, wanted in zip(lines, WANTED, strict=True)), lines
    (address,) = (line for line in lines if line.startswith("adr"))
    assert int(address.split("0x")[1].split()[0], 16) == len(program()) - setuid_shell.HEADERS - len(SHELL)


def test_readelf_takes_it_for_a_program(tmp_path: Path) -> None:
    path = tmp_path / "sh"
    path.write_bytes(program())
    told = subprocess.run(["readelf", "-hl", str(path)], check=True, capture_output=True, text=True)
    assert "AArch64" in told.stdout
    assert "R E" in told.stdout
    assert told.stderr == ""


@pytest.mark.skipif(shutil.which("qemu-aarch64-static") is None, reason="qemu-user is not installed")
def test_it_becomes_the_shell(tmp_path: Path) -> None:
    path = tmp_path / "sh"
    path.write_bytes(program())
    path.chmod(0o755)
    words = ["qemu-aarch64-static", str(path), "-c", "echo $((6 * 7))"]
    if os.geteuid() == 0:
        assert subprocess.run(words, check=True, capture_output=True, text=True).stdout == "42\n"
