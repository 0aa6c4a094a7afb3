"""What a kernel is built from, as make says it: the commands that Kbuild itself comes to, none of which is run.

A configuration is made and the headers that Kbuild writes first are prepared for real; from then on `make -n` says
every command, with the sources in it, up to the link of vmlinux: it does not come to the boot image around it.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from real.packages import unpacked


@dataclass(frozen=True, slots=True)
class Target:
    """A configuration that a kernel's tree has, for one of its architectures, and the prefix of its compiler."""

    architecture: str
    prefix: str
    configuration: str

    @property
    def name(self) -> str:
        return f"{self.architecture}/{self.configuration.removesuffix('_defconfig')}"

    @property
    def compiler(self) -> str | None:
        """One that is installed."""
        names = (f"{self.prefix}gcc", f"{self.prefix}gcc-12")
        return next((name for name in names if shutil.which(name) and shutil.which(f"{self.prefix}ld")), None)


TARGETS = (
    Target("arm", "arm-linux-gnueabihf-", "multi_v7_defconfig"),
    Target("arm", "arm-linux-gnueabihf-", "bcm2835_defconfig"),
    Target("arm", "arm-linux-gnueabihf-", "imx_v6_v7_defconfig"),
    Target("arm", "arm-linux-gnueabihf-", "sama5_defconfig"),
    Target("arm64", "aarch64-linux-gnu-", "defconfig"),
    Target("mips", "mips-linux-gnu-", "malta_defconfig"),
    Target("mips", "mips-linux-gnu-", "ath79_defconfig"),
    Target("powerpc", "powerpc64le-linux-gnu-", "ppc64le_defconfig"),
    Target("riscv", "riscv64-linux-gnu-", "defconfig"),
    Target("x86", "", "tinyconfig"),
    Target("x86", "", "defconfig"),
    Target("x86", "", "allmodconfig"),
)


@dataclass(frozen=True, slots=True)
class Made:
    """The `configuration` that came out, and the `sources` of the tree that are compiled for it."""

    configuration: str
    sources: frozenset[str]


def unpacked_tree(line: str, suite: str, folder: Path) -> Path:
    """The tree of Debian's package of a line's sources, unpacked into a folder."""
    package = f"linux-source-{line}"
    archive = unpacked(package, "amd64", suite) / "usr/src" / f"{package}.tar.xz"
    subprocess.run(["tar", "--extract", "--file", str(archive), "--directory", str(folder)], check=True)
    return folder / package


def made(tree: Path, target: Target, folder: Path, text: str | None = None) -> Made:
    """What is built from a tree, in an empty folder. `text` is a configuration to begin with, not the target's."""
    compiler = target.compiler
    assert compiler is not None
    command = ["make", f"O={folder}", f"ARCH={target.architecture}", f"CROSS_COMPILE={target.prefix}"]
    command += [f"CC={compiler}", "HOSTCC=gcc"]
    if text is None:
        _run([*command, target.configuration], tree)
    else:
        (folder / ".config").write_text(text)
        _run([*command, "olddefconfig"], tree)
    _run([*command, "prepare"], tree)
    asked = [*command, "--dry-run", "--keep-going", "all"]
    said = subprocess.run(asked, cwd=tree, capture_output=True, text=True, errors="replace").stdout
    return Made((folder / ".config").read_text(), _sources(said, tree))


def _run(command: list[str], tree: Path) -> None:
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-1500:]}")


def _sources(said: str, tree: Path) -> frozenset[str]:
    """Every source of the tree that a command names, with the tree's path before it or without."""
    words = set(re.findall(r"[^\s'\"=;:()]+\.[cS](?=[\s'\";:)]|$)", said, re.MULTILINE))
    paths = {os.path.normpath(word.removeprefix(f"{tree}/")) for word in words}
    return frozenset(path for path in paths if not path.startswith(("/", "..")) and (tree / path).is_file())
