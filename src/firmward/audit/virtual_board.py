"""What the chain of trust rests on where the board is a virtual one: memory that the device cannot write.

A virtual board has no fuses. Its machine starts the boot loader, and hands it the control tree, from files of the host:
what they hold is to the device what a boot ROM and its fuses are. A boot loader on the disk of such a board is never
started. So says the policy, `[device] board`; of real boards nothing is taken for read-only because somebody says so.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from firmward.facts.boot_pieces import BootPiece
from firmward.model.chain import BOOT_LOADER, BOOT_ROM, Evidence, Link, State

MEMORY: Mapping[str, str] = MappingProxyType({"qemu-arm64": "QEMU's -bios and -dtb"})
"""By board, what holds the boot loader and its control tree."""
BY = "the virtual board's read-only memory"


def rom(board: str) -> Link:
    says = f"{board} starts what {MEMORY[board]} hold, which the device cannot write; a product's board needs its fuses"
    return Link(BOOT_ROM, State.VERIFIED, BY, (Evidence(says),))


def loader(board: str, pieces: Sequence[BootPiece]) -> Link:
    evidence = tuple(Evidence(f"{piece.at.part} stands in {MEMORY[board]}", piece.at) for piece in pieces)
    return Link(BOOT_LOADER, State.VERIFIED, BY, evidence)
