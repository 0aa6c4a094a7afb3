"""bzImage of x86 (Documentation/arch/x86/boot.rst): boot sector and setup code, then the protected-mode kernel.

The setup header begins at 0x1F1; which of its fields count the protocol's version says: 2.00 and up names the kernel's
version in a text inside the setup code, 2.08 where the compressed kernel lies in the protected-mode part, 2.12 by
`xloadflags` whether it is a 64-bit one. Zero setup sectors mean four. Numbers are little endian.
"""

import struct
from dataclasses import dataclass

from firmward.formats.kernel_payload import HEAD, Payload, compression_of
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read

MAGIC, MAGIC_AT = b"HdrS", 0x202
HEAD_SIZE = 0x268
SECTOR = 512
TEXT = 256
"""Bytes of the text with the version."""

_NUMBERS = struct.Struct("<BHI")
_HAS_PAYLOAD, _HAS_FLAGS = 0x208, 0x20C
_IS_64 = 1 << 0
_EFI_ENTRIES = 0b1100


@dataclass(frozen=True, slots=True)
class BzImage:
    """`protocol` is 0x20F for 2.15; `size` in bytes, without a signature behind it; `release` and `banner` (what comes
    behind it) are empty where the setup code names no version."""

    protocol: int
    size: int
    is_64: bool
    is_efi: bool
    release: str
    banner: str
    payload: Payload | None


def size_of(read: Read) -> int:
    """Bytes of the image by its header. Raises Malformed when it is none."""
    start, size = _extent(read(0, HEAD_SIZE))
    return start + size


def parse(read: Read, size: int) -> BzImage:
    """Raises Malformed when it is none, or one of a protocol before 2.00."""
    head = read(0, HEAD_SIZE)
    start, length = _extent(head)
    if len(head) < HEAD_SIZE:
        raise Malformed("a setup header of x86 that is cut off")
    (protocol,) = struct.unpack_from("<H", head, 0x206)
    if protocol < 0x200:
        raise Malformed(f"boot protocol {protocol:#x} is not known")
    flags = struct.unpack_from("<H", head, 0x236)[0] if protocol >= _HAS_FLAGS else 0
    release, _, banner = _version(read, head, start).partition(" ")
    return BzImage(
        protocol,
        start + length,
        bool(flags & _IS_64),
        bool(flags & _EFI_ENTRIES) or _is_pe(read, head),
        release,
        banner,
        _payload(read, head, start, size) if protocol >= _HAS_PAYLOAD else None,
    )


def _extent(head: bytes) -> tuple[int, int]:
    """Where the protected-mode part begins, and its bytes."""
    if head[MAGIC_AT : MAGIC_AT + 4] != MAGIC or head[0x1FE:0x200] != b"\x55\xaa":
        raise Malformed("no setup header of x86")
    sectors, _, paragraphs = _NUMBERS.unpack_from(head, 0x1F1)
    return ((sectors or 4) + 1) * SECTOR, paragraphs * 16


def _version(read: Read, head: bytes, end: int) -> str:
    """The text lies 0x200 behind where the header says, in the setup code."""
    (at,) = struct.unpack_from("<H", head, 0x20E)
    if not at or at + SECTOR >= end:
        return ""
    text = read(at + SECTOR, TEXT).partition(b"\0")[0].decode("ascii", "replace")
    return text if text.isprintable() else ""


def _payload(read: Read, head: bytes, start: int, size: int) -> Payload | None:
    offset, length = struct.unpack_from("<II", head, 0x248)
    if not offset or not length or start + offset + length > size:
        return None
    return Payload(compression_of(read(start + offset, HEAD)), start + offset, length)


def _is_pe(read: Read, head: bytes) -> bool:
    at = int.from_bytes(head[0x3C:0x40], "little")
    return head[:2] == b"MZ" and read(at, 4) == b"PE\0\0"
