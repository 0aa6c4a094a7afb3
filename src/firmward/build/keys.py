"""The keys of a build: what signs what boots, what the boot loader knows besides, and what signs the build's record."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmward.build import regular
from firmward.model.errors import InputError, TrustError
from firmward.signing.key_store import KeyStore
from firmward.signing.public_half import from_pem, key_id
from firmward.signing.role import Role
from firmward.signing.signing_key import PublicKey, SigningKey
from firmward.signing.unlock import Unlock

SIZE_LIMIT = 64 << 10
PEM = re.compile(rb"-----BEGIN [^-\n]*-----.*?-----END [^-\n]*-----", re.DOTALL)


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
    allowed = tuple(key for name in declared for key in _public(base / name))
    key = store.signers(Role.BOOT, unlock)[0]
    spares = tuple(one for one in store.public(Role.BOOT) if key_id(one) != key.id)
    return BuildKeys(key, spares, allowed, store.signers(Role.ROOTFS, unlock))


def _public(path: Path) -> Iterator[PublicKey]:
    """All in a file: the working key and the spare come together where they are exported by their role."""
    try:
        data = regular.linked_content(path, SIZE_LIMIT)
    except InputError as error:
        raise InputError(f"[boot] keys: {error}") from error
    if b"PRIVATE KEY" in data:
        raise InputError(
            f"[boot] keys: {path} is a private key; give its public half, and keep this one away from here"
        )
    try:
        for block in PEM.findall(data) or [data]:
            yield from_pem(block, str(path))
    except TrustError as error:
        raise InputError(f"[boot] keys: {error}; `firmward keys export-public boot` writes one") from error
