"""FITs that an attacker makes of the build's: same kernel, his initramfs."""

import re
from collections.abc import Callable
from pathlib import Path

from firmward.formats import fdt, uboot_env
from firmward.formats.malformed import Malformed
from firmward.lab import board as boards
from firmward.lab import device
from firmward.lab.means import fit_tree
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.means.initramfs import with_first_program
from firmward.lab.plain import fit, twin
from firmward.lab.plain.environment import environment
from firmward.lab.target import Target, Witness

READ_SIZE = re.compile(r"( read \S+ \$\{start\} )0x[0-9a-f]+")
"""Sectors, in the boot command of the twin."""


def unsigned(target: Target) -> Path:
    """With checksums alone, as mkimage makes one without a key."""
    return fit.unsigned(
        target.device.folder / device.FIT, target.work, lambda archive: with_first_program(archive, target.challenge)
    )


def signed(target: Target) -> FitTree:
    """The maker's, as he gives it out for updates. Raises Malformed."""
    return fit_tree.opened((target.device.folder / device.FIT).read_bytes())


def lying(target: Target) -> FitTree:
    """The one in the first slot of the device. Raises Malformed."""
    header = fdt.parse_header(target.read("boot_a", fdt.HEADER_SIZE))
    return fit_tree.opened(target.read("boot_a", header.total))


def his_initramfs(target: Target, tree: FitTree) -> bytes:
    """The maker's, with the attacker's first program in it."""
    return with_first_program(tree.content_of("ramdisk"), target.challenge)


def place(target: Target, make: Callable[[FitTree], bytes], says: str) -> None:
    """Put what is made of the maker's FIT into the first slot. It is made once, and is the same for both devices."""
    made = target.work / "placed.fit"
    if not made.exists():
        made.write_bytes(make(signed(target)))
    write(target, made.read_bytes())
    target.note(Witness.ATTACKER, says)


def write(target: Target, content: bytes) -> None:
    """Into the first slot."""
    target.write("boot_a", content)
    if target.is_plain:
        _have_it_read(target, len(content))


def _have_it_read(target: Target, size: int) -> None:
    """The device's boot loader reads the whole slot, the twin's as much as its environment says."""
    room = boards.virtual(target.device.said.board).stock.environment_size
    target.write_flash(that_reads(target.read_flash(room), size))


def that_reads(flash: bytes, size: int) -> bytes:
    """The environment in a flash, whose boot command reads so many bytes now. Raises Malformed."""
    found = uboot_env.parse(lambda offset, length: flash[offset : offset + length])
    sectors = -(-size // twin.SECTOR)
    command, count = READ_SIZE.subn(rf"\g<1>{sectors:#x}", found.variables.get("bootcmd", ""))
    if count != 1:
        raise Malformed("an environment whose boot command reads nothing")
    return environment({**found.variables, "bootcmd": command}, len(flash))
