"""QEMU's monitor (QMP, docs/interop/qmp-spec.txt): what the machine itself tells of its life.

A device whose console is off says nothing on its serial line; that it was reset is seen here alone. Messages are lines
of JSON, and events come between answers. What is asked is to begin, and what an attacker's
hand does to the machine: an event of a guest is no more than a name.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress

BEGIN = b'{"execute": "qmp_capabilities"}\n'
MESSAGE_LIMIT = 1 << 16
"""Bytes of one message; events have some hundred."""
RESET, SHUTDOWN, PANICKED = "RESET", "SHUTDOWN", "GUEST_PANICKED"
ANSWERED = "greeting"
"""That QEMU runs, which is the first that it tells."""


class Monitor:
    """The end of a socket whose other one QEMU inherits as `theirs`."""

    def __init__(self) -> None:
        self.line, self.theirs = socket.socketpair()
        self.line.setblocking(False)
        self._pending = b""
        self._closed = False
        self.answered: object = None
        """What the last question got for an answer that holds something; a command that is obeyed gets an empty one."""

    def close(self) -> None:
        self.line.close()
        self.theirs.close()

    @property
    def is_open(self) -> bool:
        return not self._closed

    def events(self) -> Iterator[str]:
        """The names of what came since it was last asked."""
        self._receive()
        *whole, self._pending = self._pending.split(b"\n")
        if len(self._pending) > MESSAGE_LIMIT:
            self._pending, self._closed = b"", True
        for message in whole:
            with suppress(ValueError, RecursionError):
                said = json.loads(message)
                if isinstance(said, dict) and "QMP" in said:
                    self._begin()
                    yield ANSWERED
                elif isinstance(said, dict) and isinstance(said.get("event"), str):
                    yield said["event"]
                elif isinstance(said, dict) and said.get("return"):
                    self.answered = said["return"]

    def send(self, message: str) -> None:
        """A command; nobody waits for its answer."""
        with suppress(OSError):
            self.line.send(f"{message}\n".encode())

    def _receive(self) -> None:
        while not self._closed and len(self._pending) <= MESSAGE_LIMIT:
            try:
                piece = self.line.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            self._closed = not piece
            self._pending += piece

    def _begin(self) -> None:
        with suppress(OSError):  # it may have ended already; what it said before is there to be read yet
            self.line.send(BEGIN)
