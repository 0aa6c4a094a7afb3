"""The CRC of the data, and of the header that holds it."""

import zlib

from mending import number, put

HEADER = 64


def mend(data: bytearray) -> None:
    if len(data) < HEADER:
        return
    put(data, 24, zlib.crc32(data[HEADER : HEADER + number(data, 12, "big")]), "big")
    put(data, 4, zlib.crc32(data[:4] + bytes(4) + data[8:HEADER]), "big")
