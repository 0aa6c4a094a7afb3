"""One QEMU, as a process that never outlives whoever started it.

It leads a session of its own, so that an interruption at the terminal reaches firmward alone, which then ends it. The
kernel ends it when firmward is killed. Ending is always SIGKILL, the virtual power cut: what the device wrote before
is in its media already, and a QEMU that hangs or was taken over is not asked.
"""

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO, cast

from firmward.build.interruption import held
from firmward.lab.board import VirtualBoard
from firmward.lab.monitor import Monitor
from firmward.lab.serial_log import SerialLog
from firmward.model.errors import DeviceError, ToolError

PIECE = 1 << 16
COMPLAINT = 4096
"""Bytes of what QEMU said last that are told when it dies."""
ENDS_SOON = 5.0
"""Seconds that a killed process is waited for; the kernel needs longer only when a disk hangs."""
PATHS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came in one moment: bytes of the serial line, and names of events of the machine."""

    serial: bytes
    events: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.serial or self.events)


def program(board: VirtualBoard) -> str:
    """Raises ToolError that names the package."""
    own = os.environ.get("PATH", "")
    found = shutil.which(board.program, path=os.pathsep.join((own, *PATHS)))
    if found is None:
        raise ToolError(f"{board.program} is not installed; on Debian: apt install {board.package}")
    return found


class Machine:
    """A context: the process runs from its beginning to its end at the most."""

    def __init__(
        self, command: Sequence[str], log: SerialLog, monitor: Monitor | None = None, descriptors: tuple[int, ...] = ()
    ) -> None:
        self._name = os.path.basename(command[0])  # noqa: PTH119 - a text
        self._log = log
        self._monitor = monitor
        self._complaint = b""
        self._deaf = False
        passed = descriptors if monitor is None else (*descriptors, monitor.theirs.fileno())
        tie = _tie_to(os.getpid())
        try:
            with ExitStack() as stack:
                with held():
                    self.process = subprocess.Popen(
                        command,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        bufsize=0,
                        start_new_session=True,
                        pass_fds=passed,
                        env={"PATH": os.pathsep.join(PATHS), "LC_ALL": "C.UTF-8"},
                        # no thread runs yet, and between fork and exec there are two system calls
                        preexec_fn=tie,  # noqa: PLW1509
                    )
                    stack.callback(self.stop)
                stack.pop_all()
        except OSError as error:
            raise ToolError(f"{command[0]}: cannot be started: {error.strerror}") from error
        if monitor is not None:
            monitor.theirs.close()
        self._in, self._out, self._err = (
            cast("IO[bytes]", stream).fileno()
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr)
        )
        for stream in (self._out, self._err):
            os.set_blocking(stream, False)

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def has_ended(self) -> bool:
        """Nothing will be heard any more."""
        return self._deaf and self.process.poll() is not None

    def hear(self, seconds: float, also: Sequence[int] = ()) -> Heard:
        """What comes within this time, the first of it at once. Returns as well when one of the descriptors `also` can
        be read. Raises DeviceError when the process ended by itself with an error."""
        watched = [] if self._deaf else [self._out, self._err]
        if self._monitor is not None and self._monitor.is_open:
            watched.append(self._monitor.line.fileno())
        ready = select.select([*watched, *also], [], [], max(seconds, 0))[0]
        serial = b"" if self._deaf else self._read(ready)
        # events last: a reset comes behind the words with which the device gave up
        events = () if self._monitor is None else tuple(self._monitor.events())
        if not serial and (self._deaf or self.process.poll() is not None):
            self._deaf = True
            self._refuse_death()
            # what it said between the two looks, before it ended
            events = (*events, *(() if self._monitor is None else self._monitor.events()))
        return Heard(serial, events)

    def _read(self, ready: Sequence[int]) -> bytes:
        if self._err in ready:
            self._complaint = (self._complaint + (_available(self._err) or b""))[-COMPLAINT:]
        if self._out not in ready:
            return b""
        data = _available(self._out)
        if data == b"":
            self._deaf = True
        self._log.add(data or b"")
        return data or b""

    def _refuse_death(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDS_SOON)
        code = self.process.returncode
        if code == 0:
            return
        self._complaint = (self._complaint + (_available(self._err) or b""))[-COMPLAINT:]
        words = self._complaint.decode("utf-8", "replace").strip() or "it said nothing"
        how = "closed its serial line" if code is None else f"ended with {code}"
        raise DeviceError(f"{self._name} {how}: {words}")

    def write(self, data: bytes) -> None:
        """To the serial line. Raises DeviceError when it takes no more."""
        try:
            while data:
                data = data[os.write(self._in, data) :]
        except OSError as error:
            raise DeviceError(f"the serial line takes nothing any more: {error.strerror}") from error

    def command(self, message: str) -> None:
        """One of QEMU's monitor, as JSON; what it answers is not waited for."""
        if self._monitor is not None:
            self._monitor.send(message)

    @property
    def answered(self) -> object:
        """What QEMU's monitor answered last."""
        return None if self._monitor is None else self._monitor.answered

    def stop(self) -> None:
        """End it, whatever it does; nothing of it is left then."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDS_SOON)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _available(descriptor: int) -> bytes | None:
    """Empty at the end, None when there is nothing now."""
    try:
        return os.read(descriptor, PIECE)
    except BlockingIOError:
        return None


def _tie_to(parent: int) -> Callable[[], None]:
    from firmward.image.cage import die_with_parent, walls

    walls()  # the C library is loaded here, not between fork and exec

    def tie() -> None:
        die_with_parent()
        if os.getppid() != parent:  # it ended before it could be tied to
            os._exit(1)

    return tie
