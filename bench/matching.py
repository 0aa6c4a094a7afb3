"""Versions matched with vulnerabilities: the kernel's whole set, and one component after the other."""

import os
import subprocess
import sys
from pathlib import Path

from measure import Cost, best, cost, table

PROJECT = Path(__file__).resolve().parents[1]
DATA = "FIRMWARD_TEST_DATA"
FOLDER = PROJECT / "build" / "bench-matching"
KERNEL_MARK, COMPONENT_MARK = 100, 2
"""Milliseconds of CPU for all records of the kernel's CNA, and for one component."""
KERNEL = """
import sys, time
sys.path.insert(0, sys.argv[2])
from known import kernel_flaws
from firmward.vulns import kernel
flaws = kernel_flaws(open(sys.argv[1]).read())
of = kernel.release("6.1.170")
started = time.process_time()
for _ in range(10):
    found = kernel.standing(flaws, of)
spent = (time.process_time() - started) * 100
apply, doubtful = len(found.apply), len(found.doubtful)
print(f"{len(flaws)} records judged for 6.1.170 in {spent:.0f} ms, {apply} apply, {doubtful} in doubt")
"""
COMPONENTS = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from known import of_facts
from firmward.model.component import Component
from firmward.vulns.match import matches
from firmward.vulns.rank import ranked
known = of_facts(Path(sys.argv[1]))
names = sorted({one.product.product for one in known.said} - {"linux_kernel"})
asked = [Component(name, "2.4.1") for name in names]
matches(asked[0], known)
started = time.process_time()
found = [matches(one, known) for one in asked]
count = len(ranked(found))
spent = (time.process_time() - started) * 1000
each, claims = spent / len(asked), len(known.said)
print(f"{len(asked)} components in {spent:.0f} ms, {each:.2f} ms each; {claims} claims, {count} apply")
"""


def section(rounds: int) -> str:
    heading = "## Matching versions with vulnerabilities"
    folder = os.environ.get(DATA)
    if folder is None:
        return f"{heading}\n\nNot measured: {DATA} names no folder with the records."
    jobs = (
        (f"all records of the kernel's CNA (mark: {KERNEL_MARK} ms)", KERNEL, _unpacked(folder, "kernel_cna.jsonl")),
        (
            f"one component after the other (mark: {COMPONENT_MARK} ms each)",
            COMPONENTS,
            _unpacked(folder, "vulnfacts.sqlite"),
        ),
    )
    rows = [
        (name, best(lambda script=script, file=file: _run(script, file), rounds).note) for name, script, file in jobs
    ]
    words = "CPU time, once the records are in memory. The claims are the test data's, without NVD's of 2017 to 2023."
    return f"{heading}\n\n{words}\n\n{table(['job', 'found'], rows)}"


def _run(script: str, file: Path) -> Cost:
    return cost([sys.executable, "-c", script, str(file), str(PROJECT / "tests" / "support")])


def _unpacked(folder: str, name: str) -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / name
    if not target.is_file():
        with target.open("wb") as file:
            subprocess.run(["zstd", "-dc", Path(folder, "vuln", f"{name}.zst")], stdout=file, check=True)
    return target
