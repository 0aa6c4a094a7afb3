"""The extended attributes of IMA and EVM: security.ima and security.evm (Linux's security/integrity, ima-evm-utils).

The first byte is the kind. security.ima holds a digest of the content, which whoever writes the file can write too, or
a signature of it; security.evm an HMAC over the file's metadata with a key of this one device, or a signature of them,
portable when it is not bound to one file system's inode. A signature has a header with version, digest, the last four
bytes of the key's identifier and a length, big endian; from version 2 on it is PKCS#1 v1.5 or ECDSA over the digest of
the content. Version 3 signs the digest of a short record instead: the kind, the algorithm and the fs-verity digest.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats import signature_algorithm
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read
from firmward.formats.public_key import Key, RsaKey
from firmward.formats.signature_algorithm import Algorithm, Scheme
from firmward.formats.x509 import Signed

IMA, EVM = "security.ima", "security.evm"
SIZE_LIMIT = 1 << 16
HEADER_SIZE = 9
"""Bytes of a signature's header with the kind."""
PIECE = 1 << 20

DIGESTS = {
    0: "md4", 1: "md5", 2: "sha1", 3: "ripemd160", 4: "sha256", 5: "sha384", 6: "sha512", 7: "sha224",
    8: "rmd128", 9: "rmd256", 10: "rmd320", 17: "sm3", 18: "streebog256", 19: "streebog512",
    20: "sha3-256", 21: "sha3-384", 22: "sha3-512",
}  # fmt: skip
"""By the kernel's number (include/uapi/linux/hash_info.h)."""
SIZES = {
    "md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64,
    "sha3-256": 32, "sha3-384": 48, "sha3-512": 64,
}  # fmt: skip
"""Bytes of the digests that are computed here."""


class Kind(StrEnum):
    DIGEST = "digest"
    """Of the content: proves nothing against who can write attributes."""
    HMAC = "hmac"
    """EVM's, with a key of the device."""
    SIGNATURE = "signature"
    PORTABLE_SIGNATURE = "portable-signature"
    """EVM's, of the content's signature, owner, mode and other attributes."""
    VERITY_SIGNATURE = "verity-signature"
    """IMA's, of the fs-verity digest."""


_KINDS = {
    1: Kind.DIGEST,
    2: Kind.HMAC,
    3: Kind.SIGNATURE,
    4: Kind.DIGEST,
    5: Kind.PORTABLE_SIGNATURE,
    6: Kind.VERITY_SIGNATURE,
}
_BARE, _NUMBERED, _VERITY = 1, 4, 6
_BARE_DIGESTS = {16: "md5", 20: "sha1"}
_HMAC_SIZE = 20


@dataclass(frozen=True, slots=True)
class Attribute:
    """`algorithm` is hashlib's name, or the kernel's where hashlib has none. `value` is the digest, HMAC or signature.

    `version` and `key` (the last four bytes of the key's identifier) are a signature's; 0 and empty for others.
    """

    kind: Kind
    algorithm: str
    value: bytes
    version: int = 0
    key: bytes = b""

    @property
    def is_signature(self) -> bool:
        return self.kind in (Kind.SIGNATURE, Kind.PORTABLE_SIGNATURE, Kind.VERITY_SIGNATURE)


def parse(data: bytes) -> Attribute:
    """The value of security.ima or security.evm. Raises Malformed."""
    kind = _KINDS.get(data[0]) if data else None
    if kind is None or len(data) > SIZE_LIMIT:
        raise Malformed(f"IMA: {len(data)} bytes of a kind that is not known")
    if data[0] == _BARE:
        return Attribute(kind, _named(_BARE_DIGESTS.get(len(data) - 1)), data[1:])
    if kind is Kind.HMAC:
        if len(data) != 1 + _HMAC_SIZE:
            raise Malformed(f"EVM: an HMAC of {len(data) - 1} bytes")
        return Attribute(kind, "sha1", data[1:])
    if data[0] == _NUMBERED:
        return _digest(kind, data)
    return _signature(kind, data)


def _digest(kind: Kind, data: bytes) -> Attribute:
    algorithm = _named(DIGESTS.get(data[1]) if len(data) > 1 else None)
    if len(data) - 2 != SIZES.get(algorithm, len(data) - 2) or len(data) < 3:
        raise Malformed(f"IMA: {len(data) - 2} bytes of {algorithm}")
    return Attribute(kind, algorithm, data[2:])


def _signature(kind: Kind, data: bytes) -> Attribute:
    if len(data) < HEADER_SIZE:
        raise Malformed("IMA: a signature that is cut off")
    version = data[1]
    if version == 1:
        return Attribute(kind, "sha256" if data[7] else "sha1", data[2:], version)
    size = int.from_bytes(data[7:9], "big")
    if version not in (2, 3) or size != len(data) - HEADER_SIZE or not size:
        raise Malformed(f"IMA: a signature of version {version} with {size} bytes in {len(data)}")
    return Attribute(kind, _named(DIGESTS.get(data[2])), data[HEADER_SIZE:], version, data[3:7])


def _named(algorithm: str | None) -> str:
    if algorithm is None:
        raise Malformed("IMA: a digest that is not known")
    return algorithm


def digest_of(read: Read, size: int, algorithm: str) -> bytes:
    """Of a file's content. Raises Malformed for an algorithm that is not known here, or when bytes are missing."""
    state = _started(algorithm)
    for start in range(0, size, PIECE):
        wanted = min(PIECE, size - start)
        piece = read(start, wanted)
        if len(piece) < wanted:
            raise Malformed(f"IMA: cut off, {start + len(piece)} of {size} bytes are there")
        state.update(piece)
    return state.digest()


def verify(attribute: Attribute, digest: bytes, key: Key) -> bool:
    """Whether a signature of IMA holds. `digest` is of the content, for VERITY_SIGNATURE fs-verity's. Raises Malformed
    for what is no such signature, and for one that is not verified here."""
    if attribute.kind not in (Kind.SIGNATURE, Kind.VERITY_SIGNATURE) or attribute.version not in (2, 3):
        raise Malformed(f"IMA: a {attribute.kind} of version {attribute.version} is not verified here")
    if attribute.version == 3:
        digest = _of_record(attribute, digest)
    if len(digest) != SIZES.get(attribute.algorithm):
        raise Malformed(f"IMA: {len(digest)} bytes of {attribute.algorithm}")
    scheme = Scheme.RSA if isinstance(key, RsaKey) else Scheme.ECDSA
    return signature_algorithm.verifies_digest(
        Algorithm(scheme, attribute.algorithm), key, digest, attribute.value, attribute.algorithm
    )


def key_of(certificate: Signed) -> bytes | None:
    """What a signature names the certificate's key by; None where the certificate has no key identifier."""
    return certificate.identifier[-4:] if certificate.identifier else None


def _of_record(attribute: Attribute, digest: bytes) -> bytes:
    number = next(number for number, name in DIGESTS.items() if name == attribute.algorithm)
    state = _started(attribute.algorithm)
    state.update(bytes([_VERITY, number]) + digest)
    return state.digest()


def _started(algorithm: str) -> "hashlib._Hash":
    if algorithm not in SIZES:
        raise Malformed(f"IMA: the digest {algorithm[:40]!r} is not known here")
    return hashlib.new(algorithm.replace("-", "_"), usedforsecurity=False)
