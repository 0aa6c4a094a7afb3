"""The process that starts unblob for a worker which may start nothing.

It takes the bytes of a part through a socket, has unblob take them apart in a folder, and says what came of it. It sits
in a cage too, with all that it starts: they read programs and their own folder, write that folder, and reach no
network. Their time, memory and output are bounded, and they end when the worker does.

The socket keeps messages apart, and each has its request's number: a worker that dies on the way leaves nothing behind
that the next one would stumble over. unblob is not imported: some of what it stands on has a licence of another kind.
"""

import json
import math
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from firmward.image import cage
from firmward.image.budget import Limits
from firmward.image.cage import Cage

PROGRAM = "unblob"
OPTIONS = ("--depth", "1", "--randomness-depth", "0", "--process-num", "1")
"""One layer at a time: what is inside is read by our own readers first."""

PIECE = 32 << 10
"""Bytes in one message."""
HEAD = struct.Struct("=QQQ")
"""Of a message: the request's number, all bytes of the part, and the bytes that it may expand to."""
REPLY_LIMIT = 32 << 10
REPORT_LIMIT = 16 << 20
"""Bytes of unblob's own report."""
TOLD = 5
"""Things that could not be opened, told of one part."""
LOOK = 0.5
"""Seconds between two looks at how much was written."""
PATIENCE = 5.0
"""Seconds for the broker to end by itself."""

PROGRAMS = ("/bin", "/sbin", "/lib", "/lib64", "/usr", "/opt", "/nix/store")
SETTINGS = ("/etc/ld.so.cache", "/etc/magic", "/etc/localtime", "/proc/self", "/proc/cpuinfo", "/dev/urandom")
WRITABLE = ("/dev/null", "/dev/shm")  # noqa: S108 - where Python's semaphores live


@dataclass(frozen=True, slots=True)
class Broker:
    """The program, the folder that it may write, what it may cost, and the broker's end of the socket."""

    program: Path
    place: Path
    limits: Limits
    line: socket.socket


class _Abandoned(Exception):  # noqa: N818 - says what happened
    """Nobody waits for the answer any more."""


def serve(broker: Broker) -> NoReturn:
    """What the process does until nobody is at the other end."""
    code = 1
    with suppress(BaseException):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the process that leads
        cage.enter(_walls(broker))
        with suppress(EOFError):
            message = None
            while True:
                message = _serve_one(broker, message or _receive(broker.line))
        code = 0
    os._exit(code)


def end(process: int) -> None:
    """Wait for a broker whose socket was closed."""
    ends = time.monotonic() + PATIENCE
    while os.waitpid(process, os.WNOHANG)[0] == 0:
        if time.monotonic() > ends:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return
        time.sleep(0.01)


def _walls(broker: Broker) -> Cage:
    own = (broker.program.parent, broker.program.resolve().parent)
    python = (Path(sys.prefix), Path(sys.base_prefix))
    seconds = broker.limits.seconds
    return Cage(
        tuple(map(Path, SETTINGS)),
        (broker.place, *map(Path, WRITABLE)),
        broker.limits.memory,
        None if math.isinf(seconds) else int(2 * seconds) + 60,
        runnable=(*map(Path, PROGRAMS), *python, *own),
    )


class _Message(NamedTuple):
    """A piece of a part, with the request's number, all bytes of the part, and those that it may expand to."""

    number: int
    size: int
    room: int
    piece: bytes


def _receive(line: socket.socket) -> _Message:
    """Raises EOFError when there will be none."""
    message = os.read(line.fileno(), HEAD.size + PIECE)
    if len(message) < HEAD.size:
        raise EOFError
    number, size, room = HEAD.unpack_from(message)
    return _Message(number, size, room, message[HEAD.size :])


def _serve_one(broker: Broker, message: _Message) -> _Message | None:
    """Take one part in, have it taken apart, answer; the first message of another request if that came meanwhile."""
    folder = broker.place / f"{message.number:x}"
    folder.mkdir()
    taken = 0
    with (folder / "part").open("wb") as file:
        while True:
            file.write(message.piece)
            taken += len(message.piece)
            if taken >= message.size:
                break
            following = _receive(broker.line)
            if following.number != message.number:
                return following
            message = following
    with suppress(_Abandoned):
        said = _take_apart(broker, folder, min(message.room, broker.limits.expanded_bytes))
        os.write(broker.line.fileno(), json.dumps({"number": message.number, **said}).encode())
    return None


def _take_apart(broker: Broker, folder: Path, room: int) -> dict[str, object]:
    """The answer. Raises _Abandoned when nobody waits for it any more."""
    files = ("--report", "report.json", "--log", "log.txt", "--extract-dir", "out", "part")
    command = [str(broker.program), *OPTIONS, *files]
    paths = os.pathsep.join((str(broker.program.parent), os.environ.get("PATH", os.defpath)))
    environment = {"PATH": paths, "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        reason = _wait(process, broker, folder / "out", room)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    kinds, problems = _report(folder / "report.json")
    found = folder / "out" / "part_extract"
    if reason:
        problem = f"{PROGRAM} {reason}"
        return {"folder": None, "kinds": [], "problems": [problem], "bytes": 0, "cut_off": not process.returncode > 0}
    return {
        "folder": str(found) if kinds and found.is_dir() else None,
        "kinds": kinds[:TOLD],
        "problems": [f"{PROGRAM} {problem}" for problem in problems[:TOLD]],
        "bytes": _written(folder / "out").bytes,
        "cut_off": False,
    }


def _wait(process: "subprocess.Popen[bytes]", broker: Broker, output: Path, room: int) -> str:
    """Until it ends; why it had to be ended, or nothing. Raises _Abandoned."""
    while process.poll() is None:
        if select.select([broker.line], [], [], 0)[0]:
            raise _Abandoned
        written = _written(output)
        if written.bytes > room:
            return f"wrote more than {room} bytes (--budget-mib)"
        if written.entries > broker.limits.entries:
            return f"wrote more than {broker.limits.entries} files"
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK)
    return f"ended with {process.returncode}" if process.returncode else ""


@dataclass(slots=True)
class _Written:
    bytes: int = 0
    entries: int = 0


def _written(folder: Path) -> _Written:
    """How much lies below a folder that may still be growing."""
    account = _Written()
    pending = [os.fspath(folder)]
    while pending:
        with suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                account.entries += 1
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    account.bytes += entry.stat(follow_symlinks=False).st_blocks * 512
    return account


def _report(path: Path) -> tuple[list[str], list[str]]:
    """From unblob's report: the kinds that it met, and what it could not open."""
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(REPORT_LIMIT))
        rows = [row for task in said for row in task["reports"]]
        chunks = [row for row in rows if "handler_name" in row]
        errors = [row for chunk in chunks for row in chunk["extraction_reports"]]
        errors += [row for row in rows if "severity" in row]
        return sorted({chunk["handler_name"] for chunk in chunks}), list(dict.fromkeys(map(_error, errors)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # a version with another kind of report
        return [], ["gave no report"]


def _error(row: dict[str, Any]) -> str:
    missing = row.get("dependencies")
    if missing:
        return f"needs {', '.join(missing)}"
    return f"reports {row.get('__typename__', 'an error').removesuffix('Report')}"
