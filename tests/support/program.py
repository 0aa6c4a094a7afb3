"""Outside programs that make what a test reads, found where an administrator would, and not waited for without end."""

import os
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path

SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
SECONDS = 45
"""Far more than any of them takes; two attempts still end before a test's own limit."""


def find_program(name: str) -> str | None:
    return shutil.which(name, path=SEARCH_PATH)


def run_program(
    command: Sequence[str], *, feed: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run it, and once more where it hung, as genisoimage did once in thousands of runs.

    Raises subprocess.TimeoutExpired when the second attempt hangs too.
    """
    try:
        return _run(command, feed, cwd)
    except subprocess.TimeoutExpired:
        warnings.warn(f"{command[0]} hung for {SECONDS} seconds and is run again", stacklevel=2)
        return _run(command, feed, cwd)


def _run(command: Sequence[str], feed: bytes, cwd: Path | None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=feed, cwd=cwd, capture_output=True, check=False, timeout=SECONDS)
