"""The public suite theupdateframework/tuf-conformance, whole. FIRMWARD_TUF_CONFORMANCE names a checkout of it.

Our client runs with the interpreter that runs the tests, from the sources. `faketime` has to be installed.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = os.environ.get("FIRMWARD_TUF_CONFORMANCE")
CLIENT = Path(__file__).parents[2] / "tools/tuf-conformance-client"
WHOLE = 113
"""Tests that the suite had when this was written."""


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.skipif(FOLDER is None, reason="FIRMWARD_TUF_CONFORMANCE names no checkout")
@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
def test_the_suite_passes_whole(tmp_path: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(FOLDER), "--basetemp", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tuf_conformance", "--entrypoint", f"{sys.executable} {CLIENT}"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=850,
        check=False,
    )
    counted = re.search(r"^(\d+) passed in ", done.stdout, re.MULTILINE)
    assert counted, done.stdout[-4000:]
    assert int(counted[1]) >= WHOLE
