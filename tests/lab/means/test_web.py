"""A page is asked for as a browser does, whoever's the certificate is, and silence is no page."""

import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from own_certificate import certificate

from firmward.lab.attack.keys_from_service import KEY, public_half
from firmward.lab.means.web import Page, Web


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        login = b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        self._say(200 if login == "admin:word" else 401, self.path)

    def do_POST(self) -> None:
        self._say(200, self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _say(self, status: int, words: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(words.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="module")
def web(pem: Path) -> Iterator[Web]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with HTTPServer(("127.0.0.1", 0), Pages) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=lambda: server.serve_forever(0.01))
        thread.start()
        yield Web(("127.0.0.1", server.server_address[1]))
        server.shutdown()
        thread.join()


def test_a_page_that_asks_who_calls_is_given_to_who_knows_the_word(web: Web) -> None:
    assert web.ask("/") == Page(401, "/")
    assert Web(web.address, "admin:word").ask("/") == Page(200, "/")


def test_a_body_is_posted(web: Web) -> None:
    assert web.ask("/", "echo $((6 * 7))") == Page(200, "echo $((6 * 7))")


def test_a_port_that_is_silent_or_closed_gives_no_page() -> None:
    assert Web(("127.0.0.1", 1)).ask("/", seconds=0.3) is None
    assert Web(("127.0.0.1", 1)).public_key(0.3) is None


def test_the_private_key_that_was_read_is_told_by_the_certificate_that_is_shown(web: Web, pem: Path) -> None:
    said = f"cat: no such file\n{pem.read_text()}dd: denied\n"
    (key,) = KEY.findall(said)
    assert public_half(key) == web.public_key()


def test_the_key_of_another_is_not_the_one(web: Web, tmp_path: Path) -> None:
    (other,) = KEY.findall(certificate(tmp_path).read_text())
    assert public_half(other) is not None
    assert public_half(other) != web.public_key()


@pytest.mark.parametrize("word", ["", "AAAA", "not base64"])
def test_what_only_looks_like_a_key_is_none(word: str) -> None:
    assert public_half(f"-----BEGIN PRIVATE KEY-----\n{word}\n-----END PRIVATE KEY-----\n") is None
