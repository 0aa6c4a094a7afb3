"""The keys of a build: what signs what boots, what the boot loader knows besides, and what signs the build's record."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import InputError
from firmward.signing.key_store import KeyStore
from firmward.signing.public_half import from_pem, key_id
from firmward.signing.role import Role
from firmward.signing.signing_key import PublicKey, SigningKey
from firmward.signing.unlock import Unlock

SIZE_LIMIT = 64 << 10


@dataclass(frozen=True, slots=True)
class BuildKeys:
    """`key` signs what boots, `spares` go into the control tree beside it, `declared` are those that the policy allows
    to sign, none where it does not say. `witnesses` sign what the build says of itself."""

    key: SigningKey
    spares: tuple[PublicKey, ...]
    declared: tuple[PublicKey, ...]
    witnesses: tuple[SigningKey, ...]


def build_keys(store: KeyStore, unlock: Unlock, declared: Sequence[str], base: Path) -> BuildKeys:
    """`declared` are files, relative to `base`. Raises TrustError where the key cannot be had, InputError for a file
    that is no public key."""
    allowed = tuple(_public(base / name) for name in declared)
    key = store.signers(Role.BOOT, unlock)[0]
    spares = tuple(one for one in store.public(Role.BOOT) if key_id(one) != key.id)
    return BuildKeys(key, spares, allowed, store.signers(Role.ROOTFS, unlock))


def _public(path: Path) -> PublicKey:
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise InputError(f"[boot] keys: {path} is larger than a key can be")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"[boot] keys: {path}: {error.strerror or error}") from error
    if b"PRIVATE KEY" in data:
        raise InputError(
            f"[boot] keys: {path} is a private key; give its public half, and keep this one away from here"
        )
    return from_pem(data, str(path))
