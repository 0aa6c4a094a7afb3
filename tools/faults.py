"""One-line breakages that the tests must catch: a test that never failed proves little.

Each row changes one place of the source in a copy of the project and runs the tests named; a row that passes all of
them is a hole in the tests. `python tools/faults.py [WORD ...]` runs the rows whose file or reason holds a word.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
COPIED = ("src", "tests", "tools", "docs", "examples", "pyproject.toml", "README.md")


@dataclass(frozen=True, slots=True)
class Fault:
    """`old` stands once in `file` below src/firmward and becomes `new`; `tests` must then fail."""

    file: str
    old: str
    new: str
    tests: str
    why: str


FAULTS = (
    Fault(
        "audit/engine.py",
        "return Verdict(check, Outcome.UNKNOWN, value.reason)",
        "return Verdict(check, Outcome.PASS, value.reason)",
        "tests/test_every_check.py tests/audit/test_engine.py",
        "unknown facts taken for a pass",
    ),
    Fault(
        "audit/engine.py",
        'outcome, reason = Outcome.ERROR, f"internal error',
        'outcome, reason = Outcome.PASS, f"internal error',
        "tests/audit/test_engine.py",
        "a check that breaks taken for a pass",
    ),
    Fault(
        "audit/engine.py",
        "if findings and outcome is not Outcome.ERROR:",
        "if findings and outcome is Outcome.PASS:",
        "tests/audit/test_engine.py",
        "findings lost when the check could not look everywhere",
    ),
    Fault(
        "model/tree.py",
        'if entry.target.startswith("/"):',
        'if entry.target.startswith("//"):',
        "tests/model/test_tree.py",
        "absolute links taken as relative",
    ),
    Fault(
        "model/tree.py",
        "if links > LINK_LIMIT or entry.target is None:",
        "if entry.target is None:",
        "tests/model/test_tree.py -x --timeout=20",
        "link loops followed for ever",
    ),
    Fault(
        "model/tree.py",
        "if any(step in",
        "if False and any(step in",
        "tests/model/test_tree.py",
        "names such as .. kept",
    ),
    Fault(
        "model/policy.py",
        "return today > self.expires",
        "return today >= self.expires",
        "tests/model/test_policy.py",
        "an accepted risk ends a day early",
    ),
    Fault(
        "model/policy.py",
        "_refuse_secrets(table, name)",
        "pass",
        "tests/model/test_policy.py",
        "secrets let into a policy",
    ),
)


def run() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only faults whose file or reason holds one of these")
    words = parser.parse_args().words
    chosen = [fault for fault in FAULTS if not words or any(word in fault.file + fault.why for word in words)]
    with ThreadPoolExecutor(2) as pool:
        caught = list(pool.map(is_caught, chosen))
    for fault, found in zip(chosen, caught, strict=True):
        print(f"{'caught' if found else 'MISSED'}  {fault.file}: {fault.why}")
    print(f"{sum(caught)} caught, {len(caught) - sum(caught)} missed")
    return 0 if all(caught) else 1


def is_caught(fault: Fault) -> bool:
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place)
        for name in COPIED:
            source = PROJECT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
        target = copy / "src" / "firmward" / fault.file
        text = target.read_text(encoding="utf-8")
        if text.count(fault.old) != 1:
            sys.exit(f"{fault.file}: the fault's place stands {text.count(fault.old)} times: {fault.old}")
        target.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        return tests_fail(copy, fault.tests.split())


def tests_fail(copy: Path, tests: list[str]) -> bool:
    """Exit code 1 of pytest: tests ran and some failed. Anything else (2: it could not collect) is told."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command,
        cwd=copy,
        env={"PYTHONPATH": str(copy / "src"), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(copy)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode not in (0, 1):
        sys.exit(f"pytest said {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(run())
