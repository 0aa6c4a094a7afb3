"""How new keys are made, wherever they are to be held, and how one is taken back that never came to be listed."""

import contextlib
import secrets
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from firmward.model.errors import FirmwardError, InputError
from firmward.signing import file_key, pkcs11_key, private_files, tpm_key
from firmward.signing.algorithm import Algorithm, Custody, check_fits, usual
from firmward.signing.ledger import KeyRecord, check_text
from firmward.signing.public_half import key_id, to_pem
from firmward.signing.role import Role
from firmward.signing.signing_key import PublicKey
from firmward.signing.unlock import Unlock

PUBLIC, PRIVATE = "public", "private"
"""Folders of a store."""


@dataclass(frozen=True, slots=True)
class Making:
    """`algorithm` is the role's usual one when it is None; `module` and `token` are for PKCS#11."""

    custody: Custody = Custody.FILE
    algorithm: Algorithm | None = None
    module: Path | None = None
    token: str | None = None

    def algorithm_for(self, role: Role) -> Algorithm:
        """Raises InputError where the role cannot have such a key."""
        algorithm = self.algorithm or usual(role, self.custody)
        check_fits(role, self.custody, algorithm)
        return algorithm

    def check(self) -> None:
        """Raises InputError for what is missing, or said of a custody that has no use for it."""
        if self.custody is not Custody.PKCS11:
            if self.module is not None or self.token is not None:
                raise InputError(f"--module and --token are for custody pkcs11, not {self.custody}")
            return
        if self.module is None or self.token is None:
            raise InputError("custody pkcs11 needs --module (the token's library) and --token (its label)")
        check_text(str(self.module), "--module")
        check_text(self.token, "--token")
        pkcs11_key.check_module(self.module)

    def obtain_secret(self, unlock: Unlock) -> None:
        """Ask for what will be needed, before anything is locked or made."""
        if self.custody is Custody.PKCS11:
            unlock.pin(self.token or "")
        else:
            unlock.new_passphrase()


def made_like(key: KeyRecord) -> Making:
    """What makes a successor of the same kind in the same place."""
    module = Path(key.module) if key.module else None
    return Making(Custody(key.custody), Algorithm(key.algorithm), module, key.token)


def make(folder: Path, role: Role, number: int, making: Making, unlock: Unlock, today: date) -> KeyRecord:
    """A new key, both halves written below `folder`, and not listed yet."""
    algorithm = making.algorithm_for(role)
    name = f"{role}-{number}"
    label = None
    if making.custody is Custody.PKCS11:
        label = f"{name}-{secrets.token_hex(4)}"  # a token may serve several stores
        public = pkcs11_key.make(_token(making), label, algorithm, unlock.pin(making.token or ""))
    elif making.custody is Custody.TPM:
        public = tpm_key.make(folder / PRIVATE, algorithm, unlock.new_passphrase())
    else:
        public = file_key.make(folder / PRIVATE, algorithm, unlock.new_passphrase())
    record = _record(role, number, public, algorithm, making, label, today)
    try:
        private_files.write(folder / PUBLIC / f"{name}.pem", to_pem(public), 0o644)
    except BaseException:
        discard(folder, record, unlock)
        raise
    return record


def discard(folder: Path, key: KeyRecord, unlock: Unlock) -> None:
    """Take back what `make` made, as far as that is possible: what stays is encrypted, and listed nowhere."""
    with contextlib.suppress(OSError):
        (folder / PUBLIC / f"{key.name}.pem").unlink()
    with contextlib.suppress(OSError, FirmwardError):
        if key.custody == Custody.FILE:
            file_key.place(folder / PRIVATE, key.id).unlink()
        elif key.custody == Custody.TPM:
            shutil.rmtree(tpm_key.place(folder / PRIVATE, key.id))
        else:
            pkcs11_key.discard(_token(made_like(key)), key.label or "", unlock.pin(key.token or ""))


def _token(making: Making) -> pkcs11_key.Token:
    return pkcs11_key.Token(making.module or Path(), making.token or "")


def _record(
    role: Role, number: int, public: PublicKey, algorithm: Algorithm, making: Making, label: str | None, today: date
) -> KeyRecord:
    module = str(making.module) if making.module else None
    return KeyRecord(
        role=role,
        number=number,
        id=key_id(public),
        algorithm=algorithm,
        custody=making.custody,
        created=today,
        module=module,
        token=making.token,
        label=label,
    )
