"""A server on this machine alone that gives the files of a folder, and misbehaves where a test wants it to."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

Misbehave = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass
class Server:
    """`asked` are the paths, in their order."""

    url: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(folder: Path, misbehaving: Mapping[str, Misbehave] | None = None) -> Iterator[Server]:
    """`misbehaving` by the end of a path."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    server, done = Server(f"http://127.0.0.1:{listener.getsockname()[1]}"), threading.Event()

    def answer(connection: socket.socket, path: str, offset: int) -> None:
        server.asked.append(path)
        for end, misbehave in (misbehaving or {}).items():
            if path.endswith(end):
                misbehave(connection)
                return
        file = folder / path.lstrip("/")
        content, status = (file.read_bytes(), "200 OK") if file.is_file() else (b"", "404 Not Found")
        if offset and file.is_file():
            place = f"bytes {offset}-{len(content) - 1}/{len(content)}"
            content, status = content[offset:], f"206 Partial Content\r\nContent-Range: {place}"
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)

    def hold(connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection, suppress(OSError):
            while request := _request(connection):
                answer(connection, *request)

    def run() -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                thread = threading.Thread(target=hold, args=(listener.accept()[0],))
                thread.start()
                threads.append(thread)

    threads: list[threading.Thread] = []
    runner = threading.Thread(target=run)
    runner.start()
    try:
        yield server
    finally:
        done.set()
        runner.join()
        listener.close()
        for thread in threads:
            thread.join()


def for_ever(connection: socket.socket) -> None:
    """No length, and no end."""
    connection.sendall(HEAD + b"Connection: close\r\n\r\n")
    with suppress(OSError):
        while True:
            connection.sendall(b" " * 65536)


def a_gigabyte(connection: socket.socket) -> None:
    """As it is announced."""
    connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
    with suppress(OSError):
        for _ in range(16384):
            connection.sendall(b" " * 65536)


def a_byte_now_and_then(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 900\r\n\r\n")
    with suppress(OSError):
        for _ in range(40):
            connection.sendall(b" ")
            time.sleep(0.1)


def silent(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(1)


def broken_off(connection: socket.socket) -> None:
    connection.sendall(HEAD + b'Content-Length: 900\r\n\r\n{"signed":')
    connection.shutdown(socket.SHUT_RDWR)


def _request(connection: socket.socket) -> tuple[str, int] | None:
    """The path, and from where on."""
    content = b""
    while not content.endswith(b"\r\n\r\n"):
        piece = connection.recv(4096)
        if not piece:
            return None
        content += piece
    _, begins, range_ = content.partition(b"Range: bytes=")
    return content.split(b" ")[1].decode(), int(range_.partition(b"-")[0]) if begins else 0
