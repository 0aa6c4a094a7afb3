"""Fetch files by HTTP so that a cut costs only what is missing.

What has arrived is kept beside a note of what it is a part of (the server's ETag or date). The next try asks for the
rest and takes it only where that is still the same (If-Range, RFC 9110); else it begins anew. A file is whole when it
has the length that the server announced. Only http and https are followed, and sizes are bounded before anything is
written.
"""

import contextlib
import hashlib
import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from firmward.model.errors import DeviceError, InputError

PIECE = 1 << 18
TRIES = 4
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""What servers answer when another try may help."""
NOT_MODIFIED, PARTIAL, BEYOND = 304, 206, 416
ABSENT = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Stamp:
    """How a server names a state of a file: `etag`, or `modified`, the date of its last change."""

    etag: str = ""
    modified: str = ""

    @property
    def condition(self) -> str:
        """What If-Range takes: a weak ETag says nothing of bytes."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


class Absent(InputError):  # noqa: N818 - says what is wrong with the address
    """There is nothing at this address."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that arrived whole, and the server's stamp of it."""

    path: Path
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Limits:
    """`size` in bytes of one file, `timeout` in seconds without a byte, `wait` in seconds before the second of the
    `tries` in a row that bring nothing; it doubles from one to the next."""

    size: int = 4 << 30
    timeout: float = 60.0
    tries: int = TRIES
    wait: float = 1.0


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Followed to http and https alone, and never from https to http. Keys stay with the host that they are for."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme != "https"):
            raise urllib.error.HTTPError(newurl, code, f"leads to {newurl[:200]}, which is not followed", headers, fp)
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and old.netloc != new.netloc:
            for name in [name for name in made.headers if name.lower() == "apikey"]:
                made.remove_header(name)
        return made


@dataclass(frozen=True, slots=True)
class Downloader:
    """Fetches into a `folder`; `tell` is told the name and how many bytes of how many have arrived."""

    folder: Path
    limits: Limits = field(default_factory=Limits)
    tell: Callable[[str, int, int], None] = lambda name, done, total: None
    sleep: Callable[[float], None] = time.sleep

    def fetch(self, url: str, known: Stamp | None = None, headers: Mapping[str, str] | None = None) -> Fetched | None:
        """The file, or None where it is still in the `known` state. Raises DeviceError, InputError or Absent."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = _Part.of(self.folder, url)
        fruitless = 0
        while True:
            before = part.size
            try:
                return self._attempt(url, part, known, headers or {})
            except _PassingError as error:
                fruitless = 0 if part.size > before else fruitless + 1
                if fruitless >= self.limits.tries:
                    kept = f"; {part.size} bytes are kept for the next try" if part.size else ""
                    raise DeviceError(f"{_shown(url)}: {error}{kept}") from error
                self.sleep(max(error.wait, self.limits.wait * 2 ** min(fruitless, 6)) if fruitless else 0.0)

    def content(self, url: str, limit: int, headers: Mapping[str, str] | None = None) -> bytes:
        """All of something small, past no cache. Raises as fetch does."""
        fruitless = 0
        while True:
            try:
                with _opened(url, headers or {}, self.limits.timeout) as response:
                    content = _exactly(response, limit, url)
                    self.tell(_shown(url), len(content), len(content))
                    return content
            except _PassingError as error:
                fruitless += 1
                if fruitless >= self.limits.tries:
                    raise DeviceError(f"{_shown(url)}: {error}") from error
                self.sleep(max(error.wait, self.limits.wait * 2**fruitless))

    def _attempt(self, url: str, part: "_Part", known: Stamp | None, headers: Mapping[str, str]) -> Fetched | None:
        asked = dict(headers)
        resumes = part.size > 0 and bool(part.stamp.condition)
        if resumes:
            asked |= {"Range": f"bytes={part.size}-", "If-Range": part.stamp.condition}
        elif known is not None:
            asked |= {"If-None-Match": known.etag} if known.etag else {}
            asked |= {"If-Modified-Since": known.modified} if known.modified else {}
        try:
            response = _opened(url, asked, self.limits.timeout)
        except _StatusError as error:
            if error.status == NOT_MODIFIED:
                return None
            if error.status == BEYOND and resumes:
                if part.size == part.total:
                    return Fetched(part.path, part.stamp)
                part.clear()
                raise _PassingError("has changed meanwhile") from error
            raise
        with response:
            return self._receive(url, part, response, resumes=resumes)

    def _receive(self, url: str, part: "_Part", response: http.client.HTTPResponse, *, resumes: bool) -> Fetched:
        goes_on = resumes and response.status == PARTIAL and _begins(response) == part.size
        if not goes_on:
            if response.status == PARTIAL:
                part.clear()
                raise _PassingError("gave another part than was asked for")
            part.clear()
        length = _length(response)
        total = part.size + length if length is not None else None
        if total is not None and total > self.limits.size:
            raise InputError(f"{_shown(url)}: announces {total} bytes, more than {self.limits.size}")
        stamp = Stamp(response.headers.get("ETag", "")[:500], response.headers.get("Last-Modified", "")[:100])
        part.note(stamp, total)
        with part.path.open("ab") as file:
            size = part.size
            while piece := _piece(response):
                size += len(piece)
                if size > self.limits.size:
                    part.clear()
                    raise InputError(f"{_shown(url)}: has more than {self.limits.size} bytes")
                file.write(piece)
                self.tell(_shown(url), size, total or 0)
        if total is not None and part.size < total:
            raise _PassingError(f"the connection ended after {part.size} of {total} bytes")
        return Fetched(part.path, stamp)


@dataclass(slots=True)
class _Part:
    """What has arrived of a file, under a name made of its address, with a note beside it."""

    path: Path
    stamp: Stamp = field(default_factory=Stamp)
    total: int | None = None

    @classmethod
    def of(cls, folder: Path, url: str) -> "_Part":
        name = hashlib.sha256(url.encode()).hexdigest()[:24]
        ending = "".join(Path(urlsplit(url).path).suffixes[-2:])[-20:]
        part = cls(folder / f"{name}.part{ending}")
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads(part._note.read_text(encoding="utf-8"))
            part.stamp, part.total = Stamp(str(note["etag"]), str(note["modified"])), note["total"]
        if not part.stamp.condition:  # nobody can tell what it is a part of
            part.clear()
        return part

    @property
    def _note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def note(self, stamp: Stamp, total: int | None) -> None:
        self.stamp, self.total = stamp, total
        self._note.write_text(json.dumps({"etag": stamp.etag, "modified": stamp.modified, "total": total}))

    def clear(self) -> None:
        self.stamp, self.total = Stamp(), None
        for path in (self.path, self._note):
            path.unlink(missing_ok=True)


class _PassingError(Exception):
    """Another try may help, after `wait` seconds if the server said so."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class _StatusError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def _opened(url: str, headers: Mapping[str, str], timeout: float) -> http.client.HTTPResponse:
    sent = {"User-Agent": "firmward", "Accept-Encoding": "identity", **headers}
    request = urllib.request.Request(url, headers=sent)  # noqa: S310 - settings.py lets http and https through alone
    opener = urllib.request.build_opener(_Redirects)
    try:
        response: http.client.HTTPResponse = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            _refuse(url, error)
        raise
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise _PassingError(str(getattr(error, "reason", error))) from error
    return response


