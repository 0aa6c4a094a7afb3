"""LUKS2: the digest over the binary header and its JSON."""

import hashlib

PLACE, FIELD = 448, 64
SIZES = range(16 << 10, (4 << 20) + 1)


def mend(data: bytearray) -> None:
    size = int.from_bytes(data[8:16], "big")
    name = bytes(data[72:104]).partition(b"\0")[0]
    if data[6:8] != b"\0\2" or size not in SIZES or len(data) < size or name not in (b"sha1", b"sha256", b"sha512"):
        return
    whole = data[:PLACE] + bytes(FIELD) + data[PLACE + FIELD : size]
    digest = hashlib.new(name.decode(), whole, usedforsecurity=False).digest()
    data[PLACE : PLACE + len(digest)] = digest
