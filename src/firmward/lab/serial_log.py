"""What came over the serial line, kept within bounds: a device may write without end.

The first half of what is kept is the beginning, the other half the end: why a start failed mostly stands in one of
them.
"""

from collections import deque
from typing import IO

LIMIT = 4 << 20
"""Bytes."""
LINE_LIMIT = 4096
"""Bytes of a line; what is longer is cut there into several."""


class SerialLog:
    """`file` takes the first half at once, so that it can be followed, the rest when it is closed."""

    def __init__(self, file: IO[bytes] | None = None, limit: int = LIMIT) -> None:
        self._file = file
        self._half = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.left_out = 0
        """Bytes that were let go."""

    def add(self, data: bytes) -> None:
        room = self._half - len(self._head)
        first, rest = data[:room], data[room:]
        if first:
            self._head += first
            if self._file is not None:
                self._file.write(first)
                self._file.flush()
        if rest:
            self._tail.append(rest)
            self._tail_size += len(rest)
        while self._tail and self._tail_size - len(self._tail[0]) >= self._half:
            gone = len(self._tail.popleft())
            self._tail_size -= gone
            self.left_out += gone

    def close(self) -> None:
        if self._file is not None:
            self._file.write(self.content()[len(self._head) :])
            self._file.flush()

    def content(self) -> bytes:
        note = f"\n... {self.left_out} bytes left out ...\n".encode() if self.left_out else b""
        return b"".join((bytes(self._head), note, *self._tail))


class Lines:
    """Cuts a stream into lines of text."""

    def __init__(self) -> None:
        self._pending = b""

    def add(self, data: bytes) -> list[str]:
        """The lines that this ends. U-Boot returns the carriage within a line, which is cut there too."""
        *whole, self._pending = (self._pending + data).replace(b"\r", b"\n").split(b"\n")
        while len(self._pending) > LINE_LIMIT:
            whole.append(self._pending[:LINE_LIMIT])
            self._pending = self._pending[LINE_LIMIT:]
        return [line[:LINE_LIMIT].decode("utf-8", "replace") for line in whole if line]
