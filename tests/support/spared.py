"""Flash as it is read with its spare bytes: a page, then the mark of a good block, free bytes and a checksum."""

import hashlib


def spared(data: bytes, page: int, spare: int, free: int = 8) -> bytes:
    """The data in pages, each with `free` erased bytes and others that look like error correction behind it."""
    out = bytearray()
    for at in range(0, len(data), page):
        piece = data[at : at + page].ljust(page, b"\xff")
        code = hashlib.shake_128(piece).digest(spare - free) if piece.strip(b"\xff") else b"\xff" * (spare - free)
        out += piece + b"\xff" * free + code
    return bytes(out)
