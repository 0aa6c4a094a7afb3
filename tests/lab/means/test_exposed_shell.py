"""A shell on the network, and which version answers there."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from firmward.lab.challenge import Challenge
from firmward.lab.means.exposed_shell import LIMIT, version

ASKED = Challenge(1 << 20, (1 << 20) + 7)
ANSWER = ASKED.answers[0].encode()


@contextmanager
def served(answer: Callable[[bytes], bytes]) -> Iterator[tuple[str, int]]:
    """A port that takes one line and answers once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                line.sendall(answer(line.recv(4096)))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()
        thread.join(5)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"1.3.0 " + ANSWER + b"\n", "1.3.0"),
        (b"welcome\n1.4.0 " + ANSWER + b"\r\n", "1.4.0"),
        (b" " + ANSWER + b"\n", None),
        (b"1.3.0 " + ANSWER + b"1\n", None),
        (b"1.3.0\n", None),
        (b"", None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_the_version_stands_before_the_answer(said: bytes, found: str | None) -> None:
    with served(lambda _: said) as address:
        assert version(address, ASKED) == found


def test_an_echo_is_no_answer() -> None:
    with served(lambda line: line) as address:
        assert version(address, ASKED) is None


def test_an_answer_without_end_is_cut() -> None:
    with served(lambda _: b"x" * LIMIT + b"\n1.3.0 " + ANSWER + b"\n") as address:
        assert version(address, ASKED) is None


def test_a_closed_port_answers_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    assert version(address, ASKED, seconds=1.0) is None