def _refuse(url: str, error: urllib.error.HTTPError) -> None:
    if error.code in (NOT_MODIFIED, BEYOND):
        raise _StatusError(error.code) from error
    if error.code in ABSENT:
        raise Absent(f"{_shown(url)}: there is no such file ({error.code})") from error
    if error.code in PASSING:
        told = error.headers.get("Retry-After", "")
        wait = min(float(told), 120.0) if told.isdecimal() else 0.0
        raise _PassingError(f"the server answers {error.code}", wait) from error
    raise DeviceError(f"{_shown(url)}: the server answers {error.code} {error.reason}"[:300]) from error


def _piece(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(PIECE)
    except (http.client.HTTPException, OSError) as error:
        raise _PassingError(f"the connection ended: {type(error).__name__}") from error


def _exactly(response: http.client.HTTPResponse, limit: int, url: str) -> bytes:
    length = _length(response)
    content = b""
    if length is None or length <= limit:
        pieces = []
        left = limit + 1
        while left > 0 and (piece := _piece(response)):
            pieces.append(piece)
            left -= len(piece)
        content = b"".join(pieces)
    if (length or len(content)) > limit:
        raise InputError(f"{_shown(url)}: has more than {limit} bytes")
    if length is not None and len(content) < length:
        raise _PassingError(f"the connection ended after {len(content)} of {length} bytes")
    return content


def _length(response: http.client.HTTPResponse) -> int | None:
    told = response.headers.get("Content-Length", "")
    return int(told) if told.isdecimal() and len(told) < 18 else None


def _begins(response: http.client.HTTPResponse) -> int:
    """Where the part that was given begins."""
    told = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(told) if told.isdecimal() and len(told) < 18 else -1


def _shown(url: str) -> str:
    """Without user and question."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def cache_folder() -> Path:
    """Where parts wait: `firmward/vulns` where the user's caches lie."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(cache) if cache.startswith("/") else Path.home() / ".cache"
    return base / "firmward" / "vulns"
