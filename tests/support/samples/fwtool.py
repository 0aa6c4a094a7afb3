import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

METADATA = {
    "metadata_version": "1.1",
    "compat_version": "1.0",
    "supported_devices": ["linksys,e8450"],
    "version": {"dist": "OpenWrt", "version": "23.05.0", "board": "linksys_e8450"},
}


def chunk(before: bytes, kind: int, data: bytes) -> bytes:
    """Data and the trailer that covers them and all before them."""
    checksum = zlib.crc32(before + data) ^ 0xFFFFFFFF
    return data + struct.pack(">4sIB3xI", b"FWx0", checksum, kind, len(data) + 16)


def signed(image: bytes = b"") -> bytes:
    """What stands behind an image after `fwtool -I metadata` and `fwtool -S signature`."""
    metadata = chunk(image, 1, bytes(8) + json.dumps(METADATA).encode() + b"\n")
    signature = chunk(image + metadata, 0, b"untrusted comment: signed by key\n" + b"RWQ=" * 24 + b"\n")
    return metadata + signature


def samples(folder: Path) -> Iterator[bytes]:
    yield signed()
    yield chunk(b"image", 1, bytes(8) + json.dumps(METADATA | {"note": "x" * 2000}).encode())
