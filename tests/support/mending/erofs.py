"""The superblock's CRC-32C, over all that stands from it to the end of its block."""

from firmward.formats.crc32c import crc32c
from mending import number, put

START = 1024
CHECKSUM = 0x1
"""Flag of a superblock that has one."""


def mend(data: bytearray) -> None:
    if not number(data, START + 8, "little") & CHECKSUM or data[START + 12] > 16:
        return
    block = data[START : max(1 << data[START + 12], START + 128)]
    put(data, START + 4, crc32c(bytes(block[:4] + bytes(4) + block[8:]), 0xFFFFFFFF), "little")
