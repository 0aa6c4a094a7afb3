"""What a device keeps between two looks at a repository: the metadata that it trusts, as it came, a file each."""

import contextlib
import os
from pathlib import Path

from firmward.model.errors import DeviceError
from firmward.trust.place import quoted

LIMIT = 4 << 20
"""Bytes of a file that is read back: more than any limit of the workflow."""


class Store:
    """Files `<role>.json` in a folder of the device, made when it is needed. A power cut leaves the old one or the new
    one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, role: str) -> bytes | None:
        """None too for what cannot be read or is too big to be ours: it is fetched again."""
        try:
            with self._path(role).open("rb") as file:
                content = file.read(LIMIT + 1)
        except OSError:
            return None
        return content if len(content) <= LIMIT else None

    def keep(self, role: str, content: bytes) -> None:
        """Raises DeviceError."""
        path = self._path(role)
        draft = path.with_name(f".{path.name}.new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            self._settle()
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise DeviceError(f"{path}: cannot be written: {error.strerror or error}") from error

    def drop(self, role: str) -> None:
        """Raises DeviceError."""
        try:
            self._path(role).unlink()
            self._settle()
        except FileNotFoundError:
            return
        except OSError as error:
            raise DeviceError(f"{self._path(role)}: cannot be removed: {error.strerror or error}") from error

    def _path(self, role: str) -> Path:
        return self._folder / f"{quoted(role)}.json"

    def _settle(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
