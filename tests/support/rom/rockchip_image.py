"""Rockchip: ID blocks by mkimage, loader and trust images by Rockchip's published structures."""

import hashlib
import struct
from pathlib import Path

from samples import run

from rom import CODE, mkimage


def id_block(folder: Path, chip: str = "rk3399", kind: str = "rksd", boot: bytes = b"") -> bytes:
    if not boot:
        return mkimage(folder, "-n", chip, "-T", kind)
    (folder / "init").write_bytes(CODE)
    (folder / "boot").write_bytes(boot)
    out = folder / "out"
    run("mkimage", "-n", chip, "-T", kind, "-d", "init:boot", out, cwd=folder)
    return out.read_bytes()


def signed_rkns(folder: Path) -> bytes:
    """The field for the digest filled by something longer."""
    image = bytearray(id_block(folder, "rk3568"))
    image[1536:2048] = bytes(number % 251 + 1 for number in range(512))
    return bytes(image)


def loader(kind: bytes = b"LOADER  ", *, signature: bytes = b"", later: bool = True) -> bytes:
    head = kind.ljust(16, b"\0") + (struct.pack("<2I", 1, 0) if later else b"")
    head += struct.pack("<4I", 0x200000, len(CODE), 0x12345678, 32) + hashlib.sha256(CODE).digest()
    head = head.ljust(1032 if later else 1024, b"\0")
    if signature:
        head += b"SIGN" + struct.pack("<I", len(signature)) + signature
    return head.ljust(2048, b"\0") + CODE


def trust(signature: bytes = bytes(256)) -> bytes:
    parts = {b"BL31": CODE, b"BL32": CODE[::-1]}
    place = 800 + 48 * len(parts)
    head = struct.pack("<4s3I16x", b"BL3X", 0x0100, 0x23, len(parts) << 16 | place // 4) + bytes(768)
    for data in parts.values():
        head += hashlib.sha256(data).digest() + struct.pack("<4I", 0x10000, len(data) // 512, 0, 0)
    head += signature
    at = 2048
    for name, data in parts.items():
        head += name + struct.pack("<3I", at // 512, len(data) // 512, 0)
        at += len(data)
    return head.ljust(2048, b"\0") + b"".join(parts.values())
