"""The public part of a key pair, however it is written: what a private key and its certificate have in common.

Rules: an RSA key is its modulus, an elliptic one its point, an Ed25519 or DSA one its number; certificates hold them in
a SubjectPublicKeyInfo (RFC 5280, section 4.1; RFC 8017, RFC 5480, RFC 8410), SSH in strings with their length before
them (RFC 4253, RFC 5656).
"""

import hashlib
from dataclasses import dataclass

from firmward.formats import der, signature, ssh_key
from firmward.formats.malformed import Malformed

RSA = bytes.fromhex("2a864886f70d010101")
EC = bytes.fromhex("2a8648ce3d0201")
DSA = bytes.fromhex("2a8648ce380401")
ED25519 = bytes.fromhex("2b6570")
ED448 = bytes.fromhex("2b6571")
X25519 = bytes.fromhex("2b656e")

INTEGER, BITS = 0x02, 0x03
UNCOMPRESSED = 0x04
"""First byte of a point that has both coordinates."""

NUMBER_LIMIT = 4096
"""Bytes of one number in a key: 32768 bits."""


@dataclass(frozen=True, slots=True)
class Curve:
    """`bits` of the field, the name that people use, and SSH's for it when it has one."""

    name: str
    bits: int
    ssh: str | None = None

    @property
    def size(self) -> int:
        """Bytes of one coordinate."""
        return (self.bits + 7) // 8


CURVES = {
    bytes.fromhex("2a8648ce3d030107"): Curve("P-256", 256, "nistp256"),
    bytes.fromhex("2b81040022"): Curve("P-384", 384, "nistp384"),
    bytes.fromhex("2b81040023"): Curve("P-521", 521, "nistp521"),
    bytes.fromhex("2a8648ce3d030101"): Curve("P-192", 192),
    bytes.fromhex("2b81040021"): Curve("P-224", 224),
    bytes.fromhex("2b8104000a"): Curve("secp256k1", 256),
    bytes.fromhex("2b2403030208010107"): Curve("brainpoolP256r1", 256),
    bytes.fromhex("2b240303020801010b"): Curve("brainpoolP384r1", 384),
}
_BY_SSH = {curve.ssh: curve for curve in CURVES.values() if curve.ssh}


@dataclass(frozen=True, slots=True)
class PublicPart:
    """`identity` is equal for equal keys; `fingerprint` is SSH's, None where SSH has no such key."""

    algorithm: str
    bits: int
    identity: str
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class RsaKey:
    """What a signature is verified with."""

    modulus: int
    exponent: int

    @property
    def bits(self) -> int:
        return self.modulus.bit_length()

    def signed(self, hash_name: str, body: bytes, signed: bytes) -> bool:
        """Whether this is RSASSA-PKCS1-v1_5 over the body."""
        digest = hashlib.new(hash_name, body, usedforsecurity=False).digest()
        return signature.verify_rsa_pkcs1(self.modulus, self.exponent, hash_name, digest, signed)


@dataclass(frozen=True, slots=True)
class EcKey:
    """A point on a curve by its coordinates; whether it lies there is not asked here."""

    curve: Curve
    x: int
    y: int


Key = RsaKey | EcKey


def of_rsa(modulus: int, exponent: int) -> PublicPart:
    blob = _strings(b"ssh-rsa", _mpint(exponent), _mpint(modulus))
    return PublicPart("RSA", modulus.bit_length(), _identity(_mpint(modulus)), ssh_key.fingerprint(blob))


def of_point(curve: Curve, point: bytes) -> PublicPart:
    blob = None
    if curve.ssh is not None:
        name = f"ecdsa-sha2-{curve.ssh}".encode()
        blob = ssh_key.fingerprint(_strings(name, curve.ssh.encode(), point))
    return PublicPart(f"EC {curve.name}", curve.bits, _identity(point), blob)


def of_edwards(raw: bytes) -> PublicPart:
    blob = _strings(b"ssh-ed25519", raw) if len(raw) == 32 else None
    return PublicPart("Ed25519", 256, _identity(raw), ssh_key.fingerprint(blob) if blob else None)


def of_ssh(blob: bytes) -> PublicPart | None:
    """By SSH's own form of a public key; None for one of another kind."""
    match ssh_key.strings(blob, 3):
        case [b"ssh-rsa", exponent, modulus]:
            return of_rsa(int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))
        case [b"ssh-ed25519", raw]:
            return of_edwards(raw)
        case [name, curve, point] if name.startswith(b"ecdsa-sha2-"):
            known = _BY_SSH.get(curve.decode("ascii", "replace"))
            return of_point(known, point) if known is not None else None
    return None


def of_info(data: bytes, info: der.Value) -> PublicPart | None:
    """By a SubjectPublicKeyInfo; None for an algorithm that is not known. Raises Malformed."""
    kind, curve, content = _info(data, info)
    if kind == RSA:
        return of_rsa(*_rsa(data, content))
    if kind == EC:
        return of_point(curve, data[content.start : content.end]) if curve is not None else None
    if kind == ED25519:
        return of_edwards(data[content.start : content.end])
    return None


def key_of_info(data: bytes, info: der.Value) -> Key | None:
    """The numbers in a SubjectPublicKeyInfo; None for an algorithm or curve that is not known, and for a point that is
    compressed. Raises Malformed."""
    kind, curve, content = _info(data, info)
    if kind == RSA:
        return RsaKey(*_rsa(data, content))
    point = data[content.start : content.end]
    if kind != EC or curve is None or len(point) != 2 * curve.size + 1 or point[0] != UNCOMPRESSED:
        return None
    x, y = point[1 : curve.size + 1], point[curve.size + 1 :]
    return EcKey(curve, int.from_bytes(x, "big"), int.from_bytes(y, "big"))


def _info(data: bytes, info: der.Value) -> tuple[bytes, Curve | None, der.Value]:
    """Algorithm, curve where it names one that is known, and the bits of the key."""
    parts = list(der.inside(data, info))
    names = list(der.inside(data, parts[0])) if parts else []
    if len(parts) < 2 or not names or parts[1].tag != BITS or parts[1].end - parts[1].start < 2:
        raise Malformed("DER: no public key")
    curve = CURVES.get(data[names[1].start : names[1].end]) if len(names) > 1 else None
    return data[names[0].start : names[0].end], curve, der.Value(BITS, parts[1].start + 1, parts[1].end)


def _rsa(data: bytes, content: der.Value) -> tuple[int, int]:
    """Modulus and exponent."""
    numbers = list(der.inside(data, der.value_at(data, content.start, content.end)))
    if len(numbers) < 2:
        raise Malformed("DER: no RSA key")
    return number(data, numbers[0]), number(data, numbers[1])


def number(data: bytes, value: der.Value) -> int:
    """A positive INTEGER. Raises Malformed."""
    if value.tag != INTEGER or not 0 < value.end - value.start <= NUMBER_LIMIT or data[value.start] & 0x80:
        raise Malformed("DER: no positive number")
    return int.from_bytes(data[value.start : value.end], "big")


def _identity(material: bytes) -> str:
    return hashlib.sha256(material).hexdigest()


def _mpint(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b""


def _strings(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
