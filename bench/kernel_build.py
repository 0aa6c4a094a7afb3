"""The filter by how a kernel was built, on as many flaws as the kernel's CNA has published."""

import sys

from kernel import configuration
from measure import best, cost, table

FLAWS = 14_626
MARK = 200
"""Milliseconds of CPU for all of them."""
FILTER = f"""
import random, sys, time
from firmward.facts.kernel_config import KernelOptions
from firmward.formats import kernel_config
from firmward.model.location import Location
from firmward.vulns.kernel_build import Built, KernelBuild
from firmward.vulns.kernel_map import shipped
said = kernel_config.parse(open(sys.argv[1]).read())
options = KernelOptions(Location("c"), said.settings, said.is_complete, said.version, "", said.architecture)
# files of flaws come from all folders, and one in four names more than one
drawn = random.Random(7)
paths = sorted(path for path in shipped((6, 12)).paths if path.endswith(".c"))
flaws = [drawn.sample(paths, drawn.choice((1, 1, 1, 3))) for _ in range({FLAWS})]
shipped.cache_clear()
started = time.process_time()
build = KernelBuild(said.version, said.architecture, options)
loaded = time.process_time()
absent = sum(build.flaw(files).built is Built.NO for files in flaws)
spent = time.process_time()
print(f"{{(loaded - started) * 1000:.0f}} {{(spent - loaded) * 1000:.0f}} {{absent}}")
"""


def section(rounds: int) -> str:
    file = configuration()
    found = best(lambda: cost([sys.executable, "-c", FILTER, file]), rounds)
    loading, judging, absent = found.note.split()
    words = (
        f"{FLAWS:,} flaws, each in one to three sources drawn from all folders, beside the configuration of Debian's "
        f"arm64 kernel: {int(absent):,} are in code that it was not built from. The mark is {MARK} ms for the verdicts."
    )
    rows = [["reading the map of the line", loading], ["verdicts", judging]]
    return f"## Which sources a kernel was built from\n\n{words}\n\n{table(['job', 'ms CPU'], rows)}"
