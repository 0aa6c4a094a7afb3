"""A folder of small files, by the steps that a power cut can fall between.

Linux promises little: what was written is there after a power cut when the file was synced, a new name when its folder
was. Who wants a file whole, the old one or the new one, writes a draft, syncs it, renames it and settles the folder
(store.py). The steps are apart so that tests can play a medium that keeps no more than that promise.
"""

import contextlib
import os
from pathlib import Path
from typing import Protocol

from firmward.trust import spare
from firmward.trust.spare import NO_ROOM


class Files(Protocol):
    """Each step raises OSError where the medium fails."""

    def read(self, name: str, limit: int) -> bytes | None:
        """At most `limit` bytes of a file; None where there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """A file's whole content, not yet on the medium; the folder is made where it is needed."""
        ...

    def sync(self, name: str) -> None:
        """What was written to a file is on the medium."""
        ...

    def rename(self, name: str, to: str) -> None: ...

    def remove(self, name: str) -> None:
        """Nothing where there is no such file."""
        ...

    def settle(self) -> None:
        """Names that came and went have done so on the medium."""
        ...


class FolderFiles:
    """Those of a folder of this machine. Where it has no room any more, spare files take their place (spare.py)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str, limit: int) -> bytes | None:
        try:
            with self._path(name).open("rb") as file:
                return file.read(limit)
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(name)
        try:
            path.write_bytes(content)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self.remove(name)
            if not spare.take(path, len(content)):
                raise
            _write_over(path, content)

    def sync(self, name: str) -> None:
        _sync(self._path(name), os.O_RDONLY)

    def rename(self, name: str, to: str) -> None:
        spare.leave(self._path(to))
        self._path(name).replace(self._path(to))

    def remove(self, name: str) -> None:
        spare.leave(self._path(name))
        self._path(name).unlink(missing_ok=True)

    def settle(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # nothing was ever written
            _sync(self.folder, os.O_RDONLY | os.O_DIRECTORY)

    def _path(self, name: str) -> Path:
        return self.folder / name


def _write_over(path: Path, content: bytes) -> None:
    """In the blocks that it has."""
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
