"""A CRC without its last inversion over all behind it, without what a boot loader writes to."""

import zlib

from mending import number, put

CHECKED = 12
WRITTEN = (22, 8)


def mend(data: bytearray) -> None:
    counted = data[: number(data, 4, "little")]
    offsets = [number(data, at, "little") for at in (16, 20, 24, 28)]
    if data[14:16] == b"\2\0" and all(offsets):
        start = offsets[3] + WRITTEN[0]
        counted[start : start + WRITTEN[1]] = b"\xff" * len(counted[start : start + WRITTEN[1]])
    put(data, 8, zlib.crc32(counted[CHECKED:]) ^ 0xFFFFFFFF, "little")
