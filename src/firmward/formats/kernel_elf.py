"""Kernels that are ELF files: a vmlinux with its banner in it, or a vmlinuz that expands itself (mips, powerpc, sh).

The latter is a small static program and the compressed kernel, which its sections name differently on each
architecture. What marks it is that a stream begins in the first part of a program that needs no loader.
"""

import struct
from dataclasses import dataclass

from firmward.formats.kernel_payload import Payload, find
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read

MAGIC = b"\x7fELF"
MACHINES = {
    3: "x86", 8: "mips", 20: "powerpc", 21: "powerpc64", 22: "s390", 40: "arm", 42: "sh", 43: "sparc64", 62: "x86-64",
    93: "arc", 94: "xtensa", 183: "arm64", 189: "microblaze", 243: "riscv", 252: "csky", 258: "loongarch",
}  # fmt: skip
"""By `e_machine`."""
EXECUTABLE, DYNAMIC, INTERPRETER = 2, 2, 3
SEGMENTS = 64
HEAD_SIZE = 64
SMALLEST = 256 << 10
"""Bytes of the smallest kernel that is believed."""
STARTS_WITHIN = 4
"""The stream begins in the first quarter: the rest of the file is the stream."""


@dataclass(frozen=True, slots=True)
class ElfHead:
    """`architecture` is empty for a machine that is not known; `is_static` when it is a program that no loader
    prepares."""

    architecture: str
    is_static: bool


def parse(read: Read) -> ElfHead:
    """Raises Malformed when it is no ELF file."""
    head = read(0, HEAD_SIZE)
    if len(head) < HEAD_SIZE or head[:4] != MAGIC or head[4] not in (1, 2) or head[5] not in (1, 2):
        raise Malformed("no ELF header")
    order = "<" if head[5] == 1 else ">"
    kind, machine = struct.unpack_from(f"{order}HH", head, 16)
    return ElfHead(MACHINES.get(machine, ""), kind == EXECUTABLE and _is_static(read, head, order))


def compressed(read: Read, size: int) -> Payload | None:
    """The kernel in a vmlinuz; None for any other program. Raises Malformed when it is no ELF file."""
    if not parse(read).is_static or size < SMALLEST:
        return None
    return find(read, HEAD_SIZE, size // STARTS_WITHIN)


def _is_static(read: Read, head: bytes, order: str) -> bool:
    wide = head[4] == 2
    (table,) = struct.unpack_from(f"{order}Q" if wide else f"{order}I", head, 0x20 if wide else 0x1C)
    length, count = struct.unpack_from(f"{order}HH", head, 0x36 if wide else 0x2A)
    if length != (56 if wide else 32) or not 0 < count <= SEGMENTS:
        return False
    rows = read(table, length * count)
    if len(rows) < length * count:
        return False
    kinds = {kind for (kind,) in struct.iter_unpack(f"{order}I{length - 4}x", rows)}
    return not kinds & {DYNAMIC, INTERPRETER}
