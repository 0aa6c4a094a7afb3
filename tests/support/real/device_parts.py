"""What a maker gives for an arm64 device, from Debian's packages: kernel, its modules, BusyBox and dmsetup."""

import os
import shutil
import tempfile
from pathlib import Path

from real.packages import CACHE, kernel, unpacked

ARCHITECTURE = "arm64"
TOOLS = ("busybox-static", "dmsetup", "libdevmapper1.02.1", "libc6", "libselinux1", "libudev1", "libpcre2-8-0")


def image() -> Path:
    """The kernel, as it is. Raises NoPackagesError where Debian's archive is out of reach."""
    return next((kernel(ARCHITECTURE, ARCHITECTURE) / "boot").glob("vmlinuz-*"))


def tools() -> Path:
    """One tree with the programs and the kernel's modules. Raises NoPackagesError."""
    modules = kernel(ARCHITECTURE, ARCHITECTURE).resolve()
    place = CACHE / "device" / f"{modules.name}-tools"
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as workshop:
            whole = Path(workshop) / "whole"
            for folder in (modules, *(unpacked(name, ARCHITECTURE) for name in TOOLS)):
                shutil.copytree(folder, whole, symlinks=True, copy_function=os.link, dirs_exist_ok=True)
            if not place.is_dir():
                whole.rename(place)
    return place


def linked_tools(folder: Path) -> Path:
    """The same in a folder of its own, with Debian's other BusyBox, which needs libraries."""
    shutil.copytree(tools(), folder, symlinks=True)
    shutil.copyfile(unpacked("busybox", ARCHITECTURE) / "bin/busybox", folder / "bin/busybox")
    return folder


def busybox() -> Path:
    return tools() / "bin/busybox"
