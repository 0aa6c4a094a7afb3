"""A writer of EFI variable stores: edk2's volume, U-Boot's file, signature lists."""

import struct
import uuid
import zlib
from collections.abc import Iterable

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
SWITCH = uuid.UUID("f0a30bc7-af08-4556-99c4-001009c93a44")
OWNER = uuid.UUID("11111111-2222-3333-4444-555555555555")
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
SHA256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328")
X509_SHA256 = uuid.UUID("3bd2a492-96c0-4079-b420-fcf98ef103ed")
AUTHENTICATED = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")
PLAIN = uuid.UUID("ddcf3616-3275-4164-98b6-fe85707ffe7d")
ADDED, DELETED, LEAVING, HEADER_ONLY = 0x3F, 0x3D, 0x3E, 0x7F

Row = tuple[str, uuid.UUID, bytes, int]
"""Name, vendor, value, state."""


def signature_list(kind: uuid.UUID, *entries: bytes) -> bytes:
    """Entries of equal size."""
    size = 16 + len(entries[0])
    head = kind.bytes_le + struct.pack("<3I", 28 + size * len(entries), 0, size)
    return head + b"".join(OWNER.bytes_le + entry for entry in entries)


def volume(rows: Iterable[Row], *, authenticated: bool = True, room: int = 0x8000) -> bytes:
    """edk2's, erased behind the last variable."""
    body = b"".join(_variable(row, authenticated=authenticated) for row in rows)
    guid = AUTHENTICATED if authenticated else PLAIN
    store = guid.bytes_le + struct.pack("<IBBHI", room, 0x5A, 0xFE, 0, 0) + body
    return volume_header(72 + room) + store.ljust(room, b"\xff")


def volume_header(length: int) -> bytes:
    kind = uuid.UUID("fff12b8d-7696-4c8b-a985-2747075b4f50").bytes_le
    head = bytes(16) + kind + struct.pack("<Q4sIHHHBB", length, b"_FVH", 0x4FEFF, 72, 0, 0, 0, 2)
    head += struct.pack("<4I", length // 0x1000, 0x1000, 0, 0)
    checksum = -sum(word for (word,) in struct.iter_unpack("<H", head)) & 0xFFFF
    return head[:50] + struct.pack("<H", checksum) + head[52:]


def _variable(row: Row, *, authenticated: bool) -> bytes:
    name, vendor, value, state = row
    text = name.encode("utf-16-le") + b"\0\0"
    middle = bytes(28) if authenticated else b""
    head = struct.pack("<HBBI", 0x55AA, state, 0, 0x27) + middle + struct.pack("<II", len(text), len(value))
    whole = head + vendor.bytes_le + text + value
    return whole + b"\xff" * (-len(whole) % 4)


def uboot_file(rows: Iterable[tuple[str, uuid.UUID, bytes]]) -> bytes:
    body = b""
    for name, vendor, value in rows:
        text = name.encode("utf-16-le") + b"\0\0"
        body += struct.pack("<IIQ", len(value), 7, 0) + vendor.bytes_le + text + value
        body += bytes(-len(body) % 8)
    return struct.pack("<Q8sII", 0, b"UbEfiVa\x01", 24 + len(body), zlib.crc32(body)) + body
