"""One connection: what comes is heard, and nothing is waited for without end."""

import socket
import time

import pytest
from local_port import served

from firmward.lab.means import line as lines
from firmward.lab.means.line import Line


def test_what_comes_in_pieces_is_heard_whole() -> None:
    def talk(caller: socket.socket) -> None:
        for piece in (b"lo", b"gin", b": "):
            caller.sendall(piece)
            time.sleep(0.02)
        caller.recv(10)

    with served(talk) as address, Line(address) as line:
        assert line.until(lambda said: said.endswith(b"login: "))


def test_who_closes_has_said_all() -> None:
    with served(lambda caller: caller.sendall(b"bye")) as address, Line(address) as line:
        assert not line.until(lambda said: b"login" in said)
        assert line.said == b"bye"


def _listens(caller: socket.socket) -> None:
    caller.recv(10)


def test_who_says_nothing_is_waited_for_as_long_as_was_said() -> None:
    begun = time.monotonic()
    with served(_listens) as address, Line(address, seconds=0.3) as line:
        assert not line.until(bool)
    assert 0.25 < time.monotonic() - begun < 5


def test_who_talks_without_end_is_left_alone() -> None:
    def talk(caller: socket.socket) -> None:
        while True:
            caller.sendall(bytes(65536))

    with served(talk) as address, Line(address, seconds=20) as line:
        assert not line.until(lambda said: b"login" in said)
        assert len(line.said) <= lines.LIMIT + lines.PIECE


def test_where_nobody_answers_is_an_error_of_the_system() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    with pytest.raises(OSError, match=r"refused|timed out"):
        Line(address)
