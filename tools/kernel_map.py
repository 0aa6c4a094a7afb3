"""Make a map of a kernel's sources, path by path the options that it is built under, from the kernel's tree.

`python tools/kernel_map.py TREE -o src/firmward/vulns/kernel_maps/6.1.json.xz`, TREE unpacked from Debian's package
linux-source-6.1 or from anywhere else. It takes a minute or two.
"""

import argparse
import sys
from pathlib import Path

from firmward.vulns import kernel_map
from firmward.vulns.kbuild.includes import with_included
from firmward.vulns.kbuild.tree import KernelTree, builds

DETAILED = frozenset({"arm", "arm64", "loongarch", "mips", "powerpc", "riscv", "x86"})
"""Architectures that firmware is made for, each file of which has a condition of its own."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path, help="the unpacked sources of a kernel")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the map, a .json.xz")
    options = parser.parse_args()
    tree = KernelTree(options.tree)
    if not tree.version:
        parser.error(f"{options.tree} has no Makefile of a kernel")
    found = with_included(tree, builds(tree))
    content = kernel_map.write(tree.version, found, DETAILED)
    options.output.write_bytes(content)
    read = kernel_map.read(content)
    print(f"Linux {tree.version}: {len(read.paths)} files, {len(read.conditions)} conditions, {len(content)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
