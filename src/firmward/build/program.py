"""Programs of the system that a build starts: one place, so that each is bounded, told apart and cleaned up after.

A program is started from a list, never by a shell, with an environment of our own: what a build makes must not depend
on the language, the time zone or the settings of who builds. It leads a process group of its own, which is ended with
it when its time is over or the build is interrupted, so that no child of it goes on writing.
"""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO

from firmward.build.interruption import held
from firmward.model.errors import InputError, ToolError

SYSTEM = ("/usr/sbin", "/sbin")
"""Where Debian keeps mke2fs and its like, which a user's PATH does not name."""
KEPT = ("TMPDIR",)
"""Variables that say where a program may work, and change nothing that it makes."""
LAST_LINES = 6
LINE_LIMIT = 400
"""Characters of one line of a program that are told."""
LEAST = 1 << 16
"""Bytes free: with less a disk is full."""
FULL = ("No space left on device", "File too large", "Disk quota exceeded")

NONE: Mapping[str, str] = MappingProxyType({})


class ProgramError(ToolError):
    """A program ran and refused; `code` is what it ended with, negative for a signal, `said` its last lines."""

    def __init__(self, name: str, code: int, said: str) -> None:
        ended = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        super().__init__(f"{name} {ended}: {said or 'it said nothing'}")
        self.code = code
        self.said = said


def run(
    command: Sequence[str | Path],
    *,
    epoch: int,
    package: str,
    seconds: float = 300,
    stdin: IO[bytes] | None = None,
    pass_fds: tuple[int, ...] = (),
    cwd: Path | None = None,
    variables: Mapping[str, str] = NONE,
) -> str:
    """Run a program of a Debian `package`; what it wrote to its standard output.

    Raises ToolError when it is not there or takes longer than `seconds`, ProgramError when it ends with an error, and
    InputError when the disk that it writes to is full. `variables` join the environment.
    """
    name = str(command[0])
    environment = {**_environment(epoch), **variables}
    with ExitStack() as stack:
        with held():
            try:
                process = subprocess.Popen(
                    [found(name, package), *map(str, command[1:])],
                    stdin=stdin or subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=environment,
                    cwd=cwd,
                    pass_fds=pass_fds,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise ToolError(f"{name} cannot be started: {error}") from error
            stack.enter_context(process)
            stack.callback(_end, process)
        out, err = _result(process, name, seconds)
    text = out.decode("utf-8", "replace")
    if process.returncode == 0:
        return text
    said = _last_lines(err.decode("utf-8", "replace") or text)
    if any(word in said for word in FULL) or _is_full(cwd):
        raise InputError(f"{name}: the disk is full ({said.rpartition(' | ')[2]}); make room and build again")
    raise ProgramError(name, process.returncode, said)


def _is_full(folder: Path | None) -> bool:
    """Some programs do not say why they could not write."""
    return folder is not None and shutil.disk_usage(folder).free < LEAST


def found(name: str, package: str) -> str:
    """Where a program is. Raises ToolError, which names the package to install."""
    place = shutil.which(name, path=_path())
    if place is None:
        raise ToolError(f"{shlex.quote(name)} is not installed; on Debian: apt install {package}")
    return place


def require(programs: Mapping[str, str], headers: Mapping[str, str] = NONE) -> None:
    """Raises ToolError that names every Debian package which is missing. Both map to packages: programs by name,
    headers by their place below /usr/include."""
    path = _path()
    missing = {package for name, package in programs.items() if shutil.which(name, path=path) is None}
    missing |= {package for name, package in headers.items() if not _has_header(name)}
    if missing:
        raise ToolError(f"programs are missing; on Debian: apt install {' '.join(sorted(missing))}")


def _has_header(name: str) -> bool:
    return Path("/usr/include", name).exists() or any(Path("/usr/include").glob(f"*-linux-gnu*/{name}"))


def _path() -> str:
    own = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin").split(os.pathsep)
    return os.pathsep.join([*own, *(folder for folder in SYSTEM if folder not in own)])


def _environment(epoch: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {"PATH": _path(), "TZ": "UTC", "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": str(epoch)}


def _result(process: "subprocess.Popen[bytes]", name: str, seconds: float) -> tuple[bytes, bytes]:
    try:
        return process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name} did not end within {seconds:g} seconds, and was stopped") from None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Also after an end in good order: a child that stays behind would go on writing."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_lines(text: str) -> str:
    lines = [line.strip()[:LINE_LIMIT] for line in text.splitlines() if line.strip()]
    return " | ".join(line for line in lines[-LAST_LINES:])
