import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from samples import FILES
from samples.squashfs import samples as systems


def packed(version: bytes, magic: bytes = b"UBNT", **parts: bytes) -> bytes:
    """As OpenWrt's `mkfwimage` does."""
    head = struct.pack("4s256s", magic, version)
    image = head + struct.pack(">II", zlib.crc32(head), 0)
    for number, (name, data) in enumerate(parts.items(), 1):
        part = struct.pack(">4s16s12x6I", b"PART", name.encode(), 0, number, 0, 0, len(data), len(data)) + data
        image += part + struct.pack(">II", zlib.crc32(part), 0)
    return image + struct.pack(">4sII", b"END.", zlib.crc32(image), 0)


def samples(folder: Path) -> Iterator[bytes]:
    system = next(systems(folder))
    yield packed(b"XM.ar7240.v5.6", kernel=FILES["bin/tool"], rootfs=system)
    yield packed(b"XM.ar7240.OpenWrt", b"OPEN", kernel=FILES["bin/tool"])
