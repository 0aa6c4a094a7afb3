"""The chain of trust of the sample camera against opening it alone, and all device trees of two kernels against dtc."""

import subprocess
import sys
from pathlib import Path

from measure import Cost, best_in_turn, cost, table
from root_image import FOLDER

PROJECT = Path(__file__).resolve().parents[1]
SECONDS = 2.0
"""CPU that a chain may take besides opening the image."""
TREES = """
import sys
from pathlib import Path
from firmward.formats import device_tree
files = sorted(Path(sys.argv[1]).rglob("*.dtb"))
for file in files:
    device_tree.parse(file.read_bytes())  # one at a time, as an audit reads them
print(f"{len(files):,} device trees")
"""


def camera() -> Path:
    image = PROJECT / "build" / "camera" / "camera.img"
    if not image.is_file():
        subprocess.run([sys.executable, "examples/camera/build.py", "-o", str(image.parent)], cwd=PROJECT, check=True)
    return image


def verb(*words: str) -> Cost:
    return cost([sys.executable, "-m", "firmward", *words])


def chain(rounds: int) -> str:
    image = str(camera())
    opened, drawn = best_in_turn((lambda: verb("parts", image), lambda: verb("chain", image)), rounds)
    rows = [
        ["`firmward parts`, opens it", *_figures(opened, opened)],
        ["`firmward chain`", *_figures(drawn, opened)],
    ]
    over = f"Besides opening: {drawn.cpu - opened.cpu:.2f} s CPU; the mark is {SECONDS:g} s."
    return f"The chain of the sample camera:\n\n{_table(rows)}\n\n{over}"


def trees() -> Path:
    """A folder with the device trees of Debian's kernels for arm64 and armhf."""
    sys.path.insert(0, str(PROJECT / "tests" / "support"))
    from real.packages import kernel

    folder = FOLDER / "device-trees"
    folder.mkdir(parents=True, exist_ok=True)
    for flavour, architecture in (("arm64", "arm64"), ("armmp", "armhf")):
        link = folder / architecture
        if not link.is_dir():
            link.mkdir()
            subprocess.run(["cp", "-r", f"{kernel(flavour, architecture)}/usr/lib/.", str(link)], check=True)
    return folder


def device_trees(rounds: int) -> str:
    folder = str(trees())
    each = f"find {folder} -name '*.dtb' -exec dtc -q -I dtb -O dtb -o /dev/null {{}} ';'"
    jobs = (lambda: cost(["sh", "-c", each]), lambda: cost([sys.executable, "-c", TREES, folder]))
    base, own = best_in_turn(jobs, rounds)
    rows = [["dtc, one process each", *_figures(base, base)], ["firmward's reader", *_figures(own, base)]]
    return f"{own.note} of Debian's kernels for arm64 and armhf, every node and property:\n\n{_table(rows)}"


def _figures(found: Cost, base: Cost) -> list[str]:
    return [f"{found.cpu:.2f}", f"{found.cpu / base.cpu:.2f}", f"{found.wall:.2f}", str(found.memory)]


def _table(rows: list[list[str]]) -> str:
    return table(["job", "CPU s", "ratio", "wall s", "peak MiB"], rows)


def section(rounds: int) -> str:
    return f"## Chain of trust\n\n{chain(rounds)}\n\n{device_trees(rounds)}"
