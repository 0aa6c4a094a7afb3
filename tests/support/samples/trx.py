import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from samples import FILES
from samples.squashfs import samples as systems

PAGE = 4096
OPEN_CRC = 0xFFFFFFFF
"""A CRC-32 without its last inversion."""


def padded(data: bytes, step: int) -> bytes:
    return data + bytes(-len(data) % step)


def version_1(*partitions: bytes) -> bytes:
    """As OpenWrt's `trx -o out -f one -a 4096 -f two` does."""
    offsets, body = [], bytes(28)
    for number, partition in enumerate(partitions):
        body = padded(body, PAGE) if number else body
        offsets.append(len(body))
        body += padded(partition, 4)
    body = padded(body, PAGE)
    fields = struct.pack("<HH3I", 0, 1, *offsets, *[0] * (3 - len(offsets)))
    checksum = zlib.crc32(fields + body[28:]) ^ OPEN_CRC
    return struct.pack("<4sII", b"HDR0", len(body), checksum) + fields + body[28:]


def version_2(*partitions: bytes) -> bytes:
    """The last of four partitions holds the boot loader's own header, of which eight bytes count as 0xff."""
    body, offsets = bytes(32), []
    for partition in partitions:
        offsets.append(len(body))
        body += padded(partition, 4)
    body = padded(body, PAGE)
    fields = struct.pack("<HH4I", 0, 2, *offsets)
    counted = bytearray(fields + body[32:])
    place = offsets[3] + 22 - 12
    counted[place : place + 8] = b"\xff" * 8
    return struct.pack("<4sII", b"HDR0", len(body), zlib.crc32(counted) ^ OPEN_CRC) + fields + body[32:]


def samples(folder: Path) -> Iterator[bytes]:
    tool, system = FILES["bin/tool"], next(systems(folder))
    yield version_1(tool, system)
    yield version_2(tool, system, FILES["etc/passwd"], bytes(range(64)))
