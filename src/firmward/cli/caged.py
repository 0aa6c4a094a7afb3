"""Do work that reads hostile bytes in a process of its own, in a cage, and outlive it.

The worker opens the image and answers through a pipe; until then it says which part it is about to read, and each part
that it is done with. Should it die (a crash in a decompressor, no memory) or fall silent, the part it was at is to
blame: it is left out, and a new worker starts. What comes through the pipe is believed as little as the image: records
of the model and nothing else are taken from it.
"""

import gc
import io
import os
import pickle
import selectors
import signal
import struct
import sysconfig
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, is_dataclass
from datetime import date
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

from firmward.image import cage
from firmward.image.budget import Limits
from firmward.image.cage import Cage
from firmward.model import errors
from firmward.model.report import Part

if TYPE_CHECKING:
    from firmward.cli.unblob import Unblob

Answer = TypeVar("Answer")

RESTARTS = 8
"""Parts that may kill their reader before the rest is given up."""
SILENCE = 30.0
"""Seconds without a sign of life while a part is opened: every loop of ours looks at the clock far more often."""
GRACE = 10.0
"""Seconds beyond the budget for what looks at the clock late."""
LONG = 1e6
"""Seconds; a timer takes no infinity."""
GARBAGE = 20_000
"""New objects after which a worker looks for cycles; the default of 700 costs a twentieth of its time."""
PIECE = 1 << 16
FRAME_LIMIT = 1 << 30
"""Bytes of one message: a report with a finding for each of a million files."""

HEAD = struct.Struct("=cI")
ENTER, LEAVE, PART, TELL, BEAT, JUDGE, ANSWER, ERROR, FAULT = (bytes([sign]) for sign in b"elptbjarf")

KEPT = (ENTER, PART, ANSWER)
KEPT_COST = 1 << 10
"""Bytes that a message which is kept counts for beside its own."""

SHRUNK = signal.SIGBUS
"""What the kernel sends who reads a mapped file where it ends no longer."""


MODEL = "firmward.model."

PYTHON = ("stdlib", "platstdlib", "purelib", "platlib")
LIBRARIES = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/dev/null",
    "/dev/urandom",
)
"""What a program loads its own modules from, here and now, beside Python's folders."""


class Fault(Exception):  # noqa: N818 - says what happened in the worker
    """The worker met a fault of our own; the message is the last line of its traceback."""

    def __init__(self, text: str) -> None:
        super().__init__(text.strip().rpartition("\n")[2])
        self.add_note(text)


class Lost(Exception):  # noqa: N818 - no error: what is left of an answer
    """No worker came to an answer: the parts known until then, and why."""

    def __init__(self, parts: tuple[Part, ...], reason: str) -> None:
        super().__init__(reason)
        self.parts = parts
        self.reason = reason


class Journal:
    """What a worker says while it works."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def enter(self, part: str) -> None:
        """This part is read from now on."""
        self._say(ENTER, part.encode())

    def leave(self, part: Part) -> None:
        """This part is done with; the one that holds it goes on."""
        self._say(LEAVE, b"")
        self._say(PART, pickle.dumps(part))

    def judge(self) -> None:
        """All parts are open; what comes now has a clock of its own, and may print."""
        self._say(JUDGE, b"")

    def tell(self, message: str) -> None:
        """Progress, for who waits."""
        self._say(TELL, message.encode("utf-8", "backslashreplace"))

    def beat(self) -> None:
        """A sign of life."""
        self._say(BEAT, b"")

    def answer(self, value: object) -> None:
        self._say(ANSWER, pickle.dumps(value))

    def fail(self, error: Exception) -> None:
        if isinstance(error, errors.FirmwardError):
            self._say(ERROR, pickle.dumps((type(error).__name__, str(error))))
        else:
            self._say(FAULT, traceback.format_exc().encode("utf-8", "backslashreplace"))

    def _say(self, sign: bytes, content: bytes) -> None:
        data = memoryview(HEAD.pack(sign, len(content)) + content)
        while data:
            data = data[os.write(self._pipe, data) :]


Work = Callable[[Journal, Mapping[str, str]], Answer]
"""What a worker does: it is given its journal, and the parts to leave out with the reason."""


def walls_around(
    target: Path | None,
    limits: Limits,
    writable: tuple[Path, ...] = (),
    foreign: "Unblob | None" = None,
    given: tuple[Path, ...] = (),
) -> Cage:
    """The cage for a worker that reads this image: the image, the parts given beside it, what another program takes out
    of it, and what Python loads its modules from."""
    own = Path(__file__).parents[2]
    folders = (*(Path(sysconfig.get_path(name)) for name in PYTHON), *map(Path, LIBRARIES))
    unpacked = () if foreign is None else (foreign.place,)
    image = given if target is None else (target, *given)
    return Cage((*image, *unpacked, own, *folders), writable, limits.memory, int(2 * min(limits.seconds, LONG)) + 60)


def run_caged(work: Work[Answer], walls: Cage, seconds: float, tell: Callable[[str], None]) -> Answer:
    """The answer of the worker that came to one. Raises what the worker's FirmwardError was, Fault, or Lost."""
    ends = time.monotonic() + min(seconds, LONG) + GRACE
    avoided: dict[str, str] = {}
    shrunk = False
    while True:
        worker = _Worker[Answer](tell)
        try:
            worker.start(work, walls, avoided)
            cause = worker.listen(ends)
        finally:
            status = worker.stop()
        if cause is None and worker.answered:
            return cast(Answer, worker.value)
        reason = cause or _reason(status)
        if status == -SHRUNK and not shrunk:
            shrunk = True  # its pages are gone; a second look maps what is there now
            continue
        if not worker.at or len(avoided) >= RESTARTS or time.monotonic() >= ends:
            raise Lost(tuple(worker.parts.values()), reason)
        avoided[worker.at[-1]] = reason


