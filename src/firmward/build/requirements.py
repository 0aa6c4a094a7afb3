"""The programs that a build will start, asked for before it is begun: what is missing is told at once."""

import os
from collections.abc import Mapping

from firmward.build import program
from firmward.build.data import EXT
from firmward.build.inputs import INITRAMFS, Inputs
from firmward.build.root import is_wanted

FIT = {"mkimage": "u-boot-tools", "dtc": "device-tree-compiler"}
DATA = {"mke2fs": "e2fsprogs", "debugfs": "e2fsprogs"}
ROOT = {"mksquashfs": "squashfs-tools"}
AS_ROOT = {"fakeroot": "fakeroot"}


def require(inputs: Inputs) -> None:
    """Raises ToolError that names the Debian packages."""
    needed: dict[str, str] = dict(FIT)
    headers: Mapping[str, str] = program.NONE
    if inputs.data is None or inputs.data.kind != EXT:
        needed |= DATA
    if inputs.layout != INITRAMFS and not is_wanted(inputs.root, inputs.compression):
        needed |= ROOT | ({} if os.geteuid() == 0 else AS_ROOT)
    if inputs.board.defconfig is not None:
        from firmward.build.uboot import control, recipe

        needed |= {**recipe.PROGRAMS, **control.PROGRAMS}
        headers = recipe.HEADERS
    program.require(needed, headers)
