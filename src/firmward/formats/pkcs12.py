"""PKCS#12 (RFC 7292): whether a store holds a private key, and whether a password that everybody knows opens it.

Rules: a PFX is version 3, the contents, and MacData, whose digest is an HMAC under a key derived from the password by
appendix B (purpose 3, the password in UTF-16 with two bytes of zero). Only the MAC is tried; nothing is decrypted.
"""

import hashlib
import hmac
from dataclasses import dataclass

from firmward.formats import der
from firmward.formats.malformed import Malformed

KEY_BAGS = (bytes.fromhex("2a864886f70d010c0a0101"), bytes.fromhex("2a864886f70d010c0a0102"))
DIGESTS = {
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
PASSWORDS = ("", "password", "changeit", "changeme", "123456", "1234", "12345678", "secret", "admin", "test")
ROUNDS_LIMIT = 20_000
"""Rounds of the derivation for which passwords are tried; OpenSSL makes 2048, Java 10 000."""


@dataclass(frozen=True, slots=True)
class Store:
    """`holds_key` says that a key is in it, `opened` that one of the known passwords opens it."""

    holds_key: bool
    opened: bool


def read(data: bytes) -> Store | None:
    """None when the bytes are no PKCS#12 store."""
    try:
        whole = der.value_at(data, 0)
        parts = list(der.inside(data, whole))
        if [part.tag for part in parts[:2]] != [0x02, der.SEQUENCE] or data[parts[0].start : parts[0].end] != b"\3":
            return None
        content = _content(data, parts[1])
        opened = len(parts) > 2 and _opens(data, parts[2], content)
    except (Malformed, ValueError, IndexError):
        return None
    return Store(any(bag in content for bag in KEY_BAGS), opened)


def _content(data: bytes, info: der.Value) -> bytes:
    kind, wrapped = list(der.inside(data, info))[:2]
    if kind.tag != der.OID or wrapped.tag != der.CONTEXT_0:
        raise Malformed("PKCS#12: no contents")
    octets = der.value_at(data, wrapped.start, wrapped.end)
    return data[octets.start : octets.end]


def _opens(data: bytes, mac: der.Value, content: bytes) -> bool:
    info, salt, *rest = der.inside(data, mac)
    algorithm, digest = list(der.inside(data, info))[:2]
    oid = next(der.inside(data, algorithm))
    name = DIGESTS.get(data[oid.start : oid.end])
    rounds = int.from_bytes(data[rest[0].start : rest[0].end], "big") if rest else 1
    if name is None or not 1 <= rounds <= ROUNDS_LIMIT or salt.end - salt.start > 256:
        return False
    wanted = data[digest.start : digest.end]
    return any(
        hmac.digest(derive(password, data[salt.start : salt.end], rounds, name), content, name) == wanted
        for password in PASSWORDS
    )


def derive(password: str, salt: bytes, rounds: int, name: str) -> bytes:
    """The MAC's key: appendix B.2 with one block of output, which is all that a MAC needs."""
    block = hashlib.new(name, usedforsecurity=False).block_size
    secret = password.encode("utf-16-be") + b"\0\0"
    value = bytes([3]) * block + _filled(salt, block) + _filled(secret, block)
    for _ in range(rounds):
        value = hashlib.new(name, value, usedforsecurity=False).digest()
    return value


def _filled(text: bytes, block: int) -> bytes:
    length = -(-len(text) // block) * block
    return (text * (length // len(text) + 1))[:length] if text else b""
