"""The device tree of a slot: the maker's, whose node /chosen says which slot this is, and nothing that is not signed.

The rules this file holds (Devicetree specification 0.4, section 3.6; the kernel's Documentation/arch/arm64/booting):

- The kernel's command line is that of `bootargs` here, whatever the maker's tree said: U-Boot leaves it as it is when
  its own variable `bootargs` is not set.
- Seeds for random numbers do not belong into an image: every device would start with the same. What a boot loader puts
  there anew at each start is not touched by this.
- Where an initramfs lies the boot loader says; what an emulator or a boot before wrote is left out.
- The flash with the rollback floor is the boot loader's: the tree does not name it to the kernel.
- Without a console nothing names one, and the command line says so (`console=null`, admin-guide/kernel-parameters): a
  kernel that is told nothing takes `stdout-path`, and one without virtual terminals the first serial port there is.
"""

from dataclasses import replace

from firmward.build.board import Board
from firmward.formats import device_tree, fdt_writer
from firmward.formats.device_tree import Node
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError

CHOSEN, ARGUMENTS = "chosen", "bootargs"
SEEDS = ("rng-seed", "kaslr-seed")
LEFT_BEHIND = ("linux,initrd-start", "linux,initrd-end", "linux,elfcorehdr", "linux,usable-memory-range")
CONSOLES = ("stdout-path", "linux,stdout-path", "stdin-path")
FLASH, COMPATIBLE = b"cfi-flash\0", "compatible"
OFF = "off"
"""The policy's word for a device without a console."""


def arguments(board: Board, console: str, slot: str) -> str:
    """The kernel's command line. A panic restarts after five seconds, so that the boot loader can take the other slot;
    `console` is the policy's word."""
    words = f"ro panic=5 firmward.slot={slot}"
    return f"{words} quiet loglevel=0 console=null" if console == OFF else f"{words} console={board.console}"


def slot_tree(data: bytes, board: Board, console: str, slot: str) -> bytes:
    """Raises InputError for what is no device tree."""
    try:
        tree = device_tree.parse(data)
    except Malformed as error:
        raise InputError(f"[build] device_tree: is no flattened device tree: {error}") from error
    chosen = tree.root.child(CHOSEN) or Node(CHOSEN)
    dropped = {*SEEDS, *LEFT_BEHIND, *(CONSOLES if console == OFF else ())}
    kept = {name: value for name, value in chosen.properties.items() if name not in dropped}
    line = arguments(board, console, slot).encode() + b"\0"
    own = replace(chosen, properties={**kept, ARGUMENTS: line})
    others = tuple(one for one in tree.root.children if one is not chosen and not _keeps_floor(one, board))
    root = replace(tree.root, children=(own, *others))
    return fdt_writer.write(replace(tree, root=root), processor=fdt_writer.processor_of(data))


def _keeps_floor(node: Node, board: Board) -> bool:
    return bool(board.addresses.floor) and FLASH in node.properties.get(COMPATIBLE, b"")
