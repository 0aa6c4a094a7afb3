"""X.509 certificates with RSA keys, as far as boot ROMs compute with them (RFC 5280): the key, and who signed what.

Whose it is and until when, `x509` says; no ROM looks at either.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats import der, public_key
from firmward.formats.malformed import Malformed
from firmward.formats.public_key import RsaKey

SIGNED_WITH = {
    bytes.fromhex("2a864886f70d010105"): "sha1",
    bytes.fromhex("2a864886f70d01010b"): "sha256",
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
}
CONTEXT_3 = 0xA3


@dataclass(frozen=True, slots=True)
class RsaCertificate:
    """`size` is in bytes with its header. `key` is None for one that is not RSA, `hash_name` for a signature that is
    not RSA with a digest known here. `body` is what the issuer signed; `extensions` are by their object identifiers."""

    size: int
    key: RsaKey | None
    body: bytes
    hash_name: str | None
    signature: bytes
    extensions: tuple[tuple[bytes, bytes], ...]

    def is_signed_by(self, key: RsaKey) -> bool | None:
        """None when the signature is of another kind."""
        if self.hash_name is None:
            return None
        return key.signed(self.hash_name, self.body, self.signature)


def parse(data: bytes) -> RsaCertificate:
    """The certificate that the bytes begin with. Raises Malformed."""
    whole = der.value_at(data, 0)
    body, algorithm, signed = _values(data, whole, 3)
    fields = list(der.inside(data, body))
    fields = fields[1:] if fields and fields[0].tag == der.CONTEXT_0 else fields
    if len(fields) < 6 or signed.end - signed.start < 2:
        raise Malformed("X.509: no certificate")
    return RsaCertificate(
        whole.end,
        key_of_info(data, fields[5]),
        data[whole.start : body.end],
        SIGNED_WITH.get(_oid(data, algorithm)),
        data[signed.start + 1 : signed.end],
        tuple(_extensions(data, fields[6:])),
    )


def key_of_info(data: bytes, info: der.Value) -> RsaKey | None:
    """The key in a SubjectPublicKeyInfo; None for one that is not RSA. Raises Malformed."""
    found = public_key.key_of_info(data, info)
    return found if isinstance(found, RsaKey) else None


def _values(data: bytes, outer: der.Value, count: int) -> list[der.Value]:
    found = list(der.inside(data, outer))[:count]
    if len(found) < count:
        raise Malformed("X.509: a value is missing")
    return found


def _oid(data: bytes, outer: der.Value) -> bytes:
    (first,) = _values(data, outer, 1)
    return data[first.start : first.end]


def _extensions(data: bytes, extras: list[der.Value]) -> Iterator[tuple[bytes, bytes]]:
    for extra in extras:
        if extra.tag == CONTEXT_3:
            for extension in der.inside(data, der.value_at(data, extra.start, extra.end)):
                parts = list(der.inside(data, extension))
                if len(parts) < 2:
                    raise Malformed("X.509: an extension without a value")
                yield data[parts[0].start : parts[0].end], data[parts[-1].start : parts[-1].end]
