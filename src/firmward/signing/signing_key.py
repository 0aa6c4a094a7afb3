"""A private key that can be used now, wherever it is held: in a file, a token of PKCS#11 or a TPM."""

from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class Scheme(StrEnum):
    RSA_PKCS1_SHA256 = "rsa-pkcs1-sha256"
    RSA_PSS_SHA256 = "rsa-pss-sha256"
    ECDSA_SHA256 = "ecdsa-sha256"
    """The signature is DER's sequence of r and s."""
    ED25519 = "ed25519"


class SigningKey(Protocol):
    @property
    def id(self) -> str:
        """SHA-256 of the public key's SubjectPublicKeyInfo in DER, in hexadecimal."""
        ...

    @property
    def public(self) -> PublicKey: ...

    def sign(self, message: bytes, scheme: Scheme) -> bytes:
        """Raises TrustError where the key cannot make such a signature, DeviceError where its holder fails."""
        ...
