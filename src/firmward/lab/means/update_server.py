"""The man in the middle: he has the line to the update server, and answers in its place whatever he likes.

He is another machine on the device's wire (station.py), at the address that both updaters ask; where the device's own
ports are called meanwhile, he stands at a switch. What he offers can be changed while the device runs. All that is
asked is noted, and what became of each answer: that is what is seen from outside of an updater.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from firmward.lab.means import dhcp, tcp
from firmward.lab.station import ADDRESS, Station
from firmward.lab.switch import Switch

PORT = 8080
URL = f"http://10.0.2.99:{PORT}"
"""What the sample camera's updater asks, and what the build's policy has to name: update.server."""
TURN = 0.02
"""Seconds between two looks at the wire."""
PIECE = 16 << 10
REQUEST_LIMIT = 16 << 10


class Answer(Protocol):
    """`head` is all that goes before the content."""

    @property
    def head(self) -> bytes: ...

    def pieces(self) -> Iterator[bytes]:
        """The content; an empty piece is a moment in which nothing is sent."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A file, from `offset` on; None is one that is not there."""

    content: bytes | None
    offset: int = 0

    @property
    def head(self) -> bytes:
        if self.content is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        size = len(self.content)
        if not self.offset:
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
        if self.offset >= size:
            return b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n"
        part = (self.offset, size - 1, size, size - self.offset)
        return b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n" % part

    def pieces(self) -> Iterator[bytes]:
        content = self.content or b""
        yield from (content[at : at + PIECE] for at in range(self.offset, len(content), PIECE))


@dataclass(frozen=True, slots=True)
class Endless:
    """No length is told, and there is no end."""

    head: bytes = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

    def pieces(self) -> Iterator[bytes]:
        while True:
            yield b" " * PIECE


@dataclass(frozen=True, slots=True)
class Slow:
    """A byte, and then nothing for a while, and so on."""

    every: float = 2.0
    head: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"

    def pieces(self) -> Iterator[bytes]:
        due = time.monotonic()
        while True:
            if time.monotonic() < due:
                yield b""
                continue
            due = time.monotonic() + self.every
            yield b" "


Site = Callable[[str, int], Answer]
"""What is answered to a path, from an offset on."""


def nothing(_path: str, _offset: int) -> Answer:
    return Whole(None)


def folder(top: Path) -> Site:
    """The files of a folder."""

    def answer(path: str, offset: int) -> Answer:
        file = top / path.lstrip("/")
        is_inside = ".." not in file.parts and file.is_file()
        return Whole(file.read_bytes() if is_inside else None, offset)

    return answer


def over(files: Mapping[str, bytes], below: Site = nothing) -> Site:
    """These files by their paths, and behind them what another site has."""
    return lambda path, offset: Whole(files[path], offset) if path in files else below(path, offset)


def always(answer: Answer) -> Site:
    """The same to everybody."""
    return lambda _path, _offset: answer


@dataclass
class Asked:
    """`at` and `ended` by the monotonic clock, `ended` None while the connection is open. `taken` are the bytes of
    the connection that the device acknowledged before it ended, or until now. `offset` is where in the file it was to
    begin."""

    path: str
    at: float
    ended: float | None = None
    taken: int = 0
    offset: int = 0


class _Exchange:
    """One connection, which is HTTP/1.1 and may ask for several files."""

    def __init__(self, site: Callable[[], Site], log: list[Asked]) -> None:
        self._site, self._log = site, log
        self._request = b""
        self._own: list[Asked] = []
        self._answers: list[Iterator[bytes]] = []

    def heard(self, data: bytes) -> None:
        self._request += data
        while b"\r\n\r\n" in self._request:
            head, _, self._request = self._request.partition(b"\r\n\r\n")
            self._answer(head.decode("latin-1"))
        self._request = self._request[-REQUEST_LIMIT:]

    def more(self) -> bytes | None:
        while self._answers:
            piece = next(self._answers[0], None)
            if piece is not None:
                return piece
            self._answers.pop(0)
        return b""

    def ended(self, taken: int) -> None:
        for one in self._own:
            one.ended, one.taken = time.monotonic(), taken

    def _answer(self, head: str) -> None:
        path, offset = asked(head)
        one = Asked(path, time.monotonic(), offset=offset)
        self._own.append(one)
        self._log.append(one)
        answer = self._site()(path, offset)
        self._answers.append(_with_head(answer))


def _with_head(answer: Answer) -> Iterator[bytes]:
    yield answer.head
    yield from answer.pieces()


def asked(head: str) -> tuple[str, int]:
    """The path of a request, and the offset from which a file is wanted."""
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    start = fields.get("range", "").removeprefix("bytes=").partition("-")[0]
    return (words[1] if len(words) > 1 else "", int(start) if start.isdecimal() else 0)


class UpdateServer:
    """`site` is what is offered now. `log` is what was asked until now, by a thread that serves. `wire` is what the
    device is plugged in."""

    def __init__(self, site: Site, switch: Switch | None = None) -> None:
        self.site = site
        self.log: list[Asked] = []
        self.taken = 0
        """Bytes that the device took of the connection that is open now."""
        self.wire = Station() if switch is None else switch
        self.station = self.wire if isinstance(self.wire, Station) else self.wire.station
        self._done = threading.Event()
        self._tcp = tcp.Server(ADDRESS, PORT, self.station.send, lambda: _Exchange(lambda: self.site, self.log))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._done.set()
        self._thread.join()
        self.wire.close()

    @property
    def taken_in_all(self) -> int:
        """Bytes that the device took of all connections until now, the heads of answers among them."""
        return self._tcp.taken_in_all

    def paths(self, since: float = 0.0) -> list[str]:
        """What was asked since a moment of the monotonic clock."""
        return [one.path for one in tuple(self.log) if one.at >= since]

    def _serve(self) -> None:
        while not self._done.is_set():
            for packet in self.station.packets(TURN):
                lease = dhcp.answer(packet)
                if lease is not None:
                    self.station.send(lease)
                self._tcp.take(packet)
            self._tcp.tick()
            self.taken = self._tcp.taken


@contextmanager
def serving(site: Site) -> Iterator[UpdateServer]:
    with closing(UpdateServer(site)) as server:
        server.start()
        yield server


@contextmanager
def serving_beside(site: Site) -> Iterator[UpdateServer]:
    """The device's own ports can be called meanwhile."""
    with closing(UpdateServer(site, Switch())) as server:
        server.start()
        yield server