@dataclass(slots=True)
class _Worker(Generic[Answer]):
    """One worker, and what it said: the parts it is in (`at`), those it is done with, its answer."""

    tell: Callable[[str], None]
    at: list[str] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)
    answered: bool = False
    value: object = None
    _process: int = 0
    _pipe: int = -1
    _said: bytearray = field(default_factory=bytearray)
    _judging: bool = False
    _kept: int = 0

    def start(self, work: Work[Answer], walls: Cage, avoided: Mapping[str, str]) -> None:
        self._pipe, theirs = os.pipe()
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})  # until `stop` knows of it
        try:
            self._process = os.fork()
            if self._process == 0:
                os.close(self._pipe)
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the process that leads
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_SETMASK, held)
                _do(work, walls, avoided, theirs)
        finally:
            os.close(theirs)
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def listen(self, ends: float) -> str | None:
        """Take in what is said until the pipe closes; what went wrong while it was still open."""
        heard = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while True:
                quiet_until = ends if self._judging else min(ends, heard + SILENCE)
                if not selector.select(max(0.0, quiet_until - time.monotonic())):
                    late = time.monotonic() >= ends
                    return "did not end in time" if late else f"gave no sign of life for {SILENCE:.0f} seconds"
                piece = os.read(self._pipe, PIECE)
                if not piece:
                    return None
                heard = time.monotonic()
                self._said += piece
                self._take()

    def _take(self) -> None:
        start = 0
        while len(self._said) - start >= HEAD.size:
            sign, length = HEAD.unpack_from(self._said, start)
            if length > FRAME_LIMIT:
                raise Fault("the worker's message is absurdly long")
            end = start + HEAD.size + length
            if len(self._said) < end:
                break
            self._count(sign, length)
            self._hear(sign, bytes(self._said[start + HEAD.size : end]))
            start = end
        del self._said[:start]

    def _count(self, sign: bytes, length: int) -> None:
        if sign in KEPT:
            self._kept += length + KEPT_COST
            if self._kept > FRAME_LIMIT:
                raise Fault("the worker says more than there can be to say")

    def _hear(self, sign: bytes, content: bytes) -> None:
        """Raises Fault for what no worker of ours says: one that was taken over shall not end the leader otherwise."""
        if sign == ENTER:
            self.at.append(_text(content))
        elif sign == LEAVE:
            del self.at[-1:]
        elif sign == PART:
            part = loads(content)
            if isinstance(part, Part) and isinstance(part.id, str):
                self.parts[part.id] = part
        elif sign == TELL:
            self.tell(_text(content))
        elif sign == JUDGE:
            self._judging = True
            self.tell("")
        elif sign == ANSWER:
            self.value, self.answered = loads(content), True
        elif sign == ERROR:
            _raise(loads(content))
        elif sign == FAULT:
            raise Fault(_text(content))

    def stop(self) -> int:
        """End it, if it has not; its exit code, or minus the signal that ended it."""
        if not self._process:
            return 0
        if not self.answered:
            self._reap_silent()
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        _, status = os.waitpid(self._process, 0)
        os.close(self._pipe)
        self._process = 0
        return os.waitstatus_to_exitcode(status)

    def _reap_silent(self) -> None:
        """A worker whose pipe is closed is ending by itself: that, and not our signal, is to be its status."""
        for _ in range(100):
            if os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return
            time.sleep(0.001)


def _do(
    work: Callable[[Journal, Mapping[str, str]], object], walls: Cage, avoided: Mapping[str, str], pipe: int
) -> NoReturn:
    """What a worker does; the exit handlers are the leader's business."""
    code = 1
    with suppress(BaseException):
        cage.die_with_parent()
        gc.freeze()  # what the leader imported stays, and is not looked through for garbage
        gc.set_threshold(GARBAGE)
        journal = Journal(pipe)
        try:
            cage.enter(walls)
            journal.answer(work(journal, avoided))
        except Exception as error:
            journal.fail(error)
        code = 0
    os._exit(code)


def _reason(status: int) -> str:
    if status == -signal.SIGKILL:
        return "was killed, perhaps for want of memory"
    if status == -signal.SIGXCPU:
        return "took more CPU than it may"
    if status == -SHRUNK:
        return "met the end of the file too early: it became shorter while it was read"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with {status} and no answer"


def _raise(said: object) -> NoReturn:
    match said:
        case (str(name), str(message)):
            found = getattr(errors, name, None)
            if isinstance(found, type) and issubclass(found, errors.FirmwardError):
                raise found(message)
    raise Fault("the worker's message cannot be taken: no error of ours")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")


class _Unpickler(pickle.Unpickler):
    """Takes the model's records, days and our enumerations, and nothing that could be called to do something."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("datetime", "date"):
            return date
        if module.startswith("firmward.") and "." not in name:
            found = getattr(import_module(module), name, None)
            if isinstance(found, type) and (
                issubclass(found, Enum) or (module.startswith(MODEL) and is_dataclass(found))
            ):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no record of the model")


def loads(content: bytes) -> object:
    """What a worker said. Raises Fault for anything but records of the model."""
    try:
        return _Unpickler(io.BytesIO(content)).load()
    except Exception as error:
        raise Fault(f"the worker's message cannot be taken: {error}") from None
