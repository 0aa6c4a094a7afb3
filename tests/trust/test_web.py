"""A repository behind a web server that may be anybody's."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from firmward.model.errors import DeviceError, InputError, TrustError
from firmward.trust import web as web_module
from firmward.trust.web import HOSTS_LIMIT, Patience, Web

HASTY = Patience(connect=2, silence=0.4, answer=0.6, rate=10_000)
Serve = Callable[[socket.socket, bytes], None]


@contextmanager
def server(serve: Serve) -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and the requests that came. `serve` is given a connection and the request that came over it."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    requests: list[bytes] = []
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(5)
            with connection:
                try:
                    while request := _request(connection):
                        requests.append(request)
                        serve(connection, request)
                except OSError:
                    continue

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/repository", requests
    finally:
        done.set()
        thread.join()
        listener.close()


def _request(connection: socket.socket) -> bytes:
    content = b""
    while not content.endswith(b"\r\n\r\n"):
        piece = connection.recv(4096)
        if not piece:
            return b""
        content += piece
    return content


def answers(status: str, body: bytes = b"", *headers: str) -> Serve:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda connection, _: connection.sendall("\r\n".join(lines).encode() + body)


def test_files_are_fetched_over_one_connection() -> None:
    with server(answers("200 OK", b"content")) as (address, requests):
        web = Web(address)
        assert web.read(("metadata", "1.a b?.json"), 100) == b"content"
        assert web.read(("metadata", "2.root.json"), 100) == b"content"
        web.close()
    assert requests[0].startswith(b"GET /repository/metadata/1.a%20b%3F.json HTTP/1.1\r\n")
    assert len(requests) == 2


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "410 Gone"])
def test_what_is_not_there_is_none(status: str) -> None:
    with server(answers(status, b"sorry")) as (address, _):
        web = Web(address)
        assert web.read(("2.root.json",), 100) is None
        web.close()


@pytest.mark.parametrize("status", ["500 Oops", "302 Found", "206 Partial", "204 Nothing", "101 Upgrade"])
def test_any_other_answer_is_told(status: str) -> None:
    with server(answers(status, b"", "Location: http://192.0.2.1/")) as (address, _), pytest.raises(DeviceError):
        Web(address, HASTY).read(("file",), 100)


def test_more_than_was_asked_for_is_refused() -> None:
    with server(answers("200 OK", b"x" * 101)) as (address, _), pytest.raises(TrustError, match="more than the 100"):
        Web(address).read(("file",), 100)


def test_whoever_sends_for_ever_is_left_after_the_bound() -> None:
    sent = 0

    def endless(connection: socket.socket, _: bytes) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while sent < 1 << 30:
            sent += connection.send(b"x" * 65536)

    with server(endless) as (address, _), pytest.raises(TrustError):
        Web(address).read(("file",), 1000)
    assert sent < 32 << 20


LARGE = 100 << 20


@pytest.mark.parametrize("limit", [100, LARGE])
@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"]
)
def test_whoever_sends_a_byte_now_and_then_is_left_in_time(beginning: bytes, limit: int) -> None:
    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(beginning)
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.1)

    begun = time.monotonic()
    with server(drip) as (address, _), pytest.raises(DeviceError, match="too slow"):
        Web(address, HASTY).read(("file",), limit)
    assert time.monotonic() - begun < 3


def test_a_thin_line_is_waited_for_as_long_as_it_brings_something() -> None:
    piece = b"x" * 2000

    def slowly(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n")
        for _ in range(10):
            connection.sendall(piece)
            time.sleep(0.15)

    with server(slowly) as (address, _), closing(Web(address, HASTY)) as web:
        assert web.read(("file",), LARGE) == piece * 10


def test_packing_does_not_make_the_wait_longer_than_the_answer_may_be() -> None:
    chunk = b"1;" + b"x" * 1000 + b"\r\nx\r\n"

    def wrapped(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(60):
            connection.sendall(chunk)
            time.sleep(0.05)

    begun = time.monotonic()
    with server(wrapped) as (address, _), pytest.raises(DeviceError, match="too slow"):
        Web(address, HASTY).read(("file",), 100)
    assert time.monotonic() - begun < 2


def test_whoever_says_nothing_is_left_in_time() -> None:
    with server(lambda _connection, _request: time.sleep(2)) as (address, _), pytest.raises(DeviceError):
        Web(address, HASTY).read(("file",), 100)


@pytest.mark.parametrize(
    "content",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(200)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"",
    ],
)
def test_what_is_no_answer_is_told(content: bytes) -> None:
    def broken(connection: socket.socket, _: bytes) -> None:
        connection.sendall(content)
        connection.close()

    with server(broken) as (address, _), pytest.raises(DeviceError):
        Web(address, HASTY).read(("file",), 100)


def test_a_connection_that_was_closed_in_the_meantime_is_made_anew() -> None:
    def once(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.shutdown(socket.SHUT_RDWR)

    with server(once) as (address, _):
        web = Web(address)
        assert [web.read(("file",), 10) for _ in range(3)] == [b"ok"] * 3
        web.close()


def test_who_falls_silent_on_a_kept_connection_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    connected = web_module._connected

    def counted(name: str, port: int, seconds: float) -> object:
        made.append(port)
        return connected(name, port, seconds)

    monkeypatch.setattr(web_module, "_connected", counted)

    def once(connection: socket.socket, _: bytes) -> None:
        if len(requests) == 1:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        else:
            time.sleep(1)

    with server(once) as (address, requests):
        web = Web(address, HASTY)
        assert web.read(("file",), 10) == b"ok"
        with pytest.raises(DeviceError, match="too slow"):
            web.read(("file",), 10)
        web.close()
    assert (len(requests), len(made)) == (2, 1)


def test_what_comes_behind_an_answer_is_not_taken_for_the_next() -> None:
    def twice(connection: socket.socket, _: bytes) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"
        )

    with server(twice) as (address, requests):
        web = Web(address, HASTY)
        assert [web.read(("file",), 10) for _ in range(3)] == [b"ok"] * 3
    assert len(requests) == 3


def test_who_stops_in_the_middle_of_a_file_asks_for_the_next_over_another_connection() -> None:
    with server(answers("200 OK", b"x" * 200_000)) as (address, _):
        web = Web(address, HASTY)
        pieces = web.stream(("file",), 0, 200_000)
        assert next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        assert web.read(("file",), 200_000) == b"x" * 200_000
        assert b"".join(web.stream(("file",), 0, 5)) == b"xxxxx"
        assert web.read(("file",), 200_000) == b"x" * 200_000
        web.close()


def test_few_addresses_of_a_name_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with server(answers("200 OK", b"ok")) as (address, _):
        there = int(address.split(":")[2].partition("/")[0])
        for behind, content in ((HOSTS_LIMIT - 1, b"ok"), (HOSTS_LIMIT, None)):
            places = [("127.0.0.1", port)] * behind + [("127.0.0.1", there)]
            found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
            monkeypatch.setattr("_socket.getaddrinfo", lambda *_, found=found: found)
            web = Web("http://updates.maker.example", HASTY)
            if content is None:
                with pytest.raises(DeviceError):
                    web.read(("file",), 10)
            else:
                assert web.read(("file",), 10) == content
            web.close()


def test_a_file_goes_on_where_it_was_left() -> None:
    with server(answers("206 Partial Content", b"tent", "Content-Range: bytes 3-6/7")) as (address, requests):
        web = Web(address)
        assert b"".join(web.stream(("file",), 3, 100)) == b"tent"
        web.close()
    assert b"\r\nRange: bytes=3-\r\n" in requests[0]


def test_a_server_that_begins_anew_is_not_taken_for_one_that_goes_on() -> None:
    with server(answers("200 OK", b"content")) as (address, _), pytest.raises(DeviceError, match="answers 200"):
        list(Web(address).stream(("file",), 3, 100))


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeviceError, match="cannot be fetched"):
        Web(f"http://127.0.0.1:{port}", HASTY).read(("file",), 100)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "updates.example",
        "ftp://a",
        "http://",
        "http://a b",
        "http://u@a",
        "http://a:b",
        "http://a\n",
        "http://é",
        "http://a:0",
        "http://a:65616",
        "http://:80",
        "http://[]",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="is no address"):
        Web(address)


def test_addresses_of_the_sixth_version_are_read() -> None:
    with pytest.raises(DeviceError):
        Web("http://[::1]:1/a", HASTY).read(("file",), 10)
