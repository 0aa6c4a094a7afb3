"""A program that plays QEMU: it is found on PATH by its name, and does what a test says."""

import sys
from pathlib import Path

PRELUDE = """\
import json, os, re, socket, sys, time, zlib
words = " ".join(sys.argv)
disk = open(re.search(r"id=disk,format=raw,file=(\\S+)", words)[1], "r+b", buffering=0)
monitor = socket.socket(fileno=int(re.search(r"id=monitor,fd=(\\d+)", words)[1]))
PARTITION = 1 << 20

def say(*lines):
    for line in lines:
        os.write(1, line.encode() + b"\\r\\n")

def tell(**message):
    monitor.sendall(json.dumps(message).encode() + b"\\n")

def write(place, data):
    disk.seek(PARTITION + place)
    disk.write(data)

def state(copy, **values):
    values = {"active": values["last"], "a_good": 0, "b_good": 0, **values}
    body = b"".join(f"{name}={value}".encode() + b"\\0" for name, value in values.items()).ljust(508, b"\\0")
    write(4096 * copy, zlib.crc32(body).to_bytes(4, "little") + body)

tell(QMP={})
"""
BOOT = (
    "U-Boot 2023.01 (Jan 01 2026)",
    "firmward: slot a, 2 tries left",
    "Starting kernel ...",
    "[    0.000000] Linux version 6.1.0",
    "[    1.200000] firmward: root verified",
    "[    1.300000] firmward: going on to the system",
)
HEALTHY = "[    2.000000] firmward: slot a is healthy"


def play(folder: Path, body: str, *, name: str = "qemu-system-aarch64", prelude: str = PRELUDE) -> Path:
    """The folder to put first on PATH."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable} -IS\n{prelude}{body}\n")
    program.chmod(0o755)
    return folder
