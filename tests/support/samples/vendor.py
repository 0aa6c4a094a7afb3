import random
import struct
from collections.abc import Iterator
from pathlib import Path

from samples import run


def samples(folder: Path) -> Iterator[bytes]:
    """The D-Link headers by hand, since no tool for them is at large; the other one by openssl."""
    noise = random.Random(5).randbytes(60_000)
    yield shrs(noise)
    yield b"encrpted_img" + struct.pack(">I", len(noise)) + noise
    key = ("enc", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:x")
    yield run("openssl", *key, feed=bytes(60_000))


def shrs(content: bytes) -> bytes:
    head = b"SHRS" + struct.pack(">II", len(content), len(content) - 3)
    head += random.Random(6).randbytes(16 + 3 * 64) + bytes(512) + random.Random(7).randbytes(1024)
    return head + content
