"""Public keys with the numbers that a signature is checked with: from SubjectPublicKeyInfo, certificates and PKCS #1.

Rules: RFC 5280, section 4.1 (certificates), RFC 8017, appendix A.1.1 (RSA), RFC 5480, section 2.2 (points, which must
be written in full: 04, x, y). PEM may hold several keys; a private key is not looked at.
"""

from dataclasses import dataclass

from firmward.formats import der, pem, signature
from firmward.formats.malformed import Malformed
from firmward.formats.public_key import BITS, EcKey, RsaKey, key_of_info, number

LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE")


@dataclass(frozen=True, slots=True)
class PointKey:
    """`curve` by its name in `signature.CURVES`."""

    curve: str
    x: int
    y: int

    @property
    def bits(self) -> int:
        return signature.CURVES[self.curve].p.bit_length()


PublicKey = RsaKey | PointKey

__all__ = ["PointKey", "PublicKey", "RsaKey", "of_der", "of_info", "read"]


def read(data: bytes) -> tuple[PublicKey, ...]:
    """The keys in a file, PEM or DER, in order. Raises Malformed when there is none that can be used."""
    found = tuple(of_der(block.content) for block in pem.blocks(data) if block.label in LABELS)
    return found or (of_der(data),)


def of_der(data: bytes) -> PublicKey:
    """By a SubjectPublicKeyInfo, a certificate or an RSAPublicKey. Raises Malformed."""
    whole = der.value_at(data, 0)
    parts = list(der.inside(data, whole)) if whole.tag == der.SEQUENCE else []
    tags = [part.tag for part in parts]
    if tags[:2] == [der.SEQUENCE, der.SEQUENCE]:
        fields = [part for part in der.inside(data, parts[0]) if part.tag != der.CONTEXT_0]
        if len(fields) < 6:
            raise Malformed("X.509: no public key")
        return of_info(data, fields[5])
    if tags == [der.SEQUENCE, BITS]:
        return of_info(data, whole)
    return _rsa(data, parts)


def of_info(data: bytes, info: der.Value) -> PublicKey:
    """By a SubjectPublicKeyInfo. Raises Malformed for a key of another kind, and for a point that is not in full."""
    found = key_of_info(data, info)
    if isinstance(found, EcKey) and found.curve.name in signature.CURVES:
        return PointKey(found.curve.name, found.x, found.y)
    if not isinstance(found, RsaKey):
        raise Malformed("DER: a public key of a kind that is not known, or a point that is not written in full")
    return found


def _rsa(data: bytes, parts: list[der.Value]) -> RsaKey:
    if len(parts) != 2:
        raise Malformed("DER: no public key")
    modulus, exponent = (number(data, part) for part in parts)
    return RsaKey(modulus, exponent)
