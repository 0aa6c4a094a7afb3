"""Processes that a test has to see the end of."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether a process still runs after a while; one that ended may wait for its parent."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    return True


def children() -> frozenset[int]:
    """The processes that this one has started and not waited for, the ended ones too."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(path.parent.name))
    return frozenset(found)


def end(pid: int) -> None:
    """End what should have ended by itself, so that a test that fails leaves nothing behind."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
