"""Files that nobody else may read: written so from their first byte on, and refused when they are not so any more.

A file is made beside its place with mode 0600 (never made readable first and closed afterwards), brought to the disk
and renamed. Links are not followed: what a link leads to has rights of its own.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from firmward.model.errors import InputError, TrustError

SIZE_LIMIT = 64 << 10
"""Bytes; an encrypted key of RSA-4096 has under four thousand."""
OTHERS = 0o077
WRITABLE = 0o022


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put a file into its place whole or not at all. Raises InputError."""
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            hidden.replace(path)
        except BaseException:  # Ctrl-C too leaves nothing lying about
            with contextlib.suppress(OSError):
                hidden.unlink()
            raise
        sync(path.parent)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the file system lets a folder be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read(path: Path, *, forbidden: int = OTHERS, limit: int = SIZE_LIMIT) -> bytes:
    """A regular file without these rights. Raises InputError where there is none, TrustError for its rights."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InputError(f"{path}: is not there") from None
    except OSError as error:
        if path.is_symlink():
            raise TrustError(f"{path}: is a link; put the file itself there") from error
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise TrustError(f"{path}: is no regular file")
        check_rights(path, found, forbidden)
        if found.st_size > limit:
            raise InputError(f"{path}: larger than {limit} bytes")
        return _all(descriptor, limit)
    finally:
        os.close(descriptor)


def _all(descriptor: int, limit: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(limit)


def check_folder(folder: Path, *, forbidden: int = OTHERS) -> None:
    """Raises InputError where there is no folder, TrustError for its rights."""
    try:
        found = folder.lstat()
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise TrustError(f"{folder}: is no folder")
    check_rights(folder, found, forbidden)


def check_rights(path: Path, found: os.stat_result, forbidden: int) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if mode & forbidden:
        verb = "read" if forbidden & 0o044 else "change"
        cure = "go=" if forbidden & 0o044 else "go-w"
        raise TrustError(
            f"{path}: others may {verb} it (mode {mode:04o}); `chmod {cure} {path}`, and if somebody has used that, "
            "revoke the key"
        )
    me = os.geteuid()
    if me != 0 and found.st_uid not in (me, 0):
        raise TrustError(f"{path}: belongs to another user ({found.st_uid}), who may change it")
