"""One-line breakages that the tests must catch: a test that never failed proves little.

Each row, in a file of `areas`, changes one place of the source in a copy of the project and runs the tests named; a row
that passes all of them is a hole in the tests. `python tools/faults [WORD ...]` runs the rows whose file or reason
holds a word, `--area NAME` those of one file.
"""

import argparse
import pkgutil
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import areas
from fault import Fault

PROJECT = Path(__file__).resolve().parents[2]
SHARED = ("build/cache/sources", "build/cache/keys")
"""What tests fetched or made once, and only read: each copy would do so again."""
COPIED = ("src", "tests", "tools", "docs", "examples", "pyproject.toml", "README.md")
SOURCES = Path("src", "firmward")
SECONDS = 3600
"""For the tests of one row, or of all that were chosen without a fault: a row whose tests may hang sets its own."""


def faults(wanted: list[str]) -> tuple[Fault, ...]:
    """The rows of these areas, of every one without any. Nothing is registered."""
    names = sorted(module.name for module in pkgutil.iter_modules(areas.__path__))
    chosen = (name for name in names if not wanted or name in wanted)
    return tuple(row for name in chosen for row in import_module(f"areas.{name}").FAULTS)


def run() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only faults whose file or reason holds one of these")
    parser.add_argument("--area", action="append", default=[], help="only those of this file; may be repeated")
    parser.add_argument("--jobs", type=int, default=2, help="rows at a time")
    options = parser.parse_args()
    rows = faults(options.area)
    chosen = [row for row in rows if not options.words or any(word in row.file + row.why for word in options.words)]
    if not chosen:
        sys.exit("no row has any of these words in its file or its reason")
    stale = [row for row in chosen if not stands(row)]
    for row in stale:
        print(f"STALE   {row.file}: {row.why}: its place is gone, or stands more than once: {row.old}")
    tests = sorted({word for row in chosen for word in row.tests.split() if word.startswith("tests/")})
    if has_failures(None, tests):
        sys.exit("the tests fail without any fault: mend that first (what they said stands above)")
    missed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        live = [row for row in chosen if row not in stale]
        for row, found in zip(live, pool.map(lambda row: has_failures(row, row.tests.split()), live), strict=True):
            print(f"{'caught' if found else 'MISSED'}  {row.file}: {row.why}", flush=True)
            missed += not found
    print(f"{len(live) - missed} caught, {missed} missed, {len(stale)} stale")
    return 1 if missed or stale else 0


def stands(fault: Fault) -> bool:
    return (PROJECT / SOURCES / fault.file).read_text(encoding="utf-8").count(fault.old) == 1


def has_failures(fault: Fault | None, tests: list[str]) -> bool:
    """Whether the tests fail in a copy of the project with this fault, or with none."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place)
        for name in COPIED:
            source = PROJECT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
        for name in SHARED:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            if (PROJECT / name).is_dir():
                (copy / name).symlink_to((PROJECT / name).resolve())
        if fault is not None:
            target = copy / SOURCES / fault.file
            target.write_text(target.read_text(encoding="utf-8").replace(fault.old, fault.new), encoding="utf-8")
        return tests_fail(copy, tests, is_told=fault is None)


def tests_fail(copy: Path, tests: list[str], *, is_told: bool) -> bool:
    """Exit code 1 of pytest: tests ran and some failed. Anything else (2: it could not collect) is told, and where
    `is_told` failures are too."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command,
        cwd=copy,
        env={"PYTHONPATH": str(copy / "src"), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(copy)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode not in (0, 1):
        sys.exit(f"pytest said {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    if is_told and done.returncode:
        print(done.stdout[-2000:])
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(run())
