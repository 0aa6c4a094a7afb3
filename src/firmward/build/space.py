"""Room on the disk that a build writes to: asked for before the work, and told in one line when it ends nevertheless.

A file appears whole or not at all: it is written beside its place under a hidden name, and renamed when it is done.
"""

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmward.model.errors import InputError

MARGIN = 16 << 20
"""Bytes that stay free beside what is needed: the file system's own, and small files."""
FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def require(folder: Path, needed: int) -> None:
    """Raises InputError when a folder's file system has no room for so many bytes more."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}") from error
    if free < needed + MARGIN:
        raise InputError(
            f"{folder}: the build needs {_mib(needed + MARGIN)} MiB there, and {free >> 20} MiB are free; make room "
            "or give another folder"
        )


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What the disk refuses while `path` is written is an InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {reason(error)}") from error


def reason(error: OSError) -> str:
    """In words of what to do, where the disk has no room."""
    return "the disk is full; make room and build again" if error.errno in FULL else error.strerror or str(error)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """The place to write to what shall stand at `path`; there when the block ends well, gone when it does not.

    Raises InputError for what the disk refuses.
    """
    hidden = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}.partial")
    try:
        with told(path):
            yield hidden
            hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)


def _mib(size: int) -> int:
    return -(-size >> 20)
