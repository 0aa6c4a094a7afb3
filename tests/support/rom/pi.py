"""Raspberry Pi: EEPROM images and detached signatures by the layout of rpi-eeprom."""

import hashlib
import struct
from pathlib import Path

from samples import run

from rom import CODE, rsa_key, signed

CONFIG = b"[all]\nBOOT_UART=0\nBOOT_ORDER=0xf21\nSIGNED_BOOT=1\n"


def public_key(key: Path) -> bytes:
    """The modulus and the exponent 65537, little endian."""
    text = run("openssl", "rsa", "-in", key, "-noout", "-modulus").decode().strip()
    return int(text.partition("=")[2], 16).to_bytes(256, "little") + (65537).to_bytes(8, "little")


def detached(data: bytes, key: Path | None) -> bytes:
    lines = [hashlib.sha256(data).hexdigest(), "ts: 1700000000"]
    if key is not None:
        lines.append(f"rsa2048: {signed(key, data).hex()}")
    return "\n".join((*lines, "")).encode()


def section(magic: int, content: bytes) -> bytes:
    data = struct.pack(">2I", magic, len(content)) + content
    return data + b"\xff" * (-len(data) % 8)


def file(name: str, content: bytes) -> bytes:
    return section(0x55AAF11F, name.encode().ljust(16, b"\0") + content)


def eeprom(config: bytes = CONFIG, *, sign: bool = True, with_key: bool = True) -> bytes:
    key = rsa_key("pi")
    parts = [section(0x55AAF00F, CODE), section(0x55AAFEEF, b"\xff" * 1000), file("bootconf.txt", config)]
    parts.append(file("bootconf.sig", detached(config, key if sign else None)))
    if with_key:
        parts.append(file("pubkey.bin", public_key(key)))
    return b"".join(parts).ljust(512 << 10, b"\xff")
