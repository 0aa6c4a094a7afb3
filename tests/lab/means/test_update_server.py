"""The man in the middle: a server on the wire alone, called here by the TCP of QEMU's user mode network."""

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmward.lab.means import dhcp, tcp, update_server
from firmward.lab.means.update_server import (
    Endless,
    Slow,
    UpdateServer,
    Whole,
    always,
    asked,
    folder,
    nothing,
    over,
    serving,
)
from firmward.lab.station import ADDRESS, DEVICE, UDP, Packet, datagram, udp

QEMU = shutil.which("qemu-system-aarch64")
BIG = os.urandom(3 << 20)
CALLER = (DEVICE, 40001)


@contextmanager
def called(server: UpdateServer) -> Iterator[int]:
    """The port of this machine that leads to the server, over a QEMU that plays a network and no machine."""
    with socket.create_server(("127.0.0.1", 0)) as asked:
        port: int = asked.getsockname()[1]
    wire = server.station.theirs.fileno()
    words = (
        *(QEMU or "", "-M", "none", "-nodefaults", "-nographic", "-monitor", "none"),
        *("-netdev", f"user,id=here,hostfwd=tcp:127.0.0.1:{port}-10.0.2.99:{update_server.PORT}"),
        *("-netdev", f"socket,id=wire,fd={wire}"),
        *("-netdev", "hubport,id=one,hubid=0,netdev=here", "-netdev", "hubport,id=two,hubid=0,netdev=wire"),
    )
    process = subprocess.Popen(words, pass_fds=[wire], stdin=subprocess.DEVNULL)
    try:
        until(lambda: is_open(port))
        yield port
    finally:
        process.kill()
        process.wait()


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def until(seen: Callable[[], bool], seconds: float = 10.0) -> bool:
    limit = time.monotonic() + seconds
    while not seen() and time.monotonic() < limit:
        time.sleep(0.02)
    return seen()


needs_qemu = pytest.mark.skipif(QEMU is None, reason="qemu-system-aarch64 is missing")


@pytest.fixture
def server() -> Iterator[UpdateServer]:
    with serving(nothing) as made:
        yield made


@needs_qemu
def test_files_come_whole_over_one_connection(server: UpdateServer) -> None:
    server.site = over({"/big": BIG, "/small": b"words"})
    with called(server) as port:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for path, content in (("/small", b"words"), ("/big", BIG), ("/none", b"")):
            line.request("GET", path)
            answer = line.getresponse()
            assert (answer.status, answer.read()) == (404 if path == "/none" else 200, content)
        line.request("GET", "/big", headers={"Range": f"bytes={len(BIG) - 10}-"})
        answer = line.getresponse()
        assert (answer.status, answer.read()) == (206, BIG[-10:])
        assert server.paths() == ["/small", "/big", "/none", "/big"]
        assert [one.offset for one in server.log] == [0, 0, 0, len(BIG) - 10]
        assert all(one.ended is None for one in server.log)
        line.close()
        assert until(lambda: all(one.ended is not None for one in server.log))
    assert server.log[0].taken > len(BIG)


@needs_qemu
def test_what_has_no_end_is_counted_until_the_caller_breaks_off(server: UpdateServer) -> None:
    server.site = always(Endless())
    with called(server) as port:
        line = socket.create_connection(("127.0.0.1", port), 20)
        line.sendall(b"GET / HTTP/1.1\r\n\r\n")
        got = 0
        while got < 2 << 20:
            got += len(line.recv(1 << 16))
        assert server.taken > 1 << 20
        line.close()
        assert until(lambda: server.log[0].ended is not None)
        assert server.log[0].taken > 1 << 20


@needs_qemu
def test_what_was_taken_is_counted_over_all_connections(server: UpdateServer) -> None:
    server.site = over({"/big": BIG})
    with called(server) as port:
        for turn in (1, 2):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            line.request("GET", "/big")
            assert line.getresponse().read() == BIG
            line.close()
            assert until(lambda: all(one.ended is not None for one in server.log))
            assert turn * len(BIG) <= server.taken_in_all <= turn * (len(BIG) + 200)


@needs_qemu
def test_what_drips_stays_open_and_what_is_offered_changes(server: UpdateServer) -> None:
    server.site = always(Slow(every=0.05))
    with called(server) as port:
        line = socket.create_connection(("127.0.0.1", port), 20)
        line.sendall(b"GET /a HTTP/1.1\r\n\r\n")
        assert until(lambda: server.taken > len(Slow().head) + 5)
        assert server.log[0].ended is None
        server.site = over({"/b": b"other"})
        other = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        other.request("GET", "/b")
        assert other.getresponse().read() == b"other"
        line.close()
        other.close()


def test_a_request_says_its_path_and_where_it_begins() -> None:
    assert asked("GET /a/b HTTP/1.1\r\nHost: x\r\nRange: bytes=17-") == ("/a/b", 17)
    assert asked("GET /a HTTP/1.1") == ("/a", 0)
    for nonsense in ("", "GET", "\r\n\r\n", "GET /a\r\nRange: bytes=-5"):
        assert asked(nonsense)[1] == 0


