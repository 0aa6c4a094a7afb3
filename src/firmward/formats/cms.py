"""Signed messages: CMS SignedData (RFC 5652), and PKCS#7's (RFC 2315) as Authenticode, UEFI and kernel modules use it.

Rules: digest algorithms, the content with its type, certificates, revocation lists, signers. A signer names its
certificate by issuer and serial number or by key identifier. Where it has signed attributes, one of them is the digest
of the content and another its type, and the signature goes over the attributes written as a SET; else it goes over the
content itself. Content is the inside of the value that the message carries: of an OCTET STRING in CMS, of any value in
PKCS#7. Unsigned attributes carry time stamps and, in Authenticode, further signatures.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from firmward.formats import der, signature_algorithm, x509
from firmward.formats.malformed import Malformed
from firmward.formats.signature_algorithm import Algorithm, Scheme, digest_named, dotted
from firmward.formats.x509 import Signed

SIZE_LIMIT = 4 << 20
CERTIFICATES_LIMIT = 64
SIGNERS_LIMIT = 16

SET, INTEGER, CONTEXT_1, KEY_IDENTIFIER = 0x31, 0x02, 0xA1, 0x80

CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
NESTED_SIGNATURE = "1.3.6.1.4.1.311.2.4.1"
ATTRIBUTES = {
    CONTENT_TYPE: "contentType",
    MESSAGE_DIGEST: "messageDigest",
    "1.2.840.113549.1.9.5": "signingTime",
    "1.2.840.113549.1.9.6": "counterSignature",
    "1.2.840.113549.1.9.15": "sMIMECapabilities",
    "1.2.840.113549.1.9.16.2.14": "timeStampToken",
    "1.2.840.113549.1.9.16.2.47": "signingCertificateV2",
    "1.3.6.1.4.1.311.2.1.11": "SpcStatementType",
    "1.3.6.1.4.1.311.2.1.12": "SpcSpOpusInfo",
    NESTED_SIGNATURE: "nestedSignature",
    "1.3.6.1.4.1.311.3.3.1": "RFC3161CounterSign",
}
STAMPS = frozenset(("counterSignature", "timeStampToken", "RFC3161CounterSign"))
"""Attributes that are time stamps, by the names above."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """`type` is a dotted object identifier; `values` are whole DER values."""

    type: str
    values: tuple[bytes, ...]

    @property
    def name(self) -> str:
        return ATTRIBUTES.get(self.type, self.type)


@dataclass(frozen=True, slots=True)
class Signer:
    """`issuer` (a whole name's inside) and `serial` are empty where `identifier`, a key's, says who signed.

    `digest` is hashlib's name. `attributes` are signed, in the bytes `signed` as they are hashed; both are empty
    where the signature goes over the content.
    """

    issuer: bytes
    serial: bytes
    identifier: bytes | None
    digest: str
    algorithm: Algorithm
    attributes: tuple[Attribute, ...]
    signed: bytes
    unsigned: tuple[Attribute, ...]
    signature: bytes

    @property
    def is_stamped(self) -> bool:
        return any(attribute.name in STAMPS for attribute in self.unsigned)


@dataclass(frozen=True, slots=True)
class SignedData:
    """`content_type` is dotted; `content` None where the message is detached. `unread` certificates are not in the
    list, since they are none that is understood."""

    digests: tuple[str, ...]
    content_type: str
    content: bytes | None
    certificates: tuple[Signed, ...]
    signers: tuple[Signer, ...]
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a signature `holds`, with the signer's `certificate` where it is known; `problem` says why it does not.

    That the certificate is to be trusted is another question (x509_path).
    """

    holds: bool
    certificate: Signed | None
    problem: str | None = None


def parse(data: bytes) -> SignedData:
    """A message that begins the bytes, in a ContentInfo or, as in EFI variables, without. Raises Malformed."""
    whole = der.value_at(data, 0)
    if whole.tag != der.SEQUENCE or whole.end > SIZE_LIMIT:
        raise Malformed("CMS: no message")
    parts = der.all_inside(data, whole)
    if parts and parts[0].tag == der.OID:
        if der.content(data, parts[0]) != der.SIGNED_DATA or len(parts) != 2:
            raise Malformed("CMS: a message that is not signed data")
        parts = der.all_inside(data, der.value_at(data, parts[1].start, parts[1].end))
    if len(parts) < 4 or [part.tag for part in parts[:3]] != [INTEGER, SET, der.SEQUENCE] or parts[-1].tag != SET:
        raise Malformed("CMS: no SignedData")
    kind, content = _content(data, parts[2])
    certificates, unread = _certificates(data, parts[3:-1])
    return SignedData(
        tuple(_digest_name(data, value) for value in der.all_inside(data, parts[1])),
        kind,
        content,
        certificates,
        tuple(_signer(data, value) for value in der.all_inside(data, parts[-1], SIGNERS_LIMIT)),
        unread,
    )


def _digest_name(data: bytes, value: der.Value) -> str:
    """hashlib's name, or the identifier of one that is not known: the signers say which count."""
    try:
        return digest_named(data, value)
    except Malformed:
        first = next(der.inside(data, value), None)
        return "" if first is None else dotted(der.content(data, first))


def _content(data: bytes, info: der.Value) -> tuple[str, bytes | None]:
    parts = der.all_inside(data, info, 2)
    if not parts or parts[0].tag != der.OID:
        raise Malformed("CMS: content without a type")
    kind = dotted(der.content(data, parts[0]))
    if len(parts) < 2:
        return kind, None
    return kind, der.content(data, der.value_at(data, parts[1].start, parts[1].end))


def _certificates(data: bytes, parts: Iterable[der.Value]) -> tuple[tuple[Signed, ...], int]:
    found, unread = [], 0
    for part in parts:
        if part.tag != der.CONTEXT_0:
            continue
        for certificate in der.encoded_inside(data, part, CERTIFICATES_LIMIT):
            try:
                found.append(x509.signed(certificate))
            except Malformed:
                unread += 1
    return tuple(found), unread


def _signer(data: bytes, value: der.Value) -> Signer:
    parts = list(der.all_inside(data, value))
    if len(parts) < 5 or parts[0].tag != INTEGER:
        raise Malformed("CMS: a signer with too few fields")
    who, digest, *rest = parts[1:]
    issuer, serial, identifier = _who(data, who)
    attributes: tuple[Attribute, ...] = ()
    signed = b""
    if rest[0].tag == der.CONTEXT_0:
        attributes = _attributes(data, rest[0])
        signed = bytes([SET]) + data[digest.end + 1 : rest[0].end]
        rest = rest[1:]
    if len(rest) < 2 or rest[1].tag != der.OCTETS:
        raise Malformed("CMS: a signer without a signature")
    unsigned = _attributes(data, rest[2]) if len(rest) > 2 and rest[2].tag == CONTEXT_1 else ()
    return Signer(
        issuer,
        serial,
        identifier,
        digest_named(data, digest),
        signature_algorithm.parse(data, rest[0]),
        attributes,
        signed,
        unsigned,
        der.content(data, rest[1]),
    )


def _who(data: bytes, value: der.Value) -> tuple[bytes, bytes, bytes | None]:
    if value.tag == KEY_IDENTIFIER:
        return b"", b"", der.content(data, value)
    pair = der.all_inside(data, value, 2)
    if value.tag != der.SEQUENCE or len(pair) != 2:
        raise Malformed("CMS: a signer that is not named")
    return der.content(data, pair[0]), der.content(data, pair[1]), None


def _attributes(data: bytes, outer: der.Value) -> tuple[Attribute, ...]:
    return tuple(_attribute(data, value) for value in der.all_inside(data, outer))


def _attribute(data: bytes, value: der.Value) -> Attribute:
    pair = der.all_inside(data, value, 2)
    if len(pair) != 2 or pair[0].tag != der.OID or pair[1].tag != SET:
        raise Malformed("CMS: an attribute without type and values")
    return Attribute(dotted(der.content(data, pair[0])), der.encoded_inside(data, pair[1]))


def verify(message: SignedData, signer: Signer, digest: bytes | None = None, others: Iterable[Signed] = ()) -> Verdict:
    """Whether a signer's signature holds, with a certificate of the message or one of `others`.

    `digest`, by the signer's algorithm, is of the content of a detached message.
    """
    certificate = signers_certificate(signer, (*message.certificates, *others))
    if message.content is not None:
        digest = hashlib.new(signer.digest, message.content, usedforsecurity=False).digest()
    try:
        if digest is None:
            raise Malformed("the content is elsewhere")
        if signer.signed:
            _compare(message, signer, digest)
            digest = hashlib.new(signer.digest, signer.signed, usedforsecurity=False).digest()
        if certificate is None:
            raise Malformed("the signer's certificate is not there")
        return Verdict(True, certificate) if _holds(signer, certificate, digest) else Verdict(False, certificate, WRONG)
    except Malformed as reason:
        return Verdict(False, certificate, str(reason))


WRONG = "the signature does not verify with the signer's key"


def signers_certificate(signer: Signer, among: Iterable[Signed]) -> Signed | None:
    """The certificate that a signer names."""
    for one in among:
        if signer.identifier is not None:
            if one.identifier == signer.identifier:
                return one
        elif (one.issuer, one.serial) == (signer.issuer, signer.serial):
            return one
    return None


def _compare(message: SignedData, signer: Signer, digest: bytes) -> None:
    """Hold the signed attributes against the content. Raises Malformed."""
    if _only(signer, MESSAGE_DIGEST) != digest:
        raise Malformed("the content is not what was signed: its digest is another")
    if dotted(_only(signer, CONTENT_TYPE)) != message.content_type:
        raise Malformed("the content is of another type than was signed")


def _only(signer: Signer, kind: str) -> bytes:
    """The inside of the one value of the one attribute of this type."""
    values = [value for attribute in signer.attributes if attribute.type == kind for value in attribute.values]
    if len(values) != 1:
        raise Malformed(f"CMS: {len(values)} values of {ATTRIBUTES[kind]}")
    return der.content(values[0], der.value_at(values[0], 0))


def _holds(signer: Signer, certificate: Signed, digest: bytes) -> bool:
    if certificate.key is None:
        raise Malformed("the signer's key is of a kind that is not verified here")
    named = signer.algorithm.digest
    if named is not None and named != signer.digest:
        raise Malformed(f"CMS: a signature of {named} beside a digest of {signer.digest}")
    if signer.algorithm.scheme is Scheme.OTHER:
        raise Malformed(f"a signature by {signer.algorithm.name} is not verified here")
    return signature_algorithm.verifies_digest(
        signer.algorithm, certificate.key, digest, signer.signature, signer.digest
    )
