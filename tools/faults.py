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
from pathlib import Path

import faults_image
from fault import Fault

PROJECT = Path(__file__).parents[1]
COPIED = ("src", "tests", "tools", "docs", "examples", "pyproject.toml", "README.md")

FAULTS = (
    *faults_image.ROWS,
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
    Fault(
        "facts/sshd.py",
        "if known is None:",
        "if True:",
        "tests/facts/test_sshd.py",
        "the last value of a keyword wins",
    ),
    Fault(
        "facts/units/reach.py",
        "if name in starts or units.is_masked(name):",
        "if name in starts:",
        "tests/facts/test_systemd.py",
        "masked units start",
    ),
    Fault(
        "facts/weak_passwords.py",
        "if fits is None:",
        "if False:",
        "tests/facts/test_weak_passwords.py",
        "a hash that could not be tried taken for a strong password",
    ),
    Fault(
        "facts/listeners.py",
        "if not listener.is_local)",
        "if listener)",
        "tests/facts/test_listeners.py tests/test_every_check.py",
        "a listener on the loopback counted as reachable",
    ),
    Fault(
        "facts/collection.py",
        "return Unknown(str(reason))",
        "return None",
        "tests/facts tests/test_every_check.py tests/test_every_collector.py",
        "what could not be looked at taken for absent",
    ),
    Fault(
        "audit/accept.py",
        "if not expired:",
        "if True:",
        "tests/audit/test_accept.py",
        "an expired acceptance goes on",
    ),
    Fault(
        "audit/composition.py",
        "if problem and verdict.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):",
        "if False:",
        "tests/audit/test_composition.py",
        "a pass in a part that was read only in part",
    ),
    Fault(
        "audit/composition.py",
        'name = OFFSET.sub("", id.rpartition("/")[2])',
        'name = str(id.rpartition("/")[2])',
        "tests/audit/test_composition.py",
        "a fingerprint that changes when a part moves",
    ),
    Fault(
        "audit/redact.py",
        "for pattern, replacement in _MASKS:",
        "for pattern, replacement in _MASKS[:2]:",
        "tests/audit/test_redact.py",
        "password hashes shown",
    ),
    Fault(
        "audit/writing.py",
        "Path(name).unlink()",
        "pass",
        "tests/audit/test_writing.py tests/cli/test_audit.py",
        "a half-written report is left behind",
    ),
    Fault(
        "image/budget.py",
        "if self._expanded > self.limits.expanded_bytes:",
        "if False:",
        "tests/image/test_hostile.py tests/cli/test_audit.py",
        "bombs expand without a bound",
    ),
    Fault(
        "image/sameness.py",
        "if left.kind is Kind.FILE and not _equal_files(one, left, other, right):",
        "if False:",
        "tests/image/test_opening.py",
        "slots that differ in a file's content audited once",
    ),
    Fault(
        "cli/audit.py",
        "if not report.budget.complete:",
        "if False:",
        "tests/cli/test_audit.py",
        "a partial report that ends with 0",
    ),
)


def run() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only faults whose file or reason holds one of these")
    words = parser.parse_args().words
    chosen = [fault for fault in FAULTS if not words or any(word in fault.file + fault.why for word in words)]
    tests = sorted({word for fault in chosen for word in fault.tests.split() if word.startswith("tests/")})
    if has_failures(None, tests):
        sys.exit("the tests fail without any fault: mend that first")
    with ThreadPoolExecutor(2) as pool:
        caught = []
        for fault, found in zip(
            chosen, pool.map(lambda one: has_failures(one, one.tests.split()), chosen), strict=True
        ):
            print(f"{'caught' if found else 'MISSED'}  {fault.file}: {fault.why}", flush=True)
            caught.append(found)
    print(f"{sum(caught)} caught, {len(caught) - sum(caught)} missed")
    return 0 if all(caught) else 1


def has_failures(fault: Fault | None, tests: list[str]) -> bool:
    """Whether the tests fail in a copy of the project with this fault, or with none."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place)
        for name in COPIED:
            source = PROJECT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
        if fault is not None:
            apply(fault, copy / "src" / "firmward" / fault.file)
        return tests_fail(copy, tests)


def apply(fault: Fault, target: Path) -> None:
    text = target.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        sys.exit(f"{fault.file}: the fault's place stands {text.count(fault.old)} times: {fault.old}")
    target.write_text(text.replace(fault.old, fault.new), encoding="utf-8")


def tests_fail(copy: Path, tests: list[str]) -> bool:
    """Exit code 1 of pytest: tests ran and some failed. Anything else (2: it could not collect) is told."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command,
        cwd=copy,
        env={"PYTHONPATH": str(copy / "src"), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(copy)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode not in (0, 1):
        sys.exit(f"pytest said {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(run())
