"""The compressed EFI boot image of arm64, riscv and loongarch (drivers/firmware/efi/libstub/zboot-header.S), since 6.1.

An EFI program whose DOS header says where the compressed kernel lies and names its compression. Little endian.
"""

import struct
from dataclasses import dataclass

from firmward.formats.kernel_payload import HEAD, Payload, compression_of
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read

MAGIC = b"MZ\0\0zimg"
HEAD_SIZE = 64
MACHINES = {0xAA64: "arm64", 0x5032: "riscv", 0x5064: "riscv", 0x6232: "loongarch", 0x6264: "loongarch"}
"""By the number in the PE header."""
NAMES = {"gzip": "gzip", "lz4": "lz4", "lzma": "lzma", "lzo": "lzo", "xzkern": "xz", "zstd22": "zstd"}
"""Linux names the settings with the compression."""


@dataclass(frozen=True, slots=True)
class ZbootImage:
    """`architecture` is empty for a machine that is not known."""

    architecture: str
    payload: Payload


def parse(read: Read, size: int) -> ZbootImage:
    """Raises Malformed when it is none, or its payload lies outside of it."""
    head = read(0, HEAD_SIZE)
    if len(head) < HEAD_SIZE or not head.startswith(MAGIC):
        raise Malformed("no compressed EFI boot image")
    offset, length = struct.unpack_from("<II", head, 8)
    if not HEAD_SIZE <= offset < size or not 0 < length <= size - offset:
        raise Malformed(f"an EFI boot image whose payload is at {offset:#x}, {length} bytes")
    said = head[24:56].partition(b"\0")[0].decode("ascii", "replace")
    name = NAMES.get(said, said if said.isprintable() else "")
    at = int.from_bytes(head[0x3C:0x40], "little")
    program = read(at, 6)
    machine = int.from_bytes(program[4:6], "little") if program[:4] == b"PE\0\0" else 0
    return ZbootImage(MACHINES.get(machine, ""), Payload(compression_of(read(offset, HEAD)) or name, offset, length))
