"""A kernel's image that whoever verifies it does not get done with: nodes in nodes, a hundred thousand deep."""

import struct

from firmward.formats import fdt
from firmward.lab.attacks import Attack, Position, Result, Unseen
from firmward.lab.means import fit, outcome, prompt
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import KERNEL

DEPTH = 100_000
NODE = struct.pack(">I4s", fdt.BEGIN_NODE, b"n")
END = struct.pack(">2I", fdt.END_NODE, fdt.END)
"""What the structure of a tree ends with: its root, and itself."""
WORD = struct.Struct(">I")
TOTAL, STRINGS, STRUCTURE_SIZE = 4, 12, 36
"""Where the header says how large the tree is, where its names begin, and how large the structure before them is."""


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: nested(tree.of_one_slot().to_bytes(), DEPTH),
        f"put the maker's image in the first slot, with {DEPTH} more nodes in it, each in the one before",
    )
    with target.power() as powered:
        powered.until(lambda: has_come_back(powered), ATTACK.within)
        if has_come_back(powered):
            return outcome.seen(powered, ATTACK.within, spoilt="a")
        if prompt.is_shown(powered):
            raise Unseen("the boot loader refused the image, and waits for commands")
        target.note(Witness.MACHINE, f"it neither served nor was reset within {ATTACK.within:g} s")
        return Result.SUCCEEDED


def has_come_back(powered: Powered) -> bool:
    """By itself: that it serves, or is reset for ever. One reset is what a loader does that refused the image."""
    return powered.is_healthy or powered.resets >= outcome.ENDLESS


def nested(tree: bytes, depth: int) -> bytes:
    """A tree with as many nodes more, at the end of its root. What the maker has put there stays as it is."""
    header = fdt.parse_header(tree[: fdt.HEADER_SIZE])
    place = header.structure + header.structure_size - len(END)
    more = NODE * depth + END[:4] * depth
    made = bytearray(tree[:place] + more + tree[place:])
    for field in (TOTAL, STRINGS, STRUCTURE_SIZE):
        (before,) = WORD.unpack_from(made, field)
        WORD.pack_into(made, field, before + len(more))
    return bytes(made)


ATTACK = Attack(
    id="fit-nested-nodes",
    title="Nodes in nodes, without end",
    does="has the boot loader look through a hundred thousand nodes, each in the one before, until somebody cuts the "
    "power",
    position=Position.BENCH,
    link=KERNEL,
    case="BRLY-2026-042 (U-Boot): fdt_check_no_at() calls itself for each level of an image, however many there are",
    foretold=("fit-unsigned",),
    run=run,
    within=45,
    takes=75.0,
)
