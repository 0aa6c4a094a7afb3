"""zImage of 32-bit ARM (arch/arm/boot/compressed/head.S and vmlinux.lds.S): a decompressor with the kernel in its data.

Eight instructions, then a magic, the addresses where the image begins and ends, and 0x04030201 in the kernel's byte
order, which old kernels do not have. Code that looks for the magic has it among its constants, so that the order or
the no-ops before the magic must be there too. Since 4.15 a second magic and the offset of a table follow, whose third
number is the offset of the payload's last four bytes. Where the payload begins nothing says.
"""

import struct
from dataclasses import dataclass

from firmward.formats.kernel_payload import Payload, find
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read

MAGIC, MAGIC_AT = b"\x18\x28\x6f\x01", 0x24
HEAD_SIZE = 0x40
SIZE_LIMIT = 1 << 28
NO_OPS, NO_OP_COUNT = 8, 5
"""Where no-ops stand in the header of every kernel, as an EFI program too, and how many."""
ORDER, TABLE, TABLE_TAG = 0x04030201, 0x45454545, 0x5A534C4B

_TABLE = struct.Struct("<III")


@dataclass(frozen=True, slots=True)
class ZImage:
    """`size` in bytes, without a device tree behind it; `is_efi` when it is an EFI program too."""

    size: int
    is_efi: bool
    payload: Payload | None


def size_of(read: Read) -> int:
    """Bytes of the image by its header. Raises Malformed when it is none."""
    return _size(read(0, HEAD_SIZE))


def parse(read: Read, size: int) -> ZImage:
    """Raises Malformed when it is none."""
    head = read(0, HEAD_SIZE)
    whole = _size(head)
    end = min(whole, size)
    last = _payload_end(read, head, end)
    found = find(read, HEAD_SIZE, last or end)
    if found is not None and last is not None:
        found = Payload(found.compression, found.offset, last - found.offset)
    at = int.from_bytes(head[0x3C:0x40], "little")
    return ZImage(whole, head[:2] == b"MZ" and read(at, 4) == b"PE\0\0", found)


def _size(head: bytes) -> int:
    if len(head) < HEAD_SIZE or head[MAGIC_AT : MAGIC_AT + 4] != MAGIC:
        raise Malformed("no header of a zImage")
    if not (_has_no_ops(head) or _has_order(head)):
        raise Malformed("the magic of a zImage, among other constants")
    start = int.from_bytes(head[MAGIC_AT + 4 : MAGIC_AT + 8], "little")
    end = int.from_bytes(head[MAGIC_AT + 8 : MAGIC_AT + 12], "little")
    if not start < end < start + SIZE_LIMIT:
        raise Malformed(f"a zImage from {start:#x} to {end:#x}")
    return end - start


def _has_no_ops(head: bytes) -> bool:
    return head[NO_OPS : NO_OPS + 4 * NO_OP_COUNT] == NO_OP_COUNT * head[NO_OPS : NO_OPS + 4]


def _has_order(head: bytes) -> bool:
    return head[MAGIC_AT + 12 : MAGIC_AT + 16] in (ORDER.to_bytes(4, "little"), ORDER.to_bytes(4, "big"))


def _payload_end(read: Read, head: bytes, end: int) -> int | None:
    order, tag, table = _TABLE.unpack_from(head, MAGIC_AT + 12)
    if order != ORDER or tag != TABLE or not HEAD_SIZE <= table < end:
        return None
    numbers = read(table, 12)
    if len(numbers) < 12:
        return None
    magic, last = (int.from_bytes(numbers[at : at + 4], "little") for at in (4, 8))
    return last + 4 if magic == TABLE_TAG and HEAD_SIZE < last <= end - 4 else None
