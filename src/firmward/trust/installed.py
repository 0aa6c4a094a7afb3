"""The package `cryptography`, where it is installed and libcrypto cannot be reached through ctypes."""

from firmward.model.errors import ToolError
from firmward.trust.public_key import ECDSA_P256, ED25519


def holds(der: bytes, scheme: str, signature: bytes, message: bytes) -> bool:
    """As libcrypto.holds. Raises ToolError where it is not installed."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.serialization import load_der_public_key
    except ImportError as error:
        raise ToolError(
            "nothing here can verify signatures: neither OpenSSL's libcrypto through ctypes nor the package "
            "cryptography is there"
        ) from error
    try:
        _verify(load_der_public_key(der), scheme, signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _verify(key: object, scheme: str, signature: bytes, message: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

    if scheme == ED25519 and isinstance(key, Ed25519PublicKey):
        key.verify(signature, message)
    elif scheme == ECDSA_P256 and isinstance(key, EllipticCurvePublicKey):
        key.verify(signature, message, ECDSA(SHA256()))
    elif isinstance(key, RSAPublicKey):
        key.verify(signature, message, PSS(MGF1(SHA256()), PSS.AUTO), SHA256())
    else:
        raise ValueError("the key is of another kind than its scheme")
