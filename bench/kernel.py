"""The rows of kernel-config on Debian's kernels, beside a public checker where there is one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from measure import Cost, best_in_turn, cost, table
from root_image import FOLDER

PROJECT = Path(__file__).resolve().parents[1]
PEER = "FIRMWARD_KERNEL_HARDENING_CHECKER"
"""Where the checker is, when it is not in PATH."""
MARK = 50
"""Milliseconds of CPU that 300 rows may take."""
JUDGE = """
import sys, time
from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.row import kernel_of
from firmward.facts.kernel_config import KernelOptions
from firmward.formats import kernel_config
from firmward.model.location import Location
said = kernel_config.parse(open(sys.argv[1]).read())
options = KernelOptions(Location("c"), said.settings, said.is_complete, said.version, "", said.architecture)
every = rows()
started = time.process_time()
for _ in range(20):
    kernel = kernel_of(options)
    answers = [row.judge(kernel) for row in every]
spent = (time.process_time() - started) / 20
asked = sum(one is not None for one in answers)
print(f"{len(every)} rows judged in {spent * 1000:.1f} ms of CPU, {asked} of them asked of this kernel")
"""


def configuration() -> str:
    """The file of Debian's arm64 kernel, which has most options."""
    sys.path.insert(0, str(PROJECT / "tests" / "support"))
    from real.kernel_configs import configurations

    text = dict(configurations())["6.12/arm64/arm64"]
    file = FOLDER / "kernel.config"
    FOLDER.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return str(file)


def section(rounds: int) -> str:
    file = configuration()
    judged = cost([sys.executable, "-c", JUDGE, file])
    words = f"The configuration of Debian's arm64 kernel: {judged.note}; the mark is {MARK} ms for 300."
    own = [sys.executable, "-m", "firmward", "audit", "--kernel-config", file, "--only", "kernel-config", "-q"]
    peer = os.environ.get(PEER) or shutil.which("kernel-hardening-checker")
    jobs = [lambda: cost(own)]
    if peer is not None:
        jobs.insert(0, lambda: cost([*peer.split(), "-c", file, "-m", "json"]))
    found = best_in_turn(tuple(jobs), rounds)
    names = ([f"kernel-hardening-checker {_version(peer)}"] if peer else []) + ["`firmward audit --only kernel-config`"]
    rows = [[name, *_figures(one, found[0])] for name, one in zip(names, found, strict=True)]
    return f"## Kernel options\n\n{words}\n\n{table(['job', 'CPU s', 'ratio', 'wall s', 'peak MiB'], rows)}"


def _version(peer: str) -> str:
    done = subprocess.run([*peer.split(), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


def _figures(found: Cost, base: Cost) -> list[str]:
    return [f"{found.cpu:.2f}", f"{found.cpu / base.cpu:.2f}", f"{found.wall:.2f}", str(found.memory)]
