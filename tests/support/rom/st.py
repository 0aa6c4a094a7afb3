"""STM32: version 1 by mkimage, version 2 and signatures by ST's published layout."""

import struct
from pathlib import Path

from rom import CODE, curve_key, mkimage, point, r_and_s, signed

SIGNED_FROM = 72


def plain(folder: Path) -> bytes:
    return mkimage(folder, "-T", "stm32image", "-a", "0x2ffc2500", "-e", "0x2ffc2500")


def version_2(flags: int = 0, kind: int = 0x10, key: bytes | None = None) -> bytes:
    """With the key's extension where there is one, and padding to 512 bytes."""
    extensions = b""
    if key is not None:
        table = bytes(8 * 32)
        extensions = b"ST\x00\x01" + struct.pack("<4I", 84 + len(table), 0, 8, 1) + key + table
    padding = 384 - len(extensions)
    extensions += b"ST\xff\xff" + struct.pack("<I", padding) + bytes(padding - 8)
    head = b"STM2" + bytes(64) + struct.pack("<I4B7I", sum(CODE), 0, 0, 2, 0, len(CODE), 0x2FFE0000, 0, 0, 0, 1, flags)
    return head + struct.pack("<2I", len(extensions), kind) + bytes(16) + extensions + CODE


def sign(image: bytes, curve: str = "prime256v1") -> bytes:
    key = curve_key(f"stm32-{curve}", curve)
    return image[:4] + r_and_s(signed(key, image[SIGNED_FROM:])) + image[68:]


def signed_version_1(folder: Path, curve: str = "prime256v1") -> bytes:
    image = bytearray(plain(folder))
    algorithm = 1 if curve == "prime256v1" else 2
    image[100:108] = struct.pack("<2I", 0, algorithm)
    image[108:172] = point(curve_key(f"stm32-{curve}", curve))
    return sign(bytes(image), curve)


def signed_version_2() -> bytes:
    return sign(version_2(0x80000001, key=point(curve_key("stm32-prime256v1"))))
