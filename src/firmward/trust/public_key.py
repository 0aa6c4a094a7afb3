"""A public key as TUF's metadata names it, and as OpenSSL reads it.

Rules (TUF specification 1.0, section 4.2): an Ed25519 key is 64 hexadecimal digits (RFC 8032), RSA and ECDSA keys are a
SubjectPublicKeyInfo in PEM (RFC 5280, 8017, 5480). A key of any other kind may stand in metadata; nothing that it
signed counts. What a key is says its DER and not its name, so that one cannot pass for another.
"""

import binascii
import re
from dataclasses import dataclass

from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed

PEM_LIMIT = 2048
"""Characters; an RSA key of 8,192 bits has 1,446."""

ED25519, ECDSA_P256, RSA_PSS = "ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256"
"""Schemes."""
_RSA_SIZES = range(2048 // 8, 8192 // 8 + 64)
"""Bytes behind the algorithm: the modulus, the exponent, and some thirty of structure."""

_PEM = re.compile(
    r"-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PUBLIC KEY-----[\r\n]*", re.ASCII | re.DOTALL
)
# SubjectPublicKeyInfo up to the key itself: the algorithm, and the curve where it has one
_OF_ED25519 = bytes.fromhex("302a300506032b6570032100")
_OF_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")
_P256_SIZE = len(_OF_P256) + 64


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`id` is what metadata calls it. `der` is its SubjectPublicKeyInfo, empty where no signature of it counts."""

    id: str
    scheme: str
    der: bytes


def parse(name: str, table: Table) -> PublicKey:
    """Raises Malformed where it is no table of a key."""
    kind, scheme = table.text("keytype", 64), table.text("scheme", 64)
    public = table.table("keyval").text("public", PEM_LIMIT)
    return PublicKey(name, scheme, _der(kind, scheme, public))


def is_ed25519(der: bytes) -> bool:
    return der.startswith(_OF_ED25519) and len(der) == len(_OF_ED25519) + 32


def is_p256(der: bytes) -> bool:
    return der.startswith(_OF_P256) and len(der) == _P256_SIZE


def is_rsa(der: bytes) -> bool:
    """An RSA key of a size that is neither too short to be safe nor so long that verifying takes for ever."""
    start = 4 + len(_RSA_ALGORITHM)
    if len(der) < start or der[:2] != b"\x30\x82" or der[4:start] != _RSA_ALGORITHM:
        return False
    is_whole = int.from_bytes(der[2:4]) == len(der) - 4
    return is_whole and len(der) - start in _RSA_SIZES


_OF_SCHEME = {
    (ED25519, ED25519): is_ed25519,
    ("ecdsa", ECDSA_P256): is_p256,
    (ECDSA_P256, ECDSA_P256): is_p256,
    ("rsa", RSA_PSS): is_rsa,
}


def _der(kind: str, scheme: str, public: str) -> bytes:
    fits = _OF_SCHEME.get((kind, scheme))
    if fits is None:
        return b""
    try:
        der = _OF_ED25519 + binascii.unhexlify(public) if scheme == ED25519 else _of_pem(public)
    except (binascii.Error, ValueError):
        return b""
    return der if fits(der) else b""


def _of_pem(text: str) -> bytes:
    found = _PEM.fullmatch(text)
    if found is None:
        raise Malformed("is no public key in PEM")
    return binascii.a2b_base64(found[1])
