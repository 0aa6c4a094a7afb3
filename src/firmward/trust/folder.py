"""A repository in a folder: on a stick, or beside its maker. Whoever filled it may lie, or pull it out."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from firmward.model.errors import DeviceError, TrustError
from firmward.trust.place import Steps

PIECE = 64 << 10
"""Bytes read at once."""


class Folder:
    """A place (place.py)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: Steps, limit: int) -> bytes | None:
        try:
            descriptor = self._opened(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failure(self._folder, path, error) from error
        try:
            with os.fdopen(descriptor, "rb") as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise _failure(self._folder, path, error) from error
        if len(content) > limit:
            raise TrustError(f"{path[-1]}: has more than the {limit} bytes that it may have")
        return content

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        try:
            with os.fdopen(self._opened(path), "rb") as file:
                file.seek(offset)
                while limit and (piece := file.read(min(PIECE, limit))):
                    limit -= len(piece)
                    yield piece
        except OSError as error:
            raise _failure(self._folder, path, error) from error

    def _opened(self, path: Steps) -> int:
        """A descriptor of a regular file; no link is followed within the folder, and no pipe is waited for."""
        if any(step in ("", ".", "..") or "/" in step or "\0" in step for step in path):
            raise FileNotFoundError
        folder = self._top()
        try:
            for step in path[:-1]:
                inner = os.open(step, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            descriptor = os.open(path[-1], _FILE, dir_fd=folder)
        finally:
            os.close(folder)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        raise OSError(0, "is no regular file")

    def _top(self) -> int:
        """A folder that is gone is no repository that has none of its files."""
        try:
            return os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise DeviceError(f"{self._folder}: is not there; is the stick still there?") from error


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def _failure(folder: Path, path: Steps, error: OSError) -> DeviceError:
    return DeviceError(
        f"{folder.joinpath(*path)}: cannot be read: {error.strerror or error}; is the stick still there?"
    )