def test_a_folder_gives_nothing_from_outside(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").write_bytes(b"secret")
    (tmp_path / "in/file").write_bytes(b"words")
    site = folder(tmp_path / "in")
    assert site("/file", 0) == Whole(b"words")
    assert site("/../out", 0) == site("/gone", 0) == site("", 0) == Whole(None)


class Played:
    """A caller's packets, one by one, and what the server sends for each."""

    def __init__(self, program: tcp.Program) -> None:
        self.sent: list[tcp.Segment] = []
        self.server = tcp.Server(ADDRESS, 8080, self._send, lambda: program)
        self.number = 1000

    def _send(self, packet: Packet) -> None:
        found = tcp.parsed(packet)
        assert found is not None
        assert (packet.source, packet.target) == (ADDRESS, DEVICE)
        self.sent.append(found)

    def gives(self, flags: int, data: bytes = b"", window: int = 4000, acknowledges: int | None = None) -> None:
        last = self.sent[-1] if self.sent else None
        ends = 0 if last is None else last.number + len(last.data) + bool(last.flags & (tcp.SYN | tcp.FIN))
        number = ends if acknowledges is None else acknowledges
        segment = tcp.Segment(CALLER[1], 8080, self.number, number, flags, window, data)
        self.server.take(tcp.written(segment, DEVICE, ADDRESS))
        self.number += len(data) + bool(flags & (tcp.SYN | tcp.FIN))


class Words:
    """Says what it was made with, and no more."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.got = b""
        self.over: int | None = None

    def heard(self, data: bytes) -> None:
        self.got += data

    def more(self) -> bytes | None:
        return self.pieces.pop(0) if self.pieces else None

    def ended(self, taken: int) -> None:
        self.over = taken


def test_no_more_is_sent_than_the_caller_has_room_for() -> None:
    played = Played(Words(b"x" * 10000))
    played.gives(tcp.SYN, window=3000)
    played.gives(tcp.ACK, window=3000)
    assert sum(len(one.data) for one in played.sent) == 3000
    played.gives(tcp.ACK, window=3000)
    assert sum(len(one.data) for one in played.sent) == 6000


def test_what_was_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(Words(b"words"))
    played.gives(tcp.SYN)
    played.gives(tcp.ACK)
    first = [one for one in played.sent if one.data]
    monkeypatch.setattr(tcp, "AGAIN", 0.0)
    time.sleep(0.01)
    played.server.tick()
    assert [one for one in played.sent if one.data] == first * 2


def test_what_comes_twice_is_heard_once() -> None:
    program = Words()
    played = Played(program)
    played.gives(tcp.SYN)
    played.gives(tcp.ACK, b"words")
    played.number -= 5
    played.gives(tcp.ACK, b"words")
    assert program.got == b"words"


def test_the_end_is_acknowledged_and_told_with_what_was_taken() -> None:
    program = Words(b"words", b"", b"more")
    played = Played(program)
    played.gives(tcp.SYN)
    played.gives(tcp.ACK)
    played.gives(tcp.ACK | tcp.FIN)
    assert program.over == 5
    assert played.sent[-1].flags & tcp.FIN


def test_who_breaks_off_is_gone_and_who_is_not_known_is_refused() -> None:
    program = Words()
    played = Played(program)
    played.gives(tcp.SYN)
    played.gives(tcp.RST)
    assert program.over == 0
    played.gives(tcp.ACK, b"words")
    assert played.sent[-1].flags & tcp.RST


def test_other_ports_and_broken_segments_are_passed_over() -> None:
    played = Played(Words())
    for body in (b"", b"x" * 19, b"\xff" * 40, bytes(12) + b"\xf0" + bytes(20)):
        played.server.take(Packet(DEVICE, ADDRESS, 6, body))
    assert played.sent == []


def test_an_address_is_offered_and_confirmed() -> None:
    for kind, answered in ((dhcp.DISCOVER, dhcp.OFFER), (dhcp.ASK, dhcp.ACKNOWLEDGE)):
        given = dhcp.answer(lease(bytes((dhcp.KIND, 1, kind, dhcp.END))))
        assert given is not None
        told = datagram(given)
        assert told is not None
        assert (told.source_port, told.port, told.data[16:20]) == (67, 68, DEVICE)
        assert told.data[4:8] == b"\1\2\3\4"
        assert told.data[dhcp.FIXED + 4 :][:3] == bytes((dhcp.KIND, 1, answered))


@pytest.mark.parametrize("options", [b"", b"\0" * 9, bytes((dhcp.KIND, 1, 7, 255)), b"\x0c\xff", b"\x35"])
def test_what_asks_for_no_address_gets_none(options: bytes) -> None:
    assert dhcp.answer(lease(options)) is None
    assert dhcp.answer(Packet(DEVICE, ADDRESS, UDP, udp(68, 53, b"words"))) is None


def lease(options: bytes) -> Packet:
    body = b"\1\1\6\0\1\2\3\4" + bytes(dhcp.FIXED - 8) + dhcp.COOKIE + options
    return Packet(bytes(4), dhcp.EVERYBODY, UDP, udp(68, 67, body))
