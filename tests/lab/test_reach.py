"""A port answers when bytes come back, whatever takes the connection."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from own_certificate import certificate

from firmward.lab.network import HOST, Forward
from firmward.lab.reach import call

Serve = Callable[[socket.socket], None]


@contextmanager
def served(serve: Serve) -> Iterator[Forward]:
    """A port where each connection is served so."""
    with socket.create_server((HOST, 0)) as server:
        ended = threading.Event()
        server.settimeout(0.1)

        def accept() -> None:
            while not ended.is_set():
                try:
                    line, _ = server.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                line.settimeout(5)
                with line, suppress(OSError):
                    serve(line)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield Forward(4711, server.getsockname()[1])
        finally:
            ended.set()
            thread.join()


def greets(line: socket.socket) -> None:
    line.sendall(b"SSH-2.0-dropbear\x1b[2J\r\n")
    line.recv(100)


def hears(line: socket.socket) -> None:
    """Of HTTP alone; anything else is closed without a word."""
    if line.recv(100).startswith(b"HEAD / "):
        line.sendall(b"HTTP/1.0 401 Unauthorized\r\n\r\n")


def closes(line: socket.socket) -> None:
    """As QEMU does for a port on which nothing listens in the device."""


def test_a_service_that_greets_is_heard_and_shown_harmless() -> None:
    with served(greets) as forward:
        (answer,) = call((forward,))
    assert (answer.port, answer.answers, answer.says) == (4711, True, "SSH-2.0-dropbear?[2J")


def test_a_service_that_waits_is_asked() -> None:
    with served(hears) as forward:
        (answer,) = call((forward,))
    assert (answer.answers, answer.says) == (True, "HTTP/1.0 401 Unauthorized")


def test_a_connection_that_is_closed_without_a_word_is_no_answer() -> None:
    with served(closes) as forward:
        (answer,) = call((forward,), 0.3)
    assert not answer.answers
    assert answer.says == "nothing came back within 0.3 s"


def test_a_port_that_refuses_does_not_answer() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
    assert not call((Forward(80, port),), 0.3)[0].answers


def test_tls_is_offered_to_a_service_that_waits(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))

    def secured(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as inner:
            inner.recv(100)

    with served(secured) as forward:
        (answer,) = call((forward,))
    assert (answer.answers, answer.says) == (True, "TLSv1.3")


@pytest.mark.parametrize("seconds", [0.2, 0.5])
def test_a_silent_port_is_given_up_in_time(seconds: float) -> None:
    import time

    def silent(line: socket.socket) -> None:
        time.sleep(0.1)

    with served(silent) as forward:
        begun = time.monotonic()
        assert not call((forward,), seconds)[0].answers
        assert time.monotonic() - begun < seconds + 5
