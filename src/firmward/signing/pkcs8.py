"""A private key encrypted with a passphrase: PKCS#8 (RFC 5958) with PBES2 (RFC 8018), scrypt (RFC 7914) and AES-256.

Written here and not by the library, whose own writing derives the key from the passphrase in a few thousand rounds.
The cost keeps N where OpenSSL still opens the file (it allows scrypt 32 MiB) and makes guessing dear with p: 16 MiB
and a quarter of a second for each guess. Reading is the library's.
"""

import hashlib
import os
from base64 import encodebytes
from dataclasses import dataclass

from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from firmward.formats.der import OCTETS, OID, SEQUENCE
from firmward.model.errors import TrustError
from firmward.signing.algorithm import PrivateKey, algorithm_of

BEGIN = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
END = b"-----END ENCRYPTED PRIVATE KEY-----\n"

INTEGER = 0x02
PBES2 = bytes.fromhex("2a864886f70d01050d")
SCRYPT = bytes.fromhex("2b06010401da47040b")
AES_256_CBC = bytes.fromhex("60864801650304012a")


@dataclass(frozen=True, slots=True)
class Cost:
    """scrypt's own words: N, the memory in blocks; r, the size of a block; p, how often all of it is done."""

    n: int = 1 << 14
    r: int = 8
    p: int = 10


COST = Cost()


def encrypted(private: PrivateKey, passphrase: str) -> bytes:
    """PEM of the key that nobody reads without the passphrase."""
    plain = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, vector = os.urandom(16), os.urandom(16)
    derived = hashlib.scrypt(passphrase.encode(), salt=salt, n=COST.n, r=COST.r, p=COST.p, maxmem=1 << 26, dklen=32)
    pad = padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.AES(derived), modes.CBC(vector)).encryptor()
    content = cipher.update(pad.update(plain) + pad.finalize()) + cipher.finalize()
    return BEGIN + encodebytes(_info(salt, vector, content)) + END


def is_encrypted(pem: bytes) -> bool:
    """Whether it is one encrypted key and nothing else."""
    body = pem.strip()
    return body.startswith(BEGIN.strip()) and body.endswith(END.strip()) and body.count(b"-----BEGIN") == 1


def decrypted(pem: bytes, passphrase: str) -> PrivateKey | None:
    """None when the passphrase is another. Raises TrustError for a key that no role has."""
    try:
        private = load_pem_private_key(pem, passphrase.encode())
    except Exception:  # what a wrong key leaves of the DER fails in as many ways as there are
        return None
    if algorithm_of(private.public_key()) is None:
        raise TrustError("the private key is of a kind that no role has")
    return private  # type: ignore[return-value] # of the kinds that algorithm_of knows


def _info(salt: bytes, vector: bytes, content: bytes) -> bytes:
    """EncryptedPrivateKeyInfo of RFC 5958, section 3."""
    numbers = b"".join(_number(number) for number in (COST.n, COST.r, COST.p))
    derivation = _value(SEQUENCE, _value(OID, SCRYPT) + _value(SEQUENCE, _value(OCTETS, salt) + numbers))
    cipher = _value(SEQUENCE, _value(OID, AES_256_CBC) + _value(OCTETS, vector))
    scheme = _value(SEQUENCE, _value(OID, PBES2) + _value(SEQUENCE, derivation + cipher))
    return _value(SEQUENCE, scheme + _value(OCTETS, content))


def _number(number: int) -> bytes:
    return _value(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _value(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
