"""A repository behind a web server, over HTTP/1.1 (RFC 9112) or the same within TLS.

The server is not trusted, and neither is the line. It may send for ever, a byte a minute, or nothing: every answer has
a time by which it must be there, longer the more bytes it may have. Redirections are not followed. TLS, where the
address asks for it, hides what is fetched and proves nothing else.
"""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmward.model.errors import DeviceError, InputError, TrustError
from firmward.trust.place import Steps, quoted

if TYPE_CHECKING:
    import socket
    from http.client import HTTPConnection, HTTPResponse

PIECE = 64 << 10
FOUND, PART = 200, 206
ABSENT = (403, 404, 410)
"""A bucket says 403 of what it does not have to whoever may not list it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for a connection, between two pieces, and for an answer's beginning; behind that an answer may take as
    long as it would at `rate` bytes a second."""

    connect: float = 30.0
    silence: float = 30.0
    answer: float = 60.0
    rate: int = 256

    def until(self, size: int, now: float) -> float:
        return now + self.answer + size / self.rate


class Web:
    """A place (place.py). Keeps its connection between files; `close` ends it. Raises InputError for an address that
    is none."""

    def __init__(self, address: str, patience: Patience = Patience()) -> None:
        self._address = _parsed(address)
        self._patience = patience
        self._connection: HTTPConnection | None = None
        self._line: _Line | None = None

    def read(self, path: Steps, limit: int) -> bytes | None:
        try:
            answer = self._asked(path, 0, limit)
            if answer.status not in ABSENT:
                _expect(answer, FOUND)
            content = answer.read(limit + 1)  # of an absent file too, so that the connection can be kept
            self._settle(answer, is_whole=len(content) <= limit)
        except _failures() as error:
            raise self._failure(path, error) from error
        if answer.status in ABSENT:
            return None
        if len(content) > limit:
            self.close()
            raise TrustError(f"{path[-1]}: has more than the {limit} bytes that it may have")
        return content

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        try:
            answer = self._asked(path, offset, limit)
            _expect(answer, PART if offset else FOUND)
            while limit and (piece := answer.read1(min(PIECE, limit))):
                limit -= len(piece)
                yield piece
            self._settle(answer, is_whole=limit > 0)
        except _failures() as error:
            raise self._failure(path, error) from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._line = None

    def _asked(self, path: Steps, offset: int, limit: int) -> "HTTPResponse":
        """One that was kept may have been closed by the server in the meantime: then a new one is asked."""
        kept = self._connection is not None
        try:
            return self._answer(path, offset, limit)
        except _failures() as error:
            self.close()
            if not kept or isinstance(error, TimeoutError):
                raise
            return self._answer(path, offset, limit)

    def _answer(self, path: Steps, offset: int, limit: int) -> "HTTPResponse":
        connection, line = self._open()
        line.until = self._patience.until(limit, time.monotonic())
        headers = {"User-Agent": "firmward", "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        connection.request("GET", self._address.target(path), headers=headers)
        return connection.getresponse()

    def _open(self) -> "tuple[HTTPConnection, _Line]":
        if self._connection is None or self._line is None:
            connection = self._address.connection(self._patience.connect)
            connection.connect()
            self._line = _Line(connection.sock, self._patience.silence)
            connection.sock = self._line  # as much of a socket as http.client asks for
            self._connection = connection
        return self._connection, self._line

    def _settle(self, answer: "HTTPResponse", *, is_whole: bool) -> None:
        """Keep the connection if all was read. Raises ValueError where less came than was promised."""
        if is_whole and answer.length:
            raise ValueError(f"{answer.length} bytes are missing")
        if not answer.isclosed() or answer.will_close:
            answer.close()
            self.close()

    def _failure(self, path: Steps, error: Exception) -> DeviceError:
        self.close()
        reason = "too slow" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        return DeviceError(f"{self._url(path)}: cannot be fetched: {reason}")

    def _url(self, path: Steps) -> str:
        return f"{self._address.base}/{'/'.join(path)}"


class _Line:
    """A socket with an end of patience: as much of one as http.client uses. It is closed when nobody reads from it any
    more, as a socket is."""

    def __init__(self, sock: "socket.socket", silence: float) -> None:
        self._socket = sock
        self._silence = silence
        self._holders = 1
        self.until = 0.0

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._holders += 1
        return io.BufferedReader(_Reader(self), PIECE)

    def receive(self, buffer: memoryview) -> int:
        self._socket.settimeout(self._left())
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        self._holders -= 1
        if not self._holders:
            self._socket.close()

    def _left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        return min(left, self._silence)


class _Reader(io.RawIOBase):
    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._line.receive(buffer)

    def close(self) -> None:
        if not self.closed:
            self._line.close()
        super().close()


@dataclass(frozen=True, slots=True)
class _Address:
    base: str
    secure: bool
    host: str
    port: int | None
    path: str

    def target(self, path: Steps) -> str:
        return "/".join([self.path, *map(quoted, path)])

    def connection(self, timeout: float) -> "HTTPConnection":
        from http.client import HTTPConnection, HTTPSConnection

        kind = HTTPSConnection if self.secure else HTTPConnection
        return kind(self.host, self.port, timeout=timeout)


def _parsed(address: str) -> _Address:
    base = address.rstrip("/")
    scheme, separator, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name, port = host, ""
    is_plain = address.isascii() and address.isprintable() and " " not in address and "@" not in host
    if scheme not in ("http", "https") or not separator or not name or not is_plain or (colon and not port.isdecimal()):
        raise InputError(f"{address[:200]}: is no address such as https://updates.maker.example/camera")
    return _Address(base, scheme == "https", name.strip("[]"), int(port) if port else None, f"{slash}{path}")


def _expect(answer: "HTTPResponse", status: int) -> None:
    if answer.status != status:
        answer.close()
        raise ValueError(f"the server answers {answer.status}")


def _failures() -> tuple[type[Exception], ...]:
    from http.client import HTTPException

    return (OSError, HTTPException, ValueError)
