"""How certificates and CMS name what they are signed with, and its verification (RFC 4055, RFC 5480, RFC 5758).

Rules: an AlgorithmIdentifier is an object identifier and parameters. One that names RSA or elliptic keys alone leaves
the digest to be said elsewhere (CMS says it beside); RSASSA-PSS has digest, mask and length of the salt in its
parameters, SHA-1 and 20 bytes where they are left out. An ECDSA signature is a sequence of two numbers.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats import der, signature
from firmward.formats.malformed import Malformed
from firmward.formats.public_key import DSA, ED25519, EcKey, Key, RsaKey, number


class Scheme(StrEnum):
    RSA = "rsa"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"
    OTHER = "other"


DIGESTS = {
    bytes.fromhex("2a864886f70d0205"): "md5",
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040204"): "sha224",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
"""hashlib's names by object identifier."""

_RSA, _ECDSA = "2a864886f70d0101", "2a8648ce3d040"
_PSS, _MASK = bytes.fromhex(_RSA + "0a"), bytes.fromhex(_RSA + "08")
_SIGNED = {
    bytes.fromhex(_RSA + "01"): (Scheme.RSA, None),
    bytes.fromhex(_RSA + "04"): (Scheme.RSA, "md5"),
    bytes.fromhex(_RSA + "05"): (Scheme.RSA, "sha1"),
    bytes.fromhex(_RSA + "0e"): (Scheme.RSA, "sha224"),
    bytes.fromhex(_RSA + "0b"): (Scheme.RSA, "sha256"),
    bytes.fromhex(_RSA + "0c"): (Scheme.RSA, "sha384"),
    bytes.fromhex(_RSA + "0d"): (Scheme.RSA, "sha512"),
    bytes.fromhex("2a8648ce3d0201"): (Scheme.ECDSA, None),
    bytes.fromhex(_ECDSA + "1"): (Scheme.ECDSA, "sha1"),
    bytes.fromhex(_ECDSA + "301"): (Scheme.ECDSA, "sha224"),
    bytes.fromhex(_ECDSA + "302"): (Scheme.ECDSA, "sha256"),
    bytes.fromhex(_ECDSA + "303"): (Scheme.ECDSA, "sha384"),
    bytes.fromhex(_ECDSA + "304"): (Scheme.ECDSA, "sha512"),
}
_SALT_LIMIT = 1 << 10
_OTHERS = {ED25519: "Ed25519", DSA: "DSA"}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`digest` is hashlib's name, None where it is said elsewhere; `salt` in bytes, for RSASSA-PSS."""

    scheme: Scheme
    digest: str | None
    salt: int | None = None
    name: str = ""
    """For a scheme that is not verified here: what it is called, else its object identifier."""


def dotted(identifier: bytes) -> str:
    """An object identifier as people write it; the bytes in hexadecimal when they are none."""
    if not identifier or len(identifier) > 40 or identifier[-1] & 0x80:
        return identifier[:40].hex()
    numbers: list[int] = []
    value = 0
    for byte in identifier:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def digest_named(data: bytes, value: der.Value) -> str:
    """The digest that an AlgorithmIdentifier names. Raises Malformed."""
    identifier = _identifier(data, value)[0]
    if identifier not in DIGESTS:
        raise Malformed(f"the digest {dotted(identifier)} is not known")
    return DIGESTS[identifier]


def parse(data: bytes, value: der.Value) -> Algorithm:
    """An AlgorithmIdentifier of a signature. Raises Malformed."""
    identifier, parameters = _identifier(data, value)
    if identifier == _PSS:
        return _pss(data, parameters)
    known = _SIGNED.get(identifier)
    if known is None:
        return Algorithm(Scheme.OTHER, None, name=_OTHERS.get(identifier) or dotted(identifier))
    return Algorithm(*known)


def _identifier(data: bytes, value: der.Value) -> tuple[bytes, der.Value | None]:
    parts = der.all_inside(data, value, 2) if value.tag == der.SEQUENCE else ()
    if not parts or parts[0].tag != der.OID:
        raise Malformed("DER: no AlgorithmIdentifier")
    return der.content(data, parts[0]), parts[1] if len(parts) > 1 else None


def _pss(data: bytes, parameters: der.Value | None) -> Algorithm:
    digest, mask, salt = "sha1", "sha1", 20
    for part in der.all_inside(data, parameters, 4) if parameters is not None else ():
        inner = der.value_at(data, part.start, part.end)
        if part.tag == 0xA0:
            digest = digest_named(data, inner)
        elif part.tag == 0xA1:
            kind, below = _identifier(data, inner)
            if kind != _MASK or below is None:
                raise Malformed("RSASSA-PSS: a mask that is not MGF1")
            mask = digest_named(data, below)
        elif part.tag == 0xA2:
            salt = number(data, inner)
    if mask != digest or salt > _SALT_LIMIT:
        raise Malformed(f"RSASSA-PSS with {digest}, a mask of {mask} and {salt} bytes of salt")
    return Algorithm(Scheme.RSA_PSS, digest, salt)


def verifies(algorithm: Algorithm, key: Key, content: bytes, signed: bytes, digest: str | None = None) -> bool:
    """Whether `signed` is a signature over `content` by `key`; `digest` names it where the algorithm does not.

    Raises Malformed when this cannot be computed here.
    """
    name = _digest(algorithm, digest)
    return verifies_digest(algorithm, key, hashlib.new(name, content, usedforsecurity=False).digest(), signed, name)


def _digest(algorithm: Algorithm, beside: str | None) -> str:
    name = algorithm.digest or beside
    if name is None:
        raise Malformed("no digest is named")
    if algorithm.digest and beside and algorithm.digest != beside:
        raise Malformed(f"a signature of {algorithm.digest} beside a digest of {beside}")
    return name


def verifies_digest(algorithm: Algorithm, key: Key, digest: bytes, signed: bytes, name: str) -> bool:
    """As `verifies`, for content whose digest by `name` was computed. Raises Malformed."""
    match algorithm.scheme, key:
        case Scheme.RSA, RsaKey(modulus, exponent):
            return signature.verify_rsa_pkcs1(modulus, exponent, name, digest, signed)
        case Scheme.RSA_PSS, RsaKey(modulus, exponent):
            return signature.verify_rsa_pss(modulus, exponent, name, digest, signed, algorithm.salt)
        case Scheme.ECDSA, EcKey(curve, x, y):
            pair = der.all_inside(signed, der.value_at(signed, 0), 2)
            if len(pair) != 2:
                raise Malformed("ECDSA: no two numbers")
            r, s = (number(signed, value) for value in pair)
            return signature.verify_ecdsa(curve.name, x, y, digest, r, s)
    what = algorithm.name or algorithm.scheme.value
    raise Malformed(f"a signature by {what} cannot be verified with {type(key).__name__}")
