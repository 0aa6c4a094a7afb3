"""A U-Boot that runs in QEMU, spoken to through its serial line."""

import os
import re
import select
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

PROMPT = re.compile(rb"(?:^|[\r\n])(=> |[\w .-]{0,24}[#>] )$")
STOPS = re.compile(rb"stop autoboot: *(-?\d+)")
TEXT_LIMIT = 1 << 20


class Silent(Exception):  # noqa: N818 - it is what the machine is
    """The machine did not come to a prompt in time."""


class Machine:
    """A started machine, whose autoboot is stopped as soon as it can be."""

    def __init__(self, command: Sequence[str], seconds: float = 90) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self.delay: int | None = None
        """Seconds that it would have waited, as it said; None when it does not wait."""
        self.said = self._start(seconds)

    def __enter__(self) -> "Machine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._input.close()
        self._output.close()

    def ask(self, command: str, seconds: float = 40) -> str:
        """What a command says, with plain ends of lines and without the prompt."""
        self._type(command.encode() + b"\n")
        said = self._until(PROMPT, seconds).replace(b"\r", b"")
        return said.partition(b"\n")[2].rpartition(b"\n")[0].decode("latin-1") + "\n"

    def _start(self, seconds: float) -> str:
        try:
            said = self._until(re.compile(STOPS.pattern + b"|" + PROMPT.pattern), seconds)
            found = STOPS.search(said)
            if found is not None:
                self.delay = int(found[1])
                self._type(b" ")
                said += self._until(PROMPT, seconds)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return said.decode("latin-1")

    def _type(self, text: bytes) -> None:
        self._input.write(text)
        self._input.flush()

    def _until(self, sign: re.Pattern[bytes], seconds: float) -> bytes:
        said, end = b"", time.monotonic() + seconds
        while time.monotonic() < end and len(said) < TEXT_LIMIT:
            ready, _, _ = select.select([self._output], [], [], 0.2)
            block = self._output.read() if ready else None
            if ready and not block:
                raise Silent(f"it ended: {said[-300:]!r}")
            said += block or b""
            if sign.search(said[-200:]):
                return said
        raise Silent(f"{said[-300:]!r}")
