"""A new folder that appears whole or not at all, written so that nothing in an image can lead outside it.

Everything is made by a single name in a folder's own descriptor, and no link is ever followed: a name that stands there
already, put there by whomever, is an error and not a way out. Until it is done the folder lies under a hidden name
beside its place.
"""

import contextlib
import os
import secrets
import shutil
import signal
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from firmward.model.errors import InputError

OPEN_FOLDERS = 64
"""Descriptors kept open."""
HOLE = 4 << 10
"""Bytes of zeros from which on nothing is written, so that a sparse file stays one."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ZEROS = bytes(HOLE)
_HELD = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}

Steps = tuple[bytes, ...]
"""A path below the new folder, name by name."""


class NewFolder:
    """The folder while it is written. Names are bytes as they shall stand on the disk. Methods raise OSError."""

    def __init__(self, descriptor: int) -> None:
        self._root = descriptor
        self._open: OrderedDict[Steps, int] = OrderedDict()

    @property
    def descriptor(self) -> int:
        """Of the folder itself, which stays ours."""
        return self._root

    @property
    def place(self) -> tuple[Path, ...]:
        """Where it is now, for who is to be let in there and nowhere else."""
        return (Path(f"/proc/self/fd/{self._root}"),)

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()

    def add_folder(self, path: Steps) -> None:
        os.mkdir(_name(path), 0o755, dir_fd=self._folder(path[:-1]))

    def add_link(self, path: Steps, target: bytes) -> None:
        os.symlink(target, _name(path), dir_fd=self._folder(path[:-1]))

    def add_file(self, path: Steps, pieces: Iterable[bytes], *, mode: int, mtime: int | None = None) -> None:
        """Write a file; one that cannot be written whole is taken away again, whatever ends it."""
        folder = self._folder(path[:-1])
        descriptor = os.open(_name(path), _NEW, mode, dir_fd=folder)
        try:
            size = 0
            for piece in pieces:
                _write(descriptor, piece, size)
                size += len(piece)
            os.ftruncate(descriptor, size)
            if mtime is not None:
                with contextlib.suppress(OSError, OverflowError):  # a time that the host cannot hold
                    os.utime(descriptor, (mtime, mtime))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(_name(path), dir_fd=self._folder(path[:-1]))
            raise
        finally:
            os.close(descriptor)

    def add_hard_link(self, path: Steps, first: Steps) -> None:
        """A further name of a file that was written."""
        folders = {"src_dir_fd": self._folder(first[:-1]), "dst_dir_fd": self._folder(path[:-1])}
        os.link(_name(first), _name(path), follow_symlinks=False, **folders)

    @contextmanager
    def open_file(self, path: Steps, *, mode: int) -> Iterator[IO[bytes]]:
        """A new file to write to as it comes; the whole folder goes when it cannot be written to its end."""
        with os.fdopen(os.open(_name(path), _NEW, mode, dir_fd=self._folder(path[:-1])), "wb") as file:
            yield file

    def _folder(self, path: Steps) -> int:
        """The descriptor of a folder below, which stays ours."""
        depth = len(path)
        while depth and path[:depth] not in self._open:
            depth -= 1
        descriptor = self._open[path[:depth]] if depth else self._root
        for step in range(depth, len(path)):
            descriptor = os.open(_name(path[: step + 1]), _FOLDER, dir_fd=descriptor)
            self._open[path[: step + 1]] = descriptor
        if path:
            self._open.move_to_end(path)
        while len(self._open) > OPEN_FOLDERS and next(iter(self._open)) != path:
            os.close(self._open.popitem(last=False)[1])
        return descriptor


def _name(path: Steps) -> bytes:
    name = path[-1] if path else b""
    if name in (b"", b".", b"..") or b"/" in name or b"\0" in name:
        raise OSError(f"{name!r} is not a name")
    return name


def _write(descriptor: int, data: bytes, offset: int) -> None:
    """Write at an offset, all of it, but for runs of zeros."""
    view = memoryview(data)
    start = 0
    for at in range(0, len(data), HOLE):
        if data[at : at + HOLE] == _ZEROS:
            _write_all(descriptor, view[start:at], offset + start)
            start = at + HOLE
    _write_all(descriptor, view[start:], offset + start)


def _write_all(descriptor: int, view: memoryview, offset: int) -> None:
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


@contextmanager
def new_folder(path: Path, mode: int = 0o777) -> Iterator[NewFolder]:
    """The folder to be at `path`, put there when the block ends well and taken away when it does not. `mode` is what
    the umask leaves of it.

    Raises InputError when something stands there already, or when it cannot be made.
    """
    parent, name = _parent(path)
    hidden = f".{name[:64]}.{secrets.token_hex(8)}.partial"
    try:
        os.mkdir(hidden, 0o700, dir_fd=parent)
        try:
            yield from _filled(parent, hidden, mode)
            _check_free(path, parent, name)
            os.rename(hidden, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with _undisturbed():
                shutil.rmtree(hidden, ignore_errors=True, dir_fd=parent)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        os.close(parent)


def check_new(path: Path) -> None:
    """Refuse what could not become a new folder, before any work is done. Raises InputError."""
    descriptor, _ = _parent(path)
    os.close(descriptor)


def _filled(parent: int, hidden: str, mode: int) -> Iterator[NewFolder]:
    descriptor = os.open(hidden, _FOLDER, dir_fd=parent)
    folder = NewFolder(descriptor)
    try:
        yield folder
        os.fchmod(descriptor, mode & ~_umask())
        os.fsync(descriptor)
    finally:
        folder.close()
        os.close(descriptor)


def _parent(path: Path) -> tuple[int, str]:
    """The descriptor of the folder that it will stand in, and its name there."""
    name = path.name
    if name in ("", ".."):
        raise InputError(f"{path}: give the name of a new folder")
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise InputError(f"{path.parent}: {getattr(error, 'strerror', None) or error}") from error
    try:
        _check_free(path, parent, name)
    except BaseException:
        os.close(parent)
        raise
    return parent, name


def _check_free(path: Path, parent: int, name: str) -> None:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    raise InputError(f"{path}: is there already; give the name of a new folder")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No second Ctrl-C comes between what is being undone."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
