"""A repository behind a web server, over HTTP/1.1 (http.py) or the same within TLS.

The server is not trusted, and neither is the line. It may send for ever, a byte a minute, or nothing: every answer has
a time by which it must be there, longer the more bytes it may have. Redirections are not followed. TLS, where the
address asks for it, hides what is fetched and proves nothing else.

`_socket` is what `socket` is made of, in every CPython: the constants and classes around it take longer to load than
all that is asked of a line here takes to do.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmward.formats.malformed import Malformed
from firmward.model.errors import DeviceError, InputError, TrustError
from firmward.trust.http import PART, Answer, request
from firmward.trust.place import Steps, WholeFilesError, quoted

if TYPE_CHECKING:
    from _socket import socket
    from ssl import SSLSocket

PIECE = 64 << 10
FOUND = 200
ABSENT = (403, 404, 410)
"""A bucket says 403 of what it does not have to whoever may not list it."""
PORTS = {"http": 80, "https": 443}
HOSTS_LIMIT = 4
"""Addresses of one name that are tried."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for a connection to one address, between two pieces, and for an answer's beginning; behind that an answer
    has to come at `rate` bytes a second, and may take no longer than it would at that when it has all that it may."""

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
        self._kept: _Line | None = None

    def read(self, path: Steps, limit: int) -> bytes | None:
        try:
            reply = self._asked(path, 0, limit)
            is_absent = reply.status in ABSENT
            if not is_absent:
                reply.expect(FOUND)
            # of an absent file too, so that the connection can be kept
            content = b"".join(self._pieces(reply, limit + 1))
        except (OSError, Malformed) as error:
            raise self._failure(path, error) from error
        if is_absent:
            return None
        if len(content) > limit:
            self.close()
            raise TrustError(f"{path[-1]}: has more than the {limit} bytes that it may have")
        return content

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        try:
            reply = self._asked(path, offset, limit)
            if offset and reply.status == FOUND:
                reply.line.close()
                raise WholeFilesError(f"{self._url(path)}: the server answers 200: it gives no part of a file")
            reply.expect(PART if offset else FOUND)
            yield from self._pieces(reply, limit)
        except (OSError, Malformed) as error:
            raise self._failure(path, error) from error

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
        self._kept = None

    def _asked(self, path: Steps, offset: int, limit: int) -> "_Reply":
        """One that was kept may have been closed by the server in the meantime: then a new one is asked."""
        line, self._kept = self._kept, None
        if line is not None:
            try:
                return self._reply(line, path, offset, limit)
            except TimeoutError:
                raise
            except (OSError, Malformed):
                pass
        return self._reply(self._address.line(self._patience), path, offset, limit)

    def _reply(self, line: "_Line", path: Steps, offset: int, limit: int) -> "_Reply":
        try:
            line.begin(limit)
            line.send(request(self._address.host, self._address.target(path), offset))
            return _Reply(line, offset)
        except (OSError, Malformed):
            line.close()
            raise

    def _pieces(self, reply: "_Reply", limit: int) -> Iterator[bytes]:
        """At most `limit` bytes. The connection is kept where that is all, and closed where anybody stops before."""
        try:
            while limit:
                piece = reply.more()[:limit]
                if not piece:
                    break
                limit -= len(piece)
                yield piece
        finally:
            if reply.line_is_free:
                self._kept = reply.line
            else:
                reply.line.close()

    def _failure(self, path: Steps, error: Exception) -> DeviceError:
        reason = "too slow" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        return DeviceError(f"{self._url(path)}: cannot be fetched: {reason}")

    def _url(self, path: Steps) -> str:
        return f"{self._address.base}/{'/'.join(path)}"


class _Reply:
    """An answer of which the head is there. Raises OSError and Malformed."""

    def __init__(self, line: "_Line", offset: int) -> None:
        self.line = line
        self._answer = Answer(offset)
        self._ready = b""
        while (head := self._answer.head) is None:
            self._ready = self._answer.take(line.receive())
        self._head = head

    @property
    def status(self) -> int:
        return self._head.status

    @property
    def line_is_free(self) -> bool:
        return self._head.keeps and self._answer.is_over

    def expect(self, status: int) -> None:
        if self.status != status:
            self.line.close()
            raise Malformed(f"the server answers {self.status}")

    def more(self) -> bytes:
        """The next piece of the content; empty behind the last one."""
        piece, self._ready = self._ready, b""
        while not piece and not self._answer.is_whole:
            piece = self._answer.take(self.line.receive())
        return piece


class _Line:
    """A socket with an end of patience, which comes later with all that is received: who drips is given up long before
    the largest answer would be whole."""

    def __init__(self, sock: "socket | SSLSocket", patience: Patience) -> None:
        self._socket = sock
        self._patience = patience
        self._until = self._latest = 0.0

    def begin(self, limit: int) -> None:
        """An answer of at most so many bytes."""
        now = time.monotonic()
        self._until, self._latest = self._patience.until(0, now), self._patience.until(limit, now)

    def send(self, data: bytes) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Empty where the other side ended it."""
        self._socket.settimeout(self._left())
        piece = self._socket.recv(PIECE)
        self._until = min(self._until + len(piece) / self._patience.rate, self._latest)
        return piece

    def close(self) -> None:
        self._socket.close()

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        return min(left, self._patience.silence)


@dataclass(frozen=True, slots=True)
class _Address:
    """`host` as a request names it, `name` as it is looked up."""

    base: str
    secure: bool
    host: str
    name: str
    port: int
    path: str

    def target(self, path: Steps) -> str:
        return "/".join([self.path, *map(quoted, path)])

    def line(self, patience: Patience) -> _Line:
        """Raises OSError."""
        sock = _connected(self.name, self.port, patience.connect)
        return _Line(_secured(sock, self.name) if self.secure else sock, patience)


def _connected(name: str, port: int, seconds: float) -> "socket":
    import _socket

    failure = OSError(f"{name} has no address")
    # given as text a name would be looked up by a codec that is slow to load; an address has ASCII alone
    found = _socket.getaddrinfo(name.encode("ascii"), port, 0, _socket.SOCK_STREAM)
    for family, kind, protocol, _, place in found[:HOSTS_LIMIT]:
        sock = _socket.socket(family, kind, protocol)
        try:
            sock.settimeout(seconds)
            sock.connect(place)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _secured(sock: "socket", name: str) -> "SSLSocket":
    """The socket's connection within TLS; the time for one connection is that of the handshake again."""
    import socket
    import ssl

    seconds = sock.gettimeout()
    whole = socket.socket(sock.family, sock.type, sock.proto, sock.detach())
    try:
        whole.settimeout(seconds)
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context.wrap_socket(whole, server_hostname=name)
    except (OSError, ValueError) as error:
        whole.close()
        raise OSError(str(error)) from error


def _parsed(address: str) -> _Address:
    base = address.rstrip("/")
    scheme, separator, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name, port = host, ""
    is_plain = address.isascii() and address.isprintable() and " " not in address and "@" not in host
    is_port = not colon or (port.isdecimal() and len(port) < 6 and 0 < int(port) < 1 << 16)
    if scheme not in PORTS or not separator or not name.strip("[]") or not is_plain or not is_port:
        raise InputError(f"{address[:200]}: is no address such as https://updates.maker.example/camera")
    number = int(port) if port else PORTS[scheme]
    return _Address(base, scheme == "https", host, name.strip("[]"), number, f"{slash}{path}")
