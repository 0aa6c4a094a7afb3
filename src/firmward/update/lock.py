"""One at a time installs, and one at a time speaks with the boot loader: two locks in the device's own folder.

They are two so that a system can be marked good while it installs for hours. The kernel lets go of a lock with the
process, however that ends: nothing is left to be cleaned up after a power cut.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmward.model.errors import DeviceError
from firmward.trust import spare
from firmward.trust.spare import NO_ROOM

FILE, LOADER = "lock", "loader.lock"


@contextmanager
def held(state: Path) -> Iterator[None]:
    """By who installs, for as long as that takes. Raises DeviceError where somebody else has it."""
    from fcntl import LOCK_EX, LOCK_NB, flock

    with _opened(state / FILE) as descriptor:
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
        except OSError as error:
            raise DeviceError("another update is at work on this device: try again when it has ended") from error
        yield


@contextmanager
def awaited(state: Path) -> Iterator[None]:
    """By who speaks with the boot loader, for a moment. Raises DeviceError."""
    from fcntl import LOCK_EX, flock

    with _opened(state / LOADER) as descriptor:
        flock(descriptor, LOCK_EX)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = _descriptor(path)
    except OSError as error:
        raise DeviceError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _descriptor(path: Path) -> int:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags | os.O_CREAT, 0o600)
    except OSError as error:
        if error.errno in NO_ROOM and spare.take(path, 0):
            return os.open(path, flags)
        raise
