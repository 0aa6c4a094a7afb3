"""Key stores of the tests: real ones, whose passphrase costs next to nothing to try."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from unittest.mock import patch

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from firmward.signing import changes, pkcs8
from firmward.signing.algorithm import PrivateKey
from firmward.signing.changes import NewRole
from firmward.signing.role import Role
from firmward.signing.unlock import Unlock

PASSPHRASE = "correct horse battery"
DAY = date(2026, 11, 22)
CHEAP = pkcs8.Cost(n=16, r=1, p=1)


@contextmanager
def cheaply() -> Iterator[None]:
    """Passphrases are stretched hardly at all: a test makes dozens of keys."""
    with patch.object(pkcs8, "COST", CHEAP):
        yield


def secret_file(folder: Path, text: str = PASSPHRASE, name: str = "passphrase") -> Path:
    path = folder / name
    path.write_text(f"{text}\n")
    path.chmod(0o600)
    return path


def known(text: str = PASSPHRASE) -> Unlock:
    """Whoever knows the passphrase, and types it."""
    return Unlock(ask=lambda question: text)


def unknown() -> Unlock:
    """A machine without a terminal and a file."""
    return Unlock()


def make_store(folder: Path, *roles: NewRole | Role) -> Path:
    made = [one if isinstance(one, NewRole) else NewRole(one) for one in roles or tuple(Role)]
    with cheaply():
        changes.init(folder, made, known(), DAY)
    return folder


def plain_pem(private: PrivateKey) -> bytes:
    """A private half as no store may hold it."""
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
