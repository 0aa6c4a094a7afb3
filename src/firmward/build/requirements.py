"""The programs that a build will start, asked for before it is begun: all that are missing are told in one line."""

import os
from collections.abc import Iterator

from firmward.build.data import EXT
from firmward.build.inputs import INITRAMFS, Inputs
from firmward.build.program import is_here
from firmward.build.root import is_wanted
from firmward.model.errors import ToolError


def require(inputs: Inputs) -> None:
    """Raises ToolError that names programs and Debian packages."""
    missing = {name: package for name, package in sorted(_programs(inputs)) if not is_here(name)}
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        verb = "is" if len(missing) == 1 else "are"
        raise ToolError(f"{', '.join(missing)} {verb} not installed; on Debian: apt install {packages}")


def _programs(inputs: Inputs) -> Iterator[tuple[str, str]]:
    """Each with its package."""
    yield from (("mkimage", "u-boot-tools"), ("dtc", "device-tree-compiler"))
    if inputs.data is None or inputs.data.kind != EXT:
        yield from (("mke2fs", "e2fsprogs"), ("debugfs", "e2fsprogs"))
    if inputs.layout != INITRAMFS and not is_wanted(inputs.root, inputs.compression):
        yield "mksquashfs", "squashfs-tools"
        if os.geteuid() != 0:
            yield "fakeroot", "fakeroot"
    if inputs.board.defconfig is not None:
        from firmward.build.uboot import control, recipe

        yield from {**recipe.PROGRAMS, **control.PROGRAMS}.items()
