"""SSH keys: which files hold a private one, and the fingerprint by which a person knows a key.

Rules: OpenSSH's own form and PEM say what they are on their first line; OpenSSH's carries the public part in clear.
Dropbear's host keys are bare bytes, each string with its length in four bytes before it: the algorithm's name, the
public numbers, the private ones. A file that ends after the public part holds no private key. A fingerprint is the
SHA-256 of the public part as RFC 4253 writes it.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

PEM = re.compile(rb"-----BEGIN (OPENSSH|RSA|DSA|EC|ENCRYPTED)? ?PRIVATE KEY-----\s+(.*?)-----END ", re.DOTALL)
NAMES = {b"RSA": "ssh-rsa", b"DSA": "ssh-dss", b"EC": "ecdsa"}
OPENSSH_MAGIC = b"openssh-key-v1\0"

STRING_LIMIT = 8192
"""Bytes of one string in a key; an RSA number of 16384 bits has 2049."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """What a file with a private key shows of it. `fingerprint` is None where the form hides it."""

    algorithm: str
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class PublicKey:
    algorithm: str
    fingerprint: str


def private_key(content: bytes) -> PrivateKey | None:
    """The private key that a file holds; None when it holds none."""
    found = PEM.search(content)
    if found is not None:
        return _openssh(found[2]) if found[1] == b"OPENSSH" else PrivateKey(NAMES.get(found[1] or b"", "unknown"), None)
    return _dropbear(content)


def public_key(word: str) -> PublicKey | None:
    """A public key from the base 64 of an authorized_keys line."""
    try:
        blob = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        return None
    found = strings(blob, 1)
    if len(found) != 1 or not re.fullmatch(rb"[a-z0-9@.-]{4,64}", found[0]):
        return None
    return PublicKey(found[0].decode(), fingerprint(blob))


def fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _openssh(body: bytes) -> PrivateKey:
    try:
        content = base64.b64decode(b"".join(body.split()))
    except binascii.Error:
        return PrivateKey("unknown", None)
    # cipher, key derivation and its options come first, then the number of keys, then the public part
    rest = content.removeprefix(OPENSSH_MAGIC)
    heads = strings(rest, 3)
    start = sum(4 + len(head) for head in heads) + 4
    public = strings(rest[start:], 1)
    name = strings(public[0], 1) if public else []
    if len(heads) < 3 or not name:
        return PrivateKey("unknown", None)
    return PrivateKey(name[0].decode("ascii", "replace"), fingerprint(public[0]))


def _dropbear(content: bytes) -> PrivateKey | None:
    found = strings(content, 7)
    if len(found) < 2:
        return None
    match found:
        case [b"ssh-ed25519", pair, *_] if len(pair) == 64:
            return _key(b"ssh-ed25519", pair[32:])
        case [b"ssh-rsa", exponent, modulus, _secret, *_]:
            return _key(b"ssh-rsa", exponent, modulus)
        case [b"ssh-dss", p, q, g, y, _secret, *_]:
            return _key(b"ssh-dss", p, q, g, y)
        case [name, curve, point, _secret, *_] if name.startswith(b"ecdsa-sha2-nistp"):
            return _key(name, curve, point)
    return None


def _key(name: bytes, *numbers: bytes) -> PrivateKey:
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (name, *numbers))
    return PrivateKey(name.decode("ascii", "replace"), fingerprint(blob))


def strings(content: bytes, count: int) -> list[bytes]:
    """The first strings of a run of length-prefixed ones, as many as there are."""
    found: list[bytes] = []
    position = 0
    while len(found) < count and position + 4 <= len(content):
        length = int.from_bytes(content[position : position + 4], "big")
        if length > STRING_LIMIT or position + 4 + length > len(content):
            break
        found.append(content[position + 4 : position + 4 + length])
        position += 4 + length
    return found
