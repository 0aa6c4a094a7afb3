"""An audit of a whole root against unsquashfs, which has to write the files; and how its CPU grows with the image."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Cost, best, best_in_turn, cost, table
from root_image import FOLDER, root_image, scaled_image

TIMES = (1, 2, 4)


def audit(image: Path) -> Cost:
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        report = str(Path(folder) / "report.json")
        return cost([sys.executable, "-m", "firmward", "audit", str(image), "--quiet", "-o", report])


def unsquash(image: Path) -> Cost:
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=FOLDER))
    try:
        return cost(["unsquashfs", "-n", "-q", "-d", str(folder / "root"), str(image)])
    finally:
        shutil.rmtree(folder)


def count(image: Path) -> int:
    listing = subprocess.run(["unsquashfs", "-l", str(image)], capture_output=True, text=True, check=True)
    return len(listing.stdout.splitlines())


def against_unsquashfs(rounds: int) -> str:
    image = root_image()
    base, own = best_in_turn((lambda: unsquash(image), lambda: audit(image)), rounds)
    rows = [
        ["unsquashfs, writes the files", *figures(base, base)],
        ["`firmward audit`, all checks, JSON report", *figures(own, base)],
    ]
    size = image.stat().st_size / 1e6
    title = f"An xz squashfs root of {size:.0f} MB and {count(image):,} entries:"
    return f"{title}\n\n{table(['job', 'CPU s', 'ratio', 'wall s', 'ratio', 'peak MiB'], rows)}"


def figures(found: Cost, base: Cost) -> list[str]:
    return [
        f"{found.cpu:.2f}",
        f"{found.cpu / base.cpu:.2f}",
        f"{found.wall:.2f}",
        f"{found.wall / base.wall:.2f}",
        str(found.memory),
    ]


def growth(rounds: int) -> str:
    rows = []
    first = None
    for times in TIMES:
        image = scaled_image(times)
        own = best(lambda image=image: audit(image), rounds)  # type: ignore[misc]
        first = first or own
        size = image.stat().st_size / 1e6
        rows.append([f"{times}×", f"{size:.0f}", f"{own.cpu:.2f}", f"{own.cpu / first.cpu:.2f}", str(own.memory)])
    grown = table(["root", "MB", "CPU s", "ratio", "peak MiB"], rows)
    return f"The same root once, twice and four times in one image, gzip for a change:\n\n{grown}"


def section(rounds: int) -> str:
    return f"## Audit\n\n{against_unsquashfs(rounds)}\n\n{growth(rounds)}"
