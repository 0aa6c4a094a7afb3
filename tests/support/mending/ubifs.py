"""Every node's CRC-32, without its last inversion."""

import zlib

from mending import number, put

MAGIC = b"\x31\x18\x10\x06"
LONGEST = 64 << 10
"""A node that says it is longer was changed to say so: the nodes behind it are not taken for its content."""


def mend(data: bytearray) -> None:
    at = data.find(MAGIC)
    while at >= 0:
        size = number(data, at + 16, "little")
        if at % 8 == 0 and 24 <= size <= min(LONGEST, len(data) - at):
            put(data, at + 4, zlib.crc32(data[at + 8 : at + size]) ^ 0xFFFFFFFF, "little")
            at += size
        else:
            at += 4
        at = data.find(MAGIC, at)
