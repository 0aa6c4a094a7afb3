"""A server on this machine alone, whose files change, break off and fail as a test wants."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch


@dataclass
class File:
    """`content` with an `etag`; `cuts` are bytes after which the next answers break off, `statuses` what the next
    answers say instead. `claims` is a length that is announced and not held."""

    content: bytes
    etag: str = '"1"'
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    claims: int | None = None
    location: str = ""


@dataclass
class Site:
    """`files` by path, with the question behind it where one is asked, and what was `asked`: path, range, condition."""

    url: str
    files: dict[str, File] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def put(self, path: str, content: bytes, etag: str = '"1"') -> File:
        self.files[path] = File(content, etag)
        return self.files[path]

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]


@contextmanager
def served() -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    site = Site(f"http://127.0.0.1:{server.server_address[1]}")
    _Handler.sites[server.server_address[1]] = site
    thread = threading.Thread(target=lambda: server.serve_forever(0.01))
    thread.start()
    try:
        with patch.dict(os.environ, {"no_proxy": "*"}):
            yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    sites: dict[int, Site] = {}  # noqa: RUF012 - by port

    def do_GET(self) -> None:
        site = self.sites[self.server.server_address[1]]  # type: ignore[index]
        wanted, condition = self.headers.get("Range", ""), self.headers.get("If-None-Match", "")
        site.asked.append((self.path, wanted, condition))
        site.headers.append(dict(self.headers.items()))
        file = site.files.get(self.path) or site.files.get(self.path.partition("?")[0])
        if file is None:
            self._answer(404)
        elif file.statuses:
            self._answer(file.statuses.pop(0), location=file.location)
        elif condition and condition == file.etag:
            self._answer(304)
        elif wanted and self.headers.get("If-Range") == file.etag:
            self._part(file, int(wanted.removeprefix("bytes=").rstrip("-")))
        else:
            self._whole(file)

    def _answer(self, status: int, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _part(self, file: File, start: int) -> None:
        if start >= len(file.content):
            self._answer(416)
            return
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{len(file.content) - 1}/{len(file.content)}")
        self._send(file, file.content[start:])

    def _whole(self, file: File) -> None:
        self.send_response(200)
        self._send(file, file.content)

    def _send(self, file: File, content: bytes) -> None:
        if file.etag:
            self.send_header("ETag", file.etag)
        self.send_header("Content-Length", str(len(content) if file.claims is None else file.claims))
        self.end_headers()
        self.wfile.write(content[: file.cuts.pop(0)] if file.cuts else content)

    def log_message(self, *_: object) -> None:
        pass
