"""Private keys in DER: PKCS#1, PKCS#8, SEC 1 and DSA, as files, inside PEM, or in the data of a program.

Rules: RFC 8017 appendix A.1.2, RFC 5958, RFC 5915, and what OpenSSL writes for DSA. A key is believed only when its
numbers fit together (the modulus is the product of the primes; scalar and point have the curve's length), so that bytes
which only look like the beginning of one are none.
"""

from dataclasses import dataclass

from firmward.formats import der
from firmward.formats.malformed import Malformed
from firmward.formats.public_key import (
    CURVES,
    DSA,
    EC,
    ED448,
    ED25519,
    INTEGER,
    RSA,
    X25519,
    Curve,
    PublicPart,
    number,
    of_point,
    of_rsa,
)

PBES = (bytes.fromhex("2a864886f70d0105"), bytes.fromhex("2a864886f70d010c01"))
"""PBES2 and the older schemes of PKCS#5 and PKCS#12: what begins an encrypted PKCS#8 key."""

CONTEXT_1 = 0xA1
SIZE_LIMIT = 32 << 10


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key. `public` is None where the form does not show it; `locked` says that it is encrypted."""

    algorithm: str
    public: PublicPart | None = None
    locked: bool = False
    size: int = 0


def read(data: bytes, offset: int = 0) -> KeyPair | None:
    """The key whose DER begins at `offset`; None when there is none."""
    try:
        whole = der.value_at(data, offset)
        if whole.tag != der.SEQUENCE or whole.end - whole.start > SIZE_LIMIT:
            return None
        parts = list(der.inside(data, whole))
        return _structured(data, whole, parts, whole.end - offset)
    except (Malformed, ValueError, IndexError):
        return None


def _structured(data: bytes, whole: der.Value, parts: list[der.Value], size: int) -> KeyPair | None:
    tags = tuple(part.tag for part in parts)
    if tags == (der.SEQUENCE, der.OCTETS):
        return _encrypted(data, parts[0], size)
    if tags[:1] != (INTEGER,) or parts[0].end - parts[0].start != 1:
        return None
    if tags[1:3] == (der.SEQUENCE, der.OCTETS):
        return _pkcs8(data, parts[1], parts[2], size)
    if tags[1:2] == (der.OCTETS,) and data[parts[0].start] == 1:
        return _sec1(data, whole, None, size)
    if tags == (INTEGER,) * 9:
        return _rsa(data, parts, size)
    return _dsa(data, parts, size) if tags == (INTEGER,) * 6 else None


def _encrypted(data: bytes, algorithm: der.Value, size: int) -> KeyPair | None:
    kind = next(der.inside(data, algorithm), None)
    if kind is None or kind.tag != der.OID or not data[kind.start : kind.end].startswith(PBES):
        return None
    return KeyPair("unknown", locked=True, size=size)


def _pkcs8(data: bytes, algorithm: der.Value, octets: der.Value, size: int) -> KeyPair | None:
    names = list(der.inside(data, algorithm))
    kind = data[names[0].start : names[0].end]
    inner = der.value_at(data, octets.start, octets.end)
    if kind == RSA:
        return _rsa(data, list(der.inside(data, inner)), size)
    if kind == EC:
        curve = CURVES.get(data[names[1].start : names[1].end]) if len(names) > 1 else None
        return _sec1(data, inner, curve, size)
    if kind in (ED25519, X25519, ED448) and inner.tag == der.OCTETS and inner.end - inner.start in (32, 57):
        return KeyPair({ED25519: "Ed25519", X25519: "X25519"}.get(kind, "Ed448"), size=size)
    return KeyPair("DSA", size=size) if kind == DSA and inner.tag == INTEGER else None


def _rsa(data: bytes, parts: list[der.Value], size: int) -> KeyPair | None:
    _, modulus, exponent, secret, first, second, *_ = (number(data, part) for part in parts)
    if modulus.bit_length() < 512 or first * second != modulus or secret < 2:
        return None
    return KeyPair("RSA", of_rsa(modulus, exponent), size=size)


def _dsa(data: bytes, parts: list[der.Value], size: int) -> KeyPair | None:
    _, prime, order, base, public, secret = (number(data, part) for part in parts)
    fits = prime.bit_length() >= 512 and secret < order and pow(base, secret, prime) == public
    return KeyPair("DSA", size=size) if fits and prime.bit_length() <= 8192 else None


def _sec1(data: bytes, whole: der.Value, curve: Curve | None, size: int) -> KeyPair | None:
    _, secret, *rest = der.inside(data, whole)
    point = None
    for part in rest:
        inner = der.value_at(data, part.start, part.end)
        if part.tag == der.CONTEXT_0 and inner.tag == der.OID:
            curve = CURVES.get(data[inner.start : inner.end])
        elif part.tag == CONTEXT_1:
            point = data[inner.start + 1 : inner.end]
    length = secret.end - secret.start
    if (
        secret.tag != der.OCTETS
        or curve is None
        or length != curve.size
        or len(set(data[secret.start : secret.end])) < 8
    ):
        return None
    if point is not None and (point[:1] not in (b"\2", b"\3", b"\4") or len(point) not in (1 + length, 1 + 2 * length)):
        return None
    return KeyPair(f"EC {curve.name}", of_point(curve, point) if point and point[0] == 4 else None, size=size)
