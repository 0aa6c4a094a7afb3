"""The control tree of a U-Boot: the device tree that it drives its machine by, with the keys that it requires.

It is the tree that QEMU makes for its machine, without the random seeds that QEMU puts in anew each time, and with what
locks the loader (common/cli.c): `bootsecure` runs the one command that `bootcmd` names, without Ctrl-C, and hangs where
that returns, so that no way out of the boot script leads to a prompt. `bootd` runs the boot script. mkimage adds the
keys, for which the tree is made with room.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from firmward.build.board import Board
from firmward.build.program import require, run

ROOM = 8192
"""Bytes behind the tree: two keys of RSA-4096 take 4 KiB."""
SECONDS = 60
PROGRAMS = {"qemu-system-aarch64": "qemu-system-arm", "dtc": "device-tree-compiler"}
MACHINE = "virt"
TREE, SOURCE = "machine.dtb", "machine.dts"
LOCK = """
/ {
    config { bootcmd = "bootd"; bootsecure = <1>; };
    chosen { /delete-property/ rng-seed; /delete-property/ kaslr-seed; };
};
"""
"""dtc merges a second root into the first, and passes over a property to delete that is not there."""


def control_tree(board: Board, uboot_binary: Path, out: Path, progress: Callable[[str], None]) -> None:
    """Write the tree, the same bytes each time. Raises ToolError where a program is missing or fails."""
    require(PROGRAMS)
    progress(f"making the control tree of {board.name}")
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as place:
        folder = Path(place)
        # names without a path: in an option of QEMU's a comma begins the next one
        machine = f"{MACHINE},dumpdtb={TREE}"
        options = ("-cpu", "cortex-a57", "-nographic", "-bios", str(uboot_binary.absolute()))
        _run(folder, "qemu-system-aarch64", "-M", machine, *options)
        _run(folder, "dtc", "-q", "-I", "dtb", "-O", "dts", "-o", SOURCE, TREE)
        source = folder / SOURCE
        source.write_text(source.read_text(encoding="utf-8") + LOCK, encoding="utf-8")
        _run(folder, "dtc", "-q", "-I", "dts", "-O", "dtb", "-p", str(ROOM), "-o", TREE, SOURCE)
        (folder / TREE).replace(out)


def _run(folder: Path, *command: str) -> None:
    run(command, epoch=0, package=PROGRAMS[command[0]], seconds=SECONDS, cwd=folder)
