"""Outside programs that build a boot loader: where an administrator finds them, for a bounded time."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from firmward.build.interruption import held
from firmward.build.program import FULL
from firmward.model.errors import InputError, ToolError

ROOM = 1 << 16
"""Bytes: with less a disk is full, whatever a program says of it; some say nothing of why they could not write."""
TAIL = 2000
"""Characters of what a failed program said last."""


def search_path() -> str:
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def require(programs: Mapping[str, str], headers: Mapping[str, str] | None = None) -> None:
    """Raises ToolError that names every Debian package which is missing. Both map to packages: programs by name,
    headers by their place below /usr/include."""
    path = search_path()
    missing = {package for name, package in programs.items() if shutil.which(name, path=path) is None}
    missing |= {package for name, package in (headers or {}).items() if not _has_header(name)}
    if missing:
        raise ToolError(f"missing: install the Debian packages {' '.join(sorted(missing))}")


def _has_header(name: str) -> bool:
    return Path("/usr/include", name).exists() or any(Path("/usr/include").glob(f"*-linux-gnu*/{name}"))


def run(
    command: Sequence[str], seconds: float, *, folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, in a `folder`. Raises ToolError when it fails or takes longer, InputError when the disk
    is full; what it started ends with it."""
    environment = {**_environment(), **(variables or {})}
    with ExitStack() as stack:
        with held():
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
            stack.callback(_end, process)
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ToolError(f"{command[0]} did not end within {seconds:.0f} seconds: try again") from None
    if process.returncode:
        words = said.decode("utf-8", "replace").strip()[-TAIL:]
        if any(word in words for word in FULL) or (folder is not None and shutil.disk_usage(folder).free < ROOM):
            raise InputError(f"{command[0]}: the disk is full; make room and build again")
        raise ToolError(f"{' '.join(command[:3])} failed with {process.returncode}: {words}")
    return subprocess.CompletedProcess(command, 0, said, b"")


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment() -> dict[str, str]:
    """Words that change neither what is built nor the language of what is said."""
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "http_proxy", "https_proxy") if name in os.environ}
    return {**kept, "PATH": search_path(), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
