"""Where the files of a repository are: behind a web server (web.py), or in a folder, as on a stick (folder.py).

Neither is trusted. A place gives the bytes that it has, and no more than it was asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from firmward.model.errors import DeviceError

Steps = tuple[str, ...]
"""From the top of a repository to a file: names of folders, and its own."""


class Place(Protocol):
    def read(self, path: Steps, limit: int) -> bytes | None:
        """A file whole, None where there is none. Raises TrustError where it has more than `limit` bytes, DeviceError
        where the place fails or is too slow."""
        ...

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        """A file from `offset` on, in pieces, at most `limit` bytes of it. Raises DeviceError, also where there is no
        such file, and WholeFilesError where files are given from their beginning alone."""
        ...


class WholeFilesError(DeviceError):
    """A place that gives no part of a file: whoever wants the rest has to take all of it once more."""


@dataclass(frozen=True, slots=True)
class Below:
    """A folder of a place, as a place: so that one connection serves for all of them."""

    place: Place
    steps: Steps

    def read(self, path: Steps, limit: int) -> bytes | None:
        return self.place.read((*self.steps, *path), limit)

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        return self.place.stream((*self.steps, *path), offset, limit)


def quoted(step: str) -> str:
    """A step of a path, or the name of a role, as a file and a URL can be called: RFC 3986's unreserved characters
    stand for themselves. Neither a slash nor `..` is left."""
    text = "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in step.encode())
    return text.replace(".", "%2E") if text in (".", "..") else text


_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
