"""Outside programs that make what a test reads, found where an administrator would, and not waited for without end."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
SECONDS = 90
"""Far more than any of them takes, and less than a test's own limit: one that hangs is named."""


def find_program(name: str) -> str | None:
    return shutil.which(name, path=SEARCH_PATH)


def run_program(
    command: Sequence[str], *, feed: bytes = b"", cwd: Path | None = None, seconds: float = SECONDS
) -> subprocess.CompletedProcess[bytes]:
    """Raises subprocess.TimeoutExpired when it hangs."""
    return subprocess.run(command, input=feed, cwd=cwd, capture_output=True, check=False, timeout=seconds)
