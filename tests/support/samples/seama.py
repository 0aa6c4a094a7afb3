import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

from samples import FILES
from samples.squashfs import samples as systems


def entity(data: bytes, *texts: bytes) -> bytes:
    """As OpenWrt's `seama` does; without data it is a seal."""
    meta = b"".join(text + b"\0" for text in texts)
    meta += bytes(-len(meta) % 4)
    digest = hashlib.md5(data).digest() if data else b""
    return struct.pack(">4sHHI", b"\x5e\xa3\xa4\x17", 0, len(meta), len(data)) + digest + meta + data


def samples(folder: Path) -> Iterator[bytes]:
    image = entity(FILES["bin/tool"], b"dev=/dev/mtdblock/1", b"type=firmware")
    yield image
    yield entity(b"", b"signature=wrgn49_dlob.hans_dir8xx") + image + entity(next(systems(folder)), b"type=rootfs")
