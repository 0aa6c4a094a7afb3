"""Signed envelopes (DSSE 1.0) with Ed25519 (RFC 8032): who signs says what the payload is, and nobody else can.

What is signed is the type and the payload with their lengths before them, so that no other pair gives the same bytes.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError, TrustError
from firmward.vulns.fields import table, tables_at, text, text_at
from firmward.vulns.json_reader import parse

KEY_LIMIT = 1 << 16
SIGNATURES_LIMIT = 16
PAYLOAD_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Envelope:
    """A `payload` of a `type`, with signatures by the ids of their keys."""

    type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...] = ()

    @property
    def signed(self) -> bytes:
        """What a signature is over (DSSE's pre-authentication encoding)."""
        kind = self.type.encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)


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


def to_json(envelope: Envelope) -> bytes:
    signatures = [{"keyid": key, "sig": base64.b64encode(one).decode()} for key, one in envelope.signatures]
    payload = base64.b64encode(envelope.payload).decode()
    document = {"payloadType": envelope.type, "payload": payload, "signatures": signatures}
    return json.dumps(document, separators=(",", ":")).encode()


def from_json(content: bytes) -> Envelope:
    """Raises Malformed, also where another spelling says the same: what nobody signed may not be altered either."""
    document = table(parse(content), "the envelope")
    signatures = tables_at(document, "signatures")
    if len(signatures) > SIGNATURES_LIMIT or not isinstance(document.get("signatures"), list):
        raise Malformed(f"signatures is no list of at most {SIGNATURES_LIMIT}")
    made = tuple((text_at(one, "keyid"), _decoded(one.get("sig"), "sig")) for one in signatures)
    envelope = Envelope(text_at(document, "payloadType"), _decoded(document.get("payload"), "payload"), made)
    if to_json(envelope) != content:
        raise Malformed("the envelope is not written in its one form")
    return envelope


def _decoded(value: object, what: str) -> bytes:
    try:
        return base64.b64decode(text(value, what, 2 * PAYLOAD_LIMIT), validate=True)
    except binascii.Error as error:
        raise Malformed(f"{what} is not base64") from error


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
