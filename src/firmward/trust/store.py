"""What a device keeps between two looks at a repository: the metadata that it trusts, as it came, a file each."""

import contextlib
from pathlib import Path

from firmward.model.errors import DeviceError
from firmward.trust.files import Files, FolderFiles
from firmward.trust.place import quoted

LIMIT = 4 << 20
"""Bytes of a file that is read back: more than any limit of the workflow."""


class Store:
    """Files `<role>.json` in a folder of the device, made when it is needed. A power cut leaves the old one or the new
    one. `files` are those of the folder, where others do not stand for them."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self._folder = folder
        self._files = FolderFiles(folder) if files is None else files

    def recall(self, role: str) -> bytes | None:
        """None too for what cannot be read or is too big to be ours: it is fetched again."""
        try:
            content = self._files.read(_name(role), LIMIT + 1)
        except OSError:
            return None
        return content if content is not None and len(content) <= LIMIT else None

    def keep(self, role: str, content: bytes) -> None:
        """Raises DeviceError."""
        name = _name(role)
        draft = f".{name}.new"
        try:
            self._files.write(draft, content)
            self._files.sync(draft)
            self._files.rename(draft, name)
            self._files.settle()
        except OSError as error:
            with contextlib.suppress(OSError):
                self._files.remove(draft)
            raise self._told(name, "written", error) from error

    def drop(self, role: str) -> None:
        """Raises DeviceError."""
        name = _name(role)
        try:
            self._files.remove(name)
            self._files.settle()
        except OSError as error:
            raise self._told(name, "removed", error) from error

    def _told(self, name: str, what: str, error: OSError) -> DeviceError:
        return DeviceError(f"{self._folder / name}: cannot be {what}: {error.strerror or error}")


def _name(role: str) -> str:
    return f"{quoted(role)}.json"
