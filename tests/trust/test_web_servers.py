"""A repository behind the servers that makers use, as they are: each with its own heads, ranges, chunks and habits."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from program import find_program

from firmward.model.errors import DeviceError
from firmward.trust.web import Patience, Web

LARGE = bytes(range(256)) * 4096
FILES = {"metadata/timestamp.json": b"{}", "targets/large": LARGE, "targets/a b~%.json": b"odd", "empty": b""}
HASTY = Patience(connect=5, silence=5, answer=10)
SECONDS = 10.0
"""Until a server answers, on a busy machine."""


@dataclass(frozen=True)
class Server:
    """`command` is given a folder of its own, the one with the files, and the port; `ranges` tells whether it gives
    parts of files, `stays` whether it keeps a connection. `chunked` files have no length."""

    program: str
    command: Callable[[Path, Path, int], list[str]]
    ranges: bool = True
    stays: bool = True
    chunked: str = ""

    def __str__(self) -> str:
        return Path(self.program).name


def nginx(own: Path, files: Path, port: int, more: str = "", listen: str = "") -> list[str]:
    paths = " ".join(f"{name}_temp_path {own}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    own.joinpath("nginx.conf").write_text(f"""
        {user} daemon off; pid {own}/pid; error_log {own}/error.log;
        events {{ }}
        http {{ access_log off; {paths} server {{
            listen 127.0.0.1:{port} {listen}; root {files}; {more}
            location /chunked/ {{ alias {files}/targets/; ssi on; ssi_types *; }} }} }}""")
    return ["nginx", "-c", str(own / "nginx.conf"), "-e", str(own / "error.log")]


def nginx_within_tls(own: Path, files: Path, port: int) -> list[str]:
    both = certificate(own)
    return nginx(own, files, port, f"ssl_certificate {both}; ssl_certificate_key {both};", "ssl")


def lighttpd(own: Path, files: Path, port: int) -> list[str]:
    own.joinpath("conf").write_text(
        f'server.document-root = "{files}"\nserver.bind = "127.0.0.1"\nserver.port = {port}\n'
    )
    return ["lighttpd", "-D", "-f", str(own / "conf")]


def apache(own: Path, files: Path, port: int) -> list[str]:
    modules = Path("/usr/lib/apache2/modules")
    names = ("mpm_event", "authz_core", "authz_host", "filter", "substitute")
    names = ("mpm_event", "authz_core", "filter")
    loaded = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names)
    own.joinpath("conf").write_text(f"""{loaded}
        ServerName localhost
        ServerRoot {own}
        DefaultRuntimeDir {own}
        PidFile {own}/pid
        ErrorLog {own}/error.log
        Listen 127.0.0.1:{port}
        DocumentRoot {files}
        <Directory {files}>
            Require all granted
        </Directory>
        """)
    return ["apache2", "-X", "-f", str(own / "conf")]


def python(_: Path, files: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "http.server", "-b", "127.0.0.1", "-d", str(files), str(port)]


def busybox(_: Path, files: Path, port: int) -> list[str]:
    return ["busybox", "httpd", "-f", "-p", f"127.0.0.1:{port}", "-h", str(files)]


SERVERS = (
    Server("nginx", nginx, chunked="chunked/large"),
    Server("lighttpd", lighttpd),
    Server("apache2", apache),
    Server("busybox", busybox, stays=False),
    Server(sys.executable, python, ranges=False, stays=False),
)
EACH = pytest.mark.parametrize("server", SERVERS, ids=str)


def certificate(folder: Path) -> Path:
    """For 127.0.0.1 alone, by itself; both halves in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "updates")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "both.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for path, content in FILES.items():
        (tmp_path / "files" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / path).write_bytes(content)
    return tmp_path / "files"


@contextmanager
def running(server: Server, files: Path) -> Iterator[int]:
    """Its port."""
    if find_program(server.program) is None:
        pytest.skip(f"{server.program} is not installed")
    own = files.parent / "own"
    own.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = server.command(own, files, port)
    command[0] = find_program(command[0]) or command[0]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    process.kill()
    pytest.fail(f"{process.args} does not answer: {process.communicate()[0].decode(errors='replace')[-500:]}")


@EACH
def test_each_server_is_understood(server: Server, files: Path) -> None:
    with running(server, files) as port, closing(Web(f"http://127.0.0.1:{port}/", HASTY)) as web:
        first = None
        for path, content in FILES.items():
            assert web.read(tuple(path.split("/")), 1 << 20) == content
            assert web.read(("metadata", "2.root.json"), 1 << 20) is None
            assert (web._kept is not None) == server.stays
            first = first or web._kept
            assert web._kept is first, "the connection was made anew"
        assert b"".join(web.stream(("targets", "large"), 0, len(LARGE))) == LARGE
        if server.ranges:
            assert b"".join(web.stream(("targets", "large"), 4097, len(LARGE))) == LARGE[4097:]
        else:
            with pytest.raises(DeviceError, match="answers 200"):
                list(web.stream(("targets", "large"), 4097, len(LARGE)))
        if server.chunked:
            chunked = tuple(server.chunked.split("/"))
            assert web.read(chunked, 1 << 20) == LARGE
            assert next(web.stream(chunked, 0, 7)) == LARGE[:7]
        with pytest.raises(DeviceError):
            list(web.stream(("targets", "large"), len(LARGE) + 1, 10))


def test_a_server_within_tls_is_asked_by_its_certificate(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server("nginx", nginx_within_tls)
    with running(server, files) as port:
        with pytest.raises(DeviceError, match="CERTIFICATE"):
            Web(f"https://127.0.0.1:{port}", HASTY).read(("empty",), 1)
        monkeypatch.setenv("SSL_CERT_FILE", str(files.parent / "own/both.pem"))
        with closing(Web(f"https://127.0.0.1:{port}", HASTY)) as web:
            assert web.read(("targets", "large"), 1 << 20) == LARGE
            assert b"".join(web.stream(("targets", "large"), 5, len(LARGE))) == LARGE[5:]
            assert web.read(("none",), 9) is None
        with pytest.raises(DeviceError):
            Web(f"http://127.0.0.1:{port}", HASTY).read(("empty",), 1)
