"""What kinds of keys there are, and which a role may have.

Rules: U-Boot verifies FITs with RSA (doc/usage/fit/signature), so that a boot key is RSA; everything else is read by
programs that know Ed25519 (RFC 8032). A TPM 2.0 has no Ed25519: its keys are ECDSA unless RSA is asked for.
"""

from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from firmward.model.errors import InputError
from firmward.signing.role import Role

EXPONENT = 65537

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Algorithm(StrEnum):
    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256"
    RSA2048 = "rsa2048"
    RSA3072 = "rsa3072"
    RSA4096 = "rsa4096"

    @property
    def rsa_bits(self) -> int | None:
        return int(self.removeprefix("rsa")) if self.startswith("rsa") else None


class Custody(StrEnum):
    """Where the private half is held."""

    FILE = "file"
    PKCS11 = "pkcs11"
    TPM = "tpm"


OF_TPM = (Algorithm.ECDSA_P256, Algorithm.RSA2048, Algorithm.RSA3072)


def usual(role: Role, custody: Custody) -> Algorithm:
    if role is Role.BOOT:
        return Algorithm.RSA2048
    return Algorithm.ECDSA_P256 if custody is Custody.TPM else Algorithm.ED25519


def check_fits(role: Role, custody: Custody, algorithm: Algorithm) -> None:
    """Raises InputError where the role's verifier or the holder does not know the algorithm."""
    if role is Role.BOOT and algorithm.rsa_bits is None:
        raise InputError(f"boot: U-Boot verifies with RSA, not {algorithm}; choose rsa2048, rsa3072 or rsa4096")
    if custody is Custody.TPM and algorithm not in OF_TPM:
        raise InputError(f"{role}: a TPM makes no key of {algorithm}; choose {', '.join(OF_TPM)}")


def generate(algorithm: Algorithm) -> PrivateKey:
    bits = algorithm.rsa_bits
    if bits is not None:
        return rsa.generate_private_key(EXPONENT, bits)
    if algorithm is Algorithm.ECDSA_P256:
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def algorithm_of(public: object) -> Algorithm | None:
    """None for a key of a kind that no role has."""
    if isinstance(public, rsa.RSAPublicKey):
        word = f"rsa{public.key_size}"
        return Algorithm(word) if word in tuple(Algorithm) else None
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return Algorithm.ECDSA_P256
    return Algorithm.ED25519 if isinstance(public, ed25519.Ed25519PublicKey) else None
