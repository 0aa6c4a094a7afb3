"""The MD5 of each entity's data."""

import hashlib

from mending import number

MAGIC = b"\x5e\xa3\xa4\x17"
HEADER, DIGEST = 12, 16


def mend(data: bytearray) -> None:
    at = 0
    while data[at : at + 4] == MAGIC:
        size = number(data, at + 8, "big")
        start = at + HEADER + (DIGEST if size else 0) + int.from_bytes(data[at + 6 : at + 8], "big")
        if size and start <= len(data):
            digest = hashlib.md5(data[start : start + size], usedforsecurity=False).digest()
            data[at + HEADER : at + HEADER + DIGEST] = digest
        at = start + size
