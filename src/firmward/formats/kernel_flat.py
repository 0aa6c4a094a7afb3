"""The `Image` of arm64, riscv and loongarch: the kernel as it lies in memory, with 64 bytes of header.

Documentation/arch/arm64/booting.rst, arch/riscv/boot-image-header.rst and arch/loongarch/booting.rst. The size is that
in memory, with what is zeroed at start, so that it may exceed the file's; arm64 before 3.17 left it zero. With
CONFIG_EFI the header is that of an EFI program too, whose PE header lies where the number at 0x3C says. Numbers are
little endian, whatever the kernel is.
"""

import struct
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

HEAD_SIZE = 64
ARM64, ARM64_AT = b"ARM\x64", 56
RISCV, RISCV_AT = b"RSC\x05", 56
RISCV_OLD, RISCV_OLD_AT = b"RISCV\0\0\0", 48
LOONGARCH = 0x818223CD
SIZE_LIMIT = 1 << 32


@dataclass(frozen=True, slots=True)
class FlatImage:
    """`size` are the bytes in memory, 0 where the header does not say. `page` are the bytes of a page, for arm64."""

    architecture: str
    size: int
    is_big_endian: bool
    is_efi: bool
    page: int | None = None


def parse(head: bytes) -> FlatImage:
    """By the first 64 bytes. Raises Malformed when they are no header."""
    if len(head) < HEAD_SIZE:
        raise Malformed("no header of a kernel: cut off")
    size, flags = struct.unpack_from("<QQ", head, 16)
    if head[ARM64_AT : ARM64_AT + 4] == ARM64:
        page = {1: 4096, 2: 16384, 3: 65536}.get(flags >> 1 & 3)
        found = FlatImage("arm64", size, bool(flags & 1), _is_efi(head), page)
    elif head[RISCV_AT : RISCV_AT + 4] == RISCV and head[RISCV_OLD_AT:RISCV_AT] == RISCV_OLD:
        found = FlatImage("riscv", size, bool(flags & 1), _is_efi(head))
    elif head[:2] == b"MZ" and head[56:60] == LOONGARCH.to_bytes(4, "little") and head[4:8] != b"zimg":
        found = FlatImage("loongarch", size, is_big_endian=False, is_efi=True)
    else:
        raise Malformed("no header of a kernel of arm64, riscv or loongarch")
    if found.size >= SIZE_LIMIT:
        raise Malformed(f"a kernel of {found.size} bytes")
    return found


def _is_efi(head: bytes) -> bool:
    return head[:2] == b"MZ" and HEAD_SIZE <= int.from_bytes(head[0x3C:0x40], "little") < 1 << 16
