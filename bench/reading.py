"""Every byte of a root read in place, against unsquashfs, which has to write the files."""

import sys
import time

from measure import Cost, best, cost, table
from root_image import root_image

from audit import unsquash

CHILD = """
import sys, time
from pathlib import Path
from firmward.image.budget import Budget
from firmward.image.filesystem.squashfs import FORMAT
from firmward.image.source import open_file
from firmward.model.tree import Kind
job, image = sys.argv[1], Path(sys.argv[2])
tree = FORMAT.open(open_file(image), Budget())
files = [entry for entry in tree.entries() if entry.kind is Kind.FILE]
total = 0
if job != "list":
    total = sum(len(piece) for _, pieces in tree.read_all(files, int(job)) for piece in pieces)
print(f"{len(files):,} files, {total / 1e6:.0f} MB")
"""


def read(job: str) -> Cost:
    return cost([sys.executable, "-c", CHILD, job, str(root_image())])


def section(rounds: int) -> str:
    started = time.monotonic()
    jobs = {"listing": "list", "every byte, 1 thread": "1", "every byte, 2 threads": "2"}
    base = best(lambda: unsquash(root_image()), rounds)
    rows = [row("unsquashfs, writes the files", base, base)]
    for name, job in jobs.items():
        rows.append(row(f"firmward, {name}", best(lambda job=job: read(job), rounds), base))  # type: ignore[misc]
    header = ["job", "CPU s", "ratio", "wall s", "ratio", "peak MiB", ""]
    print(f"reading: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return f"## Reading a squashfs\n\n{table(header, rows)}"


def row(name: str, found: Cost, base: Cost) -> list[str]:
    times = [f"{found.cpu:.2f}", f"{found.cpu / base.cpu:.2f}", f"{found.wall:.2f}", f"{found.wall / base.wall:.2f}"]
    return [name, *times, str(found.memory), found.note]
