"""Write tools/kernel_map_accuracy.md, a section of docs/accuracy.md: the maps of kernels beside make, which says what
it builds, and the share of the kernel's flaws that they show to be in code that is not there.

`python tools/kernel_map_accuracy.py FLAWS TREE [TREE ...]`, FLAWS a file with a flaw's `files` in each line as JSON,
TREE the unpacked sources that a map was made from. Cross compilers have to be installed; a configuration without one is
left out. Then run tools/accuracy.py.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[1]
SECTION = Path(__file__).with_suffix(".md")
sys.path.insert(0, str(PROJECT / "tests" / "support"))

from real.kernel_make import TARGETS, Made, made  # noqa: E402 - the support folder has to be known first

from firmward.facts.kernel_config import KernelOptions  # noqa: E402
from firmward.formats import kernel_config  # noqa: E402
from firmward.model.location import Location  # noqa: E402
from firmward.vulns.kbuild.tree import KernelTree  # noqa: E402
from firmward.vulns.kernel_build import Built, KernelBuild  # noqa: E402
from firmward.vulns.kernel_map import KernelMap, line_of, shipped, shipped_lines  # noqa: E402

NO_KERNEL = ("scripts/", "tools/")
WORDS = """
## Which sources a kernel was built from

firmward ships maps of Linux {lines}: of each source and header the options that it is built under, read from the Kbuild
files of Debian's packages of kernel sources (tools/kernel_map.py). The witness is make: for each configuration below
Kbuild itself says what it compiles up to the link of vmlinux (`make -n`), and *wrong* counts what it compiles and the
map says is left out. *Left out* is the share of the kernel CNA's {all:,} flaws whose files are all left out, which
become `not_affected / code_not_present`. *Between* judges the same kernel as if its own map were missing, by the lines
before and after it.
"""


def section(trees: Sequence[Path], flaws: Sequence[tuple[str, ...]]) -> str:
    lines = ", ".join(f"{line[0]}.{line[1]}" for line in shipped_lines())
    head = "| Linux | configuration | compiled | wrong | left out | ms CPU | wrong between | left out between |"
    rows = [row for tree in trees for row in _rows(tree, flaws)]
    table = "\n".join((head, f"|{' --- |' * 8}", *rows))
    return f"{WORDS.strip().format(lines=lines, all=len(flaws))}\n\n{table}\n"


def _rows(tree: Path, flaws: Sequence[tuple[str, ...]]) -> Iterator[str]:
    version = KernelTree(tree).version
    for target in TARGETS:
        if target.compiler is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = made(tree, target, Path(folder))
        own = _judged(found, None, flaws)
        between = _judged(found, _around(version), flaws)
        row = f"| {version} | {target.name} | {len(found.sources):,} | {' | '.join(own)} | {' | '.join(between[:2])} |"
        print(row, flush=True)
        yield row


def _around(version: str) -> tuple[KernelMap, ...]:
    line = line_of(version)
    before, after = ([one for one in shipped_lines() if one < line], [one for one in shipped_lines() if one > line])
    return (shipped(before[-1]), shipped(after[0])) if before and after else ()


def _judged(found: Made, maps: tuple[KernelMap, ...] | None, flaws: Sequence[tuple[str, ...]]) -> tuple[str, str, str]:
    """What is wrong, what is left out, and what it takes."""
    if maps == ():
        return "-", "-", "-"
    said = kernel_config.parse(found.configuration)
    options = KernelOptions(Location("c"), said.settings, said.is_complete, said.version, "", said.architecture)
    build = KernelBuild(said.version, said.architecture, options, None, maps)
    started = time.process_time()
    absent = sum(build.flaw(files).built is Built.NO for files in flaws)
    spent = time.process_time() - started
    inside = [path for path in found.sources if not path.startswith(NO_KERNEL)]
    wrong = sum(build.file(path).built is Built.NO for path in inside)
    return str(wrong), f"{absent / len(flaws):.0%}", f"{spent * 1000:.0f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("flaws", type=Path)
    parser.add_argument("trees", type=Path, nargs="+")
    options = parser.parse_args()
    lines = options.flaws.read_text(encoding="utf-8").splitlines()
    flaws = [tuple(json.loads(line).get("files", ())) for line in lines]
    SECTION.write_text(section(options.trees, flaws), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
