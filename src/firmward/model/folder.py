"""A folder on this machine as a tree: a build's root file system, or the running system itself.

Nothing leads out: every path is walked name by name from the folder's own descriptor, no link is followed by the
kernel, and only regular files are ever opened. Files come and go while a system runs; what vanishes is not there, what
may not be read is Unavailable. Standard library only, since the device's agent reads its own machine through it.
"""

import os
import stat
from collections import OrderedDict
from collections.abc import Collection, Iterator
from enum import Enum
from pathlib import Path

from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.tree import KINDS, ROOT, Entry, Kind, Tree

CHUNK = 256 << 10
"""Bytes read at a time."""

OPEN_FOLDERS = 32
"""Descriptors of folders kept open, so that a walk does not start from the top for every file."""

KERNEL_FOLDERS = frozenset({"dev", "proc", "run", "sys"})
"""Folders that the kernel and init fill on a running system; not walked when something is mounted there."""


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Mounts(Enum):
    """Whether `entries` walks into what is mounted below. Paths asked for by name are always read."""

    WALK = "walk"
    """Other mounted file systems too, but never /proc, /sys, /dev and /run of a running system."""
    STAY = "stay"
    """The folder's own file system only."""


class FolderTree(Tree):
    """A folder, read as it is asked for."""

    def __init__(self, path: Path, mounts: Mounts = Mounts.WALK, without: Collection[str] = ()) -> None:
        """`without` are paths of files that are as if they were not there. Raises InputError when the folder cannot be
        opened."""
        super().__init__()
        try:
            self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        self._device = os.fstat(self._root).st_dev
        self._mounts = mounts
        self._without = frozenset(without)
        self._folders: OrderedDict[str, int] = OrderedDict()

    def close(self) -> None:
        """Give the descriptors back; the tree cannot be read afterwards."""
        for descriptor in self._folders.values():
            os.close(descriptor)
        self._folders.clear()
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def __del__(self) -> None:
        if hasattr(self, "_folders"):
            self.close()

    def entries(self) -> Iterator[Entry]:
        pending = [self._children("")]
        while pending:
            entry = next(pending[-1], None)
            if entry is None:
                pending.pop()
                continue
            yield entry
            if entry.kind is Kind.DIRECTORY and self._is_walked(entry.path):
                pending.append(self._children(entry.path))

    def lstat(self, path: str) -> Entry | None:
        if path == "":
            return ROOT
        if path in self._without:
            return None
        folder, _, name = path.rpartition("/")
        try:
            return self._entry(self._folder(folder), path, name)
        except (OSError, ValueError):
            return None

    def names(self, path: str) -> tuple[str, ...]:
        try:
            names = sorted(_listed(self._folder(path)))
        except (OSError, ValueError):
            return ()
        return tuple(name for name in names if (f"{path}/{name}" if path else name) not in self._without)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        descriptor = self.open(entry.path)
        try:
            while piece := os.read(descriptor, CHUNK):
                yield piece
        except OSError as error:
            raise Unavailable(f"{entry.path}: {error.strerror}") from error
        finally:
            os.close(descriptor)

    def open(self, path: str) -> int:
        """A descriptor of the regular file at this very path, for the caller to close. Raises Unavailable."""
        folder, _, name = path.rpartition("/")
        try:
            descriptor = os.open(name, _FILE, dir_fd=self._folder(folder))
        except (OSError, ValueError) as error:
            raise Unavailable(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Unavailable(f"{path}: not a regular file")
        return descriptor

    def identity(self, path: str) -> tuple[int, int] | None:
        """Device and inode of what stands at this very path: equal for hard links."""
        folder, _, name = path.rpartition("/")
        try:
            status = os.stat(name, dir_fd=self._folder(folder), follow_symlinks=False)
        except (OSError, ValueError):
            return None
        return status.st_dev, status.st_ino

    def _children(self, path: str) -> Iterator[Entry]:
        for name in self.names(path):
            entry = self.lstat(f"{path}/{name}" if path else name)
            if entry is not None:
                yield entry

    def _is_walked(self, path: str) -> bool:
        if self._mounts is Mounts.WALK and path not in KERNEL_FOLDERS:
            return True
        try:
            return os.fstat(self._folder(path)).st_dev == self._device
        except OSError:
            return False

    def _folder(self, path: str) -> int:
        """The descriptor of a folder, which stays ours. Raises OSError when there is no such folder."""
        if path == "":
            return self._root
        known = self._folders.get(path)
        if known is not None:
            self._folders.move_to_end(path)
            return known
        above, _, name = path.rpartition("/")
        if name in ("", ".", ".."):
            raise ValueError("not a name")
        descriptor = os.open(name, _FOLDER, dir_fd=self._folder(above))
        self._folders[path] = descriptor
        if len(self._folders) > OPEN_FOLDERS:
            os.close(self._folders.popitem(last=False)[1])
        return descriptor

    def _entry(self, folder: int, path: str, name: str) -> Entry | None:
        if name in ("", ".", ".."):
            return None
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        kind = KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            return None
        return Entry(
            path,
            kind,
            stat.S_IMODE(status.st_mode),
            status.st_uid,
            status.st_gid,
            status.st_size if kind is Kind.FILE else 0,
            int(status.st_mtime),
            os.readlink(name, dir_fd=folder) if kind is Kind.SYMLINK else None,
            _numbers(status.st_rdev) if kind in (Kind.CHARACTER, Kind.BLOCK) else None,
            _xattrs(folder, name) if kind in (Kind.FILE, Kind.DIRECTORY) else (),
        )


def _listed(folder: int) -> list[str]:
    """The names in a folder, by a descriptor of its own: how far a folder was read is kept with the descriptor, and
    processes that were forked from one another share it. Two that list the same one each miss what the other was told.
    """
    descriptor = os.open(".", _FOLDER, dir_fd=folder)
    try:
        return os.listdir(descriptor)  # noqa: PTH208 - by descriptor
    finally:
        os.close(descriptor)


def _numbers(device: int) -> tuple[int, int]:
    return os.major(device), os.minor(device)


def _xattrs(folder: int, name: str) -> tuple[tuple[str, bytes], ...]:
    """Extended attributes, through /proc, since the system call takes no folder; none where that is not mounted."""
    path = f"/proc/self/fd/{folder}/{name}"
    try:
        names = sorted(os.listxattr(path, follow_symlinks=False))
        return tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in names)
    except OSError:
        return ()
