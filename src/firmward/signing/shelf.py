"""A folder that may come from a stranger's stick: its files by name, and files put into it.

Names are taken step by step from the folder's own descriptor, and no link is followed on the way, so that none leads
out of it. What is opened is a regular file of a bounded size: a name may be that of a pipe that nobody writes to, or of
a device that never ends. A file is written beside its place, brought to the disk and renamed.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import DeviceError, InputError

PIECE = 1 << 20
NAMES_LIMIT = 1_000_000
LOCK_SECONDS = 60.0
PAUSE = 0.05
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_INNER = _FOLDER | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Digest:
    """`size` in bytes, `sha256` in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first `size` bytes of a file, all of it where that is None."""

    path: Path
    size: int | None = None


def digest_of(content: bytes) -> Digest:
    return Digest(len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True)
class Shelf:
    folder: Path

    def has(self, name: str) -> bool:
        """Whether there is a regular file of this name, to which no link leads."""
        try:
            with self._opened(name):
                return True
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._told(name, error) from error

    def content(self, name: str, limit: int) -> bytes:
        """Raises InputError for what is no regular file, not there, or larger."""
        try:
            with self._opened(name) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise self._told(name, error) from error
        if len(data) > limit:
            raise InputError(f"{self.folder / name}: larger than {limit} bytes")
        return data

    def pieces(self, name: str, size: int | None = None) -> Iterator[bytes]:
        """A file bit by bit, or its first `size` bytes. Raises InputError."""
        left = sys.maxsize if size is None else size
        try:
            with self._opened(name) as descriptor:
                while left and (piece := os.read(descriptor, min(PIECE, left))):
                    left -= len(piece)
                    yield piece
        except OSError as error:
            raise self._told(name, error) from error

    def size(self, name: str) -> int:
        try:
            with self._opened(name) as descriptor:
                return os.fstat(descriptor).st_size
        except OSError as error:
            raise self._told(name, error) from error

    def digest(self, name: str, size: int | None = None) -> Digest:
        """Of a file, or of its first `size` bytes."""
        digest, length = hashlib.sha256(), 0
        for piece in self.pieces(name, size):
            digest.update(piece)
            length += len(piece)
        return Digest(length, digest.hexdigest())

    def names(self, below: str) -> tuple[str, ...]:
        """All that lies below a folder but folders, in order. Raises InputError where there is too much."""
        found = []
        for place, _, files in os.walk(self.folder / below):
            found += [str((Path(place) / file).relative_to(self.folder)) for file in files]
            if len(found) > NAMES_LIMIT:
                raise InputError(f"{self.folder / below}: has more than {NAMES_LIMIT} files")
        return tuple(sorted(found))

    def write(self, name: str, pieces: Iterable[bytes], expected: Digest | None = None) -> None:
        """Put a file into its place, whole or not at all. Raises InputError, also when it is not what is expected."""
        with self._making(name) as (folder, hidden, last):
            descriptor = os.open(
                hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=folder
            )
            try:
                with os.fdopen(descriptor, "wb") as file:
                    digest, size = hashlib.sha256(), 0
                    for piece in pieces:
                        file.write(piece)
                        digest.update(piece)
                        size += len(piece)
                    file.flush()
                    os.fsync(file.fileno())
                if expected is not None and Digest(size, digest.hexdigest()) != expected:
                    raise InputError(f"{self.folder / name}: is not what was signed; nothing was put there")
                os.rename(hidden, last, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:  # Ctrl-C too leaves nothing lying about
                with contextlib.suppress(OSError):
                    os.unlink(hidden, dir_fd=folder)
                raise
            with contextlib.suppress(OSError):  # where the file system lets a folder be synced
                os.fsync(folder)

    def take(self, name: str, taken: Beginning) -> Digest:
        """A file under a further name here, copied where it is not taken whole or cannot be linked. Raises
        InputError."""
        path = taken.path
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path}: is no regular file")
        if taken.size is not None or not self._link(name, path):
            self.write(name, Shelf(path.parent).pieces(path.name, taken.size))
        return self.digest(name)

    def _link(self, name: str, path: Path) -> bool:
        with self._making(name) as (folder, _, last), contextlib.suppress(OSError):
            os.link(path, last, dst_dir_fd=folder, follow_symlinks=False)
            return True
        return False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Of several programs that change the folder one at a time; on a file system without locks each looks after
        itself."""
        try:
            descriptor = os.open(self.folder, _FOLDER)
        except OSError as error:
            raise self._told("", error) from error
        try:
            end = time.monotonic() + LOCK_SECONDS
            while not _lock(descriptor):
                if time.monotonic() > end:
                    raise DeviceError(f"{self.folder}: another firmward is changing it; try again when that has ended")
                time.sleep(PAUSE)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _making(self, name: str) -> Iterator[tuple[int, str, str]]:
        """The descriptor of the folder that a file is to stand in, a name beside its place, and its own."""
        try:
            steps = _steps(name)
            folder = os.open(self.folder, _FOLDER)
            try:
                for step in steps[:-1]:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(step, 0o755, dir_fd=folder)
                    folder = _entered(folder, step)
                yield folder, f".{steps[-1][:64]}.{secrets.token_hex(4)}.tmp", steps[-1]
            finally:
                os.close(folder)
        except OSError as error:
            raise InputError(f"{self.folder / name}: cannot be written: {error.strerror or error}") from error

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        steps = _steps(name)
        folder = os.open(self.folder, _FOLDER)
        try:
            for step in steps[:-1]:
                folder = _entered(folder, step)
            # a pipe would be waited for
            descriptor = os.open(steps[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "is no regular file")
            yield descriptor
        finally:
            os.close(descriptor)

    def _told(self, name: str, error: OSError) -> InputError:
        what = "is a link, or a link leads to it" if error.errno in (errno.ELOOP, errno.ENOTDIR) else error.strerror
        return InputError(f"{self.folder / name}: {what or error}")


def _entered(folder: int, step: str) -> int:
    """The descriptor of a folder in a folder, in the place of that one."""
    inner = os.open(step, _INNER, dir_fd=folder)
    os.close(folder)
    return inner


def _steps(name: str) -> list[str]:
    steps = name.split("/")
    if any(step in ("", ".", "..") or "\0" in step for step in steps):
        raise OSError(errno.EINVAL, "is no name of a file below")
    return steps


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
