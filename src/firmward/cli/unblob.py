"""unblob for the rest: what no reader here knows is given to that program, when it is installed and asked for.

The worker that reads an image may start nothing, so it asks the broker, a process beside it, through a socket, and
reads the folder with what came of it.
"""

import json
import os
import select
import shutil
import socket
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from firmward.cli import unblob_broker
from firmward.cli.unblob_broker import HEAD, LOOK, PIECE, PROGRAM, REPLY_LIMIT, Broker
from firmward.image.budget import Budget, Limits
from firmward.image.foreign import Unpacked
from firmward.image.source import Source
from firmward.model.errors import ToolError

INSTALL = "pip install 'firmward[unblob]'"


def find() -> str | None:
    """The program, beside this Python or on PATH; None when it is not installed."""
    beside = sysconfig.get_path("scripts")
    return shutil.which(PROGRAM, path=os.pathsep.join((beside, os.environ.get("PATH", os.defpath))))


class Unblob:
    """The worker's end."""

    name = PROGRAM

    def __init__(self, place: Path, line: socket.socket) -> None:
        self.place = place
        self._line = line
        self._count = 0

    def unpack(self, source: Source, budget: Budget) -> Unpacked:
        self._count += 1
        number = os.getpid() << 24 | self._count
        head = HEAD.pack(number, source.size, max(budget.expandable, 0))
        try:
            for piece in source.chunks(PIECE):
                budget.check_time()
                os.write(self._line.fileno(), head + piece)
            return self._answer(number, budget)
        except ConnectionError:
            return Unpacked(None, problems=(f"the process that starts {PROGRAM} ended",))

    def _answer(self, number: int, budget: Budget) -> Unpacked:
        while True:
            budget.check_time()
            if not select.select([self._line], [], [], LOOK)[0]:
                continue
            message = os.read(self._line.fileno(), REPLY_LIMIT)
            if not message:
                raise ConnectionResetError
            said = json.loads(message)
            if said["number"] == number:
                for problem in said["problems"] if said["cut_off"] else ():
                    budget.leave_out(problem)
                budget.expand(said["bytes"])
                folder = Path(said["folder"]) if said["folder"] else None
                return Unpacked(folder, tuple(said["kinds"]), tuple(said["problems"]))


@contextmanager
def unblob_beside(limits: Limits) -> Iterator[Unblob]:
    """unblob at the service of the workers that are forked in this block. Raises ToolError when it is not installed."""
    program = find()
    if program is None:
        raise ToolError(f"--unblob: {PROGRAM} is not installed ({INSTALL})")
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="firmward-unblob-"))).resolve()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = os.fork()
        if process == 0:
            ours.close()
            unblob_broker.serve(Broker(Path(program), place, limits, theirs))
        stack.callback(unblob_broker.end, process)
        theirs.close()
        stack.enter_context(ours)  # closed first, which the broker takes for the end
        yield Unblob(place, ours)
