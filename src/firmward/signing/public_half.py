"""The public half of a key: its id, its PEM, and whether a signature is its own."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from firmward.model.errors import TrustError
from firmward.signing.signing_key import PublicKey, Scheme

SALT = hashes.SHA256.digest_size
"""Bytes of salt in RSA-PSS: the length of the digest, as RFC 8017, section 9.1, has it."""
SIZE_LIMIT = 16 << 10

_KIND: dict[Scheme, type[PublicKey]] = {
    Scheme.RSA_PKCS1_SHA256: RSAPublicKey,
    Scheme.RSA_PSS_SHA256: RSAPublicKey,
    Scheme.ECDSA_SHA256: EllipticCurvePublicKey,
    Scheme.ED25519: Ed25519PublicKey,
}


def key_id(public: PublicKey) -> str:
    """SHA-256 of the SubjectPublicKeyInfo in DER, in hexadecimal."""
    info = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()


def to_pem(public: PublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def from_pem(data: bytes, name: str) -> PublicKey:
    """Raises TrustError for what is no public key of a kind that a role has."""
    try:
        public = serialization.load_pem_public_key(data)
    except Exception as error:  # the library's errors for hostile bytes are of many kinds
        raise TrustError(f"{name}: is not a public key in PEM") from error
    if not isinstance(public, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey):
        raise TrustError(f"{name}: is a public key of a kind that no role has")
    return public


def check_scheme(public: PublicKey, scheme: Scheme, name: str) -> None:
    """Raises TrustError where such a key makes no such signature."""
    if not isinstance(public, _KIND[scheme]):
        raise TrustError(f"{name}: makes no signature of {scheme}, its algorithm is another")


def pss() -> padding.PSS:
    return padding.PSS(padding.MGF1(hashes.SHA256()), SALT)


def is_signed(public: PublicKey, signature: bytes, message: bytes, scheme: Scheme) -> bool:
    try:
        if isinstance(public, RSAPublicKey):
            how = pss() if scheme is Scheme.RSA_PSS_SHA256 else padding.PKCS1v15()
            public.verify(signature, message, how, hashes.SHA256())
        elif isinstance(public, EllipticCurvePublicKey):
            public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            public.verify(signature, message)
    except InvalidSignature:
        return False
    return True
