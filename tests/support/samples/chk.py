import struct
from collections.abc import Iterator
from pathlib import Path

from samples import FILES
from samples.squashfs import samples as systems

BOARD = b"U12H072T00_NETGEAR"


def running_sums(data: bytes) -> int:
    first = second = 0
    for byte in data:
        first = (first + byte) & 0xFFFFFFFF
        second = (second + first) & 0xFFFFFFFF
    folded = []
    for total in (first, second):
        once = (total & 0xFFFF) + (total >> 16)
        folded.append(((once >> 16) + once) & 0xFFFF)
    return folded[1] << 16 | folded[0]


def packed(kernel: bytes, root: bytes = b"") -> bytes:
    """As OpenWrt's `mkchkimg -b BOARD -r 1 -k kernel -f root` does."""
    size = 40 + len(BOARD)
    sums = running_sums(kernel), running_sums(root) if root else 0
    fields = (size, b"\1" + b"c" * 7, *sums, len(kernel), len(root), running_sums(kernel + root))
    head = struct.pack(">4sI8s5I", b"*#$^", *fields)
    return head + struct.pack(">I", running_sums(head + bytes(4) + BOARD)) + BOARD + kernel + root


def samples(folder: Path) -> Iterator[bytes]:
    yield packed(FILES["bin/tool"], next(systems(folder)))
    yield packed(FILES["bin/tool"])
