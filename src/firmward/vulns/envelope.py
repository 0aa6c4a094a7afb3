"""Envelopes (formats/dsse.py) that are signed with Ed25519 (RFC 8032) and verified."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from firmward.formats.dsse import Envelope
from firmward.model.errors import InputError, TrustError

KEY_LIMIT = 1 << 16


def sign(envelope: Envelope, keys: Sequence[Ed25519PrivateKey]) -> Envelope:
    made = tuple((key_id(key.public_key()), key.sign(envelope.signed)) for key in keys)
    return Envelope(envelope.type, envelope.payload, made)


def verify(envelope: Envelope, keys: Sequence[Ed25519PublicKey]) -> str:
    """The id of the key that signed it. Raises TrustError."""
    if not envelope.signatures:
        raise TrustError("it is not signed")
    for key in keys:
        for name, signature in envelope.signatures:
            if name != key_id(key):
                continue
            try:
                key.verify(signature, envelope.signed)
            except InvalidSignature:
                continue
            return key_id(key)
    raise TrustError("no signature on it is by a key that was given: it was altered, or another key signed it")


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key as it stands in certificates."""
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoded).hexdigest()


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Raises InputError."""
    try:
        key = serialization.load_pem_private_key(_content(path), password=None)
    except TypeError as error:
        raise InputError(f"{path}: is protected by a password; give a key without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path}: is no private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path}: is no Ed25519 key; `openssl genpkey -algorithm ed25519` makes one")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Raises InputError."""
    content = _content(path)
    if b"PRIVATE KEY" in content:
        raise InputError(f"{path}: is a private key; who only checks needs the public one (openssl pkey -pubout)")
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path}: is no public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{path}: is no Ed25519 key")
    return key


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(KEY_LIMIT)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
