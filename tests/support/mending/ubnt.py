"""The CRC of the header, and of each part with its own header."""

import zlib

from mending import number, put

HEADER, COVERED = 268, 260
PART = 56


def mend(data: bytearray) -> None:
    put(data, COVERED, zlib.crc32(data[:COVERED]), "big")
    at = HEADER
    while data[at : at + 4] == b"PART":
        end = at + PART + number(data, at + 48, "big")
        put(data, end, zlib.crc32(data[at:end]), "big")
        at = end + 8
