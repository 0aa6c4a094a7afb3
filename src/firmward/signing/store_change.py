"""A change of a store under way: one at a time, and all of it or nothing.

The halves of a new key are written before the list names it, and the list is replaced in one step: whoever pulls the
plug finds the old list or the new one, and at most an encrypted file that none of them names.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from firmward.model.errors import DeviceError, InputError
from firmward.signing import custody, ledger, private_files
from firmward.signing.custody import PRIVATE, Making
from firmward.signing.key_store import LEDGER, KeyStore
from firmward.signing.ledger import KeyRecord, Ledger
from firmward.signing.role import Role
from firmward.signing.unlock import Unlock

LOCK = "lock"
LOCK_SECONDS = 60.0
PAUSE = 0.05


class Change:
    """A change under way: the store as it was, the list as it is going to be, and the keys made meanwhile."""

    def __init__(self, folder: Path, store: KeyStore, unlock: Unlock) -> None:
        self.folder, self.store, self.unlock = folder, store, unlock
        self.ledger: Ledger = store.ledger
        self.made: list[KeyRecord] = []

    def make(self, role: Role, making: Making, today: date) -> KeyRecord:
        (self.folder / PRIVATE).mkdir(mode=0o700, exist_ok=True)  # gone where every key is kept elsewhere
        made = sum(key.role == role for key in self.made)
        key = custody.make(self.folder, role, self.store.ledger.next_number(role) + made, making, self.unlock, today)
        self.made.append(key)
        return key

    def commit(self) -> None:
        private_files.write(self.folder / LEDGER, ledger.to_text(self.ledger).encode(), 0o644)

    def undo(self) -> None:
        """Unless the list names them already: Ctrl-C may come right behind the step that counts."""
        path = self.folder / LEDGER
        listed = {key.id for key in ledger.parse(path.read_bytes(), LEDGER).key} if path.exists() else set()
        for key in self.made:
            if key.id not in listed:
                custody.discard(self.folder, key, self.unlock)


@contextmanager
def changing(folder: Path, unlock: Unlock) -> Iterator[Change]:
    """Commit what the block has decided on, or take it all back."""
    KeyStore.open(folder)
    with _locked(folder):
        change = Change(folder, KeyStore.open(folder), unlock)
        try:
            yield change
            change.commit()
        except BaseException:  # Ctrl-C too
            change.undo()
            raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    path = folder / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        end = time.monotonic() + LOCK_SECONDS
        while not _lock(descriptor):
            if time.monotonic() > end:
                raise DeviceError(f"{folder}: another firmward is changing it; try again when that has ended")
            time.sleep(PAUSE)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
