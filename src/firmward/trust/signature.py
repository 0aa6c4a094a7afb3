"""Whether a signature holds: Ed25519 (RFC 8032), ECDSA on P-256 with SHA-256 (FIPS 186-5, in DER), RSA-PSS with SHA-256
(RFC 8017, section 8.1).

The standard library hashes and does not verify. OpenSSL's libcrypto does, and is wherever Python's own hashlib is
(libcrypto.py); where `cryptography` is installed and libcrypto cannot be reached, that is asked (installed.py).
"""

from firmward.trust.public_key import PublicKey

SIGNATURE_LIMIT = 1024
"""Bytes: RSA of 8,192 bits."""


def holds(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """False too for a key of a kind that is not known. Raises ToolError where nothing can verify."""
    if not key.der or not 0 < len(signature) <= SIGNATURE_LIMIT:
        return False
    from firmward.trust import libcrypto

    if libcrypto.is_there():
        return libcrypto.holds(key.der, key.scheme, signature, message)
    from firmward.trust import installed

    return installed.holds(key.der, key.scheme, signature, message)
