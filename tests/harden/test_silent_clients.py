"""Real web servers whose every place is taken by a client that says nothing: who comes next is not served before
hardening, and is after it."""

import http.client
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import hardened
import pytest

from firmward.lab.attack.slow_clients import BEGINNING
from firmward.model.memory import MemoryTree, executable
from firmward.model.policy import parse_policy

pytestmark = [pytest.mark.proof, pytest.mark.timeout(120)]

PLACES = 4
WAITS = 25.0
"""Seconds. lighttpd closes a connection slowly, and looks at all of them once in a while."""


@dataclass(frozen=True)
class Server:
    program: str
    path: str
    start: str
    text: str
    words: tuple[bytes, ...]
    """Of those that go silent. nginx gives the place of who never said anything to the next one by itself."""


LIGHTTPD = f"""\
server.modules = ( "mod_openssl" )
server.document-root = "{{folder}}"
server.bind = "127.0.0.1"
server.port = {{port}}
server.max-connections = {PLACES}
ssl.engine = "enable"
ssl.pemfile = "{{folder}}/pair.pem"
index-file.names = ( "page" )
"""
NGINX = f"""\
user root;
pid {{folder}}/pid{{port}};
error_log stderr;
worker_processes 1;
events {{{{ worker_connections {PLACES + 2}; }}}}
http {{{{
    access_log off;
    server {{{{
        listen 127.0.0.1:{{port}} ssl;
        ssl_certificate {{folder}}/pair.pem;
        ssl_certificate_key {{folder}}/pair.pem;
        root {{folder}};
        index page;
    }}}}
}}}}
"""
SERVERS = (
    Server("lighttpd", "etc/lighttpd/lighttpd.conf", "-D -f {file}", LIGHTTPD, (b"", BEGINNING)),
    Server("nginx", "etc/nginx/nginx.conf", "-g 'daemon off;' -c {file}", NGINX, (BEGINNING,)),
)


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.program)
def test_who_comes_after_silent_clients_is_served_once_it_is_hardened(server: Server, tmp_path: Path) -> None:
    program = shutil.which(server.program) or shutil.which(server.program, path="/usr/sbin:/sbin")
    if program is None or shutil.which("openssl") is None:
        pytest.skip(f"{server.program} or openssl is not installed")
    make_pair(tmp_path)
    (tmp_path / "page").write_text("the page\n")
    ports = free(), free()
    before = server.text.format(folder=tmp_path, port=ports[0])
    after = cured(server, server.text.format(folder=tmp_path, port=ports[1]))
    with ExitStack() as stack:
        for port, text in zip(ports, (before, after), strict=True):
            stack.enter_context(serving(program, server, text, tmp_path / f"{port}", port))
            assert served(port, 5), "it does not even serve by itself"
            for number in range(PLACES):
                stack.enter_context(silent(port, server.words[number % len(server.words)]))
        limit = time.monotonic() + WAITS
        assert served(ports[1], WAITS)
        assert not served(ports[0], limit - time.monotonic())


def cured(server: Server, text: str) -> str:
    """What firmward harden makes of the configuration."""
    start = f"::respawn:/usr/sbin/{server.program} {server.start.format(file='/' + server.path)}\n"
    program = {f"usr/sbin/{server.program}": executable(b"\x7fELF")}
    tree = MemoryTree({"etc/inittab": start, server.path: text, **program})
    only = ("web-server-misconfigured",)
    return hardened.hardened(tree, parse_policy(""), unsafe=True, only=only).draft.text(server.path) or ""


def make_pair(folder: Path) -> None:
    words = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 -subj /CN=camera"
    subprocess.run(words.split(), cwd=folder, check=True, capture_output=True)
    (folder / "pair.pem").write_text((folder / "key").read_text() + (folder / "certificate").read_text())


def free() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextmanager
def serving(program: str, server: Server, text: str, file: Path, port: int) -> Iterator[None]:
    file.write_text(text)
    words = [word.strip("'") for word in server.start.format(file=file).replace("daemon off;", "daemon_off;").split()]
    words = [word.replace("daemon_off;", "daemon off;") for word in words]
    with subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(50):
                with socket.socket() as asked:
                    if asked.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


@contextmanager
def silent(port: int, words: bytes) -> Iterator[None]:
    with socket.create_connection(("127.0.0.1", port)) as held:
        held.sendall(words)
        yield


def served(port: int, seconds: float) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    limit = time.monotonic() + seconds
    while (left := limit - time.monotonic()) > 0:
        line = http.client.HTTPSConnection("127.0.0.1", port, timeout=left, context=context)
        try:
            line.request("GET", "/page")
            if line.getresponse().read() == b"the page\n":
                return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        finally:
            line.close()
    return False
