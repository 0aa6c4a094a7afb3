"""What is said of real root file systems is what was found right when it was read beside their files.

`verdicts.toml` holds each finding that was read: which check, which key, in which roots, whether it is right, and why.
Findings of medium or above are held to be the right ones, no more and no fewer. What is wrong was mended in its check,
and must not come back. What is low or information was read as well, and is held only where it was wrong: it changes
with the versions of packages.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from real import packaged, roots

SMALL = "minimal"
VERDICTS = Path(__file__).with_name("verdicts.toml")
GRAVE = ("critical", "high", "medium")


@dataclass(frozen=True)
class Verdict:
    check: str
    key: str
    severity: str
    right: bool
    why: str
    roots: tuple[str, ...]


def verdicts() -> tuple[Verdict, ...]:
    rows: list[dict[str, Any]] = tomllib.loads(VERDICTS.read_text())["finding"]
    return tuple(
        Verdict(row["check"], row["key"], row["severity"], row["verdict"] == "right", row["why"], tuple(row["roots"]))
        for row in rows
    )


def findings(image: Path, folder: Path) -> Iterator[tuple[str, str, bool]]:
    """Check and key of each finding, and whether it is of medium or above."""
    report = folder / "report.json"
    command = [sys.executable, "-m", "firmward", "audit", str(image), "--quiet", "-o", str(report)]
    # a database of vulnerabilities that this user keeps would add findings of its day
    alone = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}
    alone.pop("FIRMWARD_VULNS_DB", None)
    done = subprocess.run(command, capture_output=True, text=True, env=alone)
    assert done.returncode == 0, done.stderr
    for finding in json.loads(report.read_text())["findings"]:
        yield finding["check"], finding["key"], finding["severity"] in GRAVE


NAMES = [
    pytest.param(one.name, id=one.name, marks=[] if one.name == SMALL else [pytest.mark.proof]) for one in roots.ROOTS
]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", NAMES)
def test_of_a_real_root_is_said_what_is_right(name: str, tmp_path: Path) -> None:
    if not roots.is_possible():
        pytest.skip("roots are made on amd64 with mmdebstrap")
    judge(name, lambda: roots.build(roots.root(name)), tmp_path)


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("disk", [pytest.param(one, id=one.name) for one in packaged.DISKS])
def test_of_a_real_disk_is_said_what_is_right(disk: packaged.Disk, tmp_path: Path) -> None:
    if not packaged.is_possible():
        pytest.skip("disks are unpacked with qemu-img")
    judge(disk.name, lambda: packaged.build(disk), tmp_path)


def judge(name: str, build: Callable[[], Path], folder: Path) -> None:
    try:
        found = set(findings(build(), folder))
    except roots.NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    read = [one for one in verdicts() if name in one.roots]
    assert {(check, key) for check, key, _ in found}.isdisjoint((one.check, one.key) for one in read if not one.right)
    right = {(one.check, one.key) for one in read if one.right and one.severity in GRAVE}
    assert {(check, key) for check, key, grave in found if grave} == right


def test_every_verdict_has_a_reason_and_roots_that_are_built() -> None:
    known = {one.name for one in (*roots.ROOTS, *packaged.DISKS)}
    for one in verdicts():
        assert one.why
        assert set(one.roots) <= known
