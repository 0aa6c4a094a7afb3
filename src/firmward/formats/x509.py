"""Certificates (X.509, RFC 5280), as far as an audit asks: whose, how signed, until when, which key, a CA or not.

Rules: version, serial, algorithm, issuer, validity, subject, key, then tagged extras with the extensions in [3];
subjectAltName holds host names and addresses, keyUsage a string of bits; times are UTCTime (a year below 50 is after
2000) or GeneralizedTime; basicConstraints says CA by a BOOLEAN, without it none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from firmward.formats import der
from firmward.formats.malformed import Malformed
from firmward.formats.public_key import Key, PublicPart, key_of_info, of_info

SIZE_LIMIT = 64 << 10
COMMON_NAME = bytes.fromhex("550403")
BASIC_CONSTRAINTS, KEY_PURPOSES = bytes.fromhex("551d13"), bytes.fromhex("551d25")
NAMES, KEY_USAGE = bytes.fromhex("551d11"), bytes.fromhex("551d0f")
KEY_IDENTIFIER = bytes.fromhex("551d0e")
DNS_NAME, IP_ADDRESS = 0x82, 0x87
SIGNS_CERTIFICATES = 0x04
"""keyCertSign, the sixth bit of keyUsage."""
SERVER, ANY = bytes.fromhex("2b06010505070301"), bytes.fromhex("551d2500")
SIGNATURES = {
    bytes.fromhex("2a864886f70d010102"): "MD2",
    bytes.fromhex("2a864886f70d010103"): "MD4",
    bytes.fromhex("2a864886f70d010104"): "MD5",
    bytes.fromhex("2a864886f70d010105"): "SHA-1",
    bytes.fromhex("2b0e03021d"): "SHA-1",
    bytes.fromhex("2a8648ce380403"): "SHA-1",
    bytes.fromhex("2a8648ce3d0401"): "SHA-1",
}
"""Digests that no longer hold, by the signature's algorithm."""

UTC_TIME, GENERALIZED_TIME, CONTEXT_3, BOOLEAN, BITS = 0x17, 0x18, 0xA3, 0x01, 0x03


@dataclass(frozen=True, slots=True)
class Certificate:
    """`weak_digest` names the signature's digest when it no longer holds; `public` is None for an unknown algorithm.

    `subject` and `issuer` are common names, empty where there is none; `names_itself` says
    that issuer and subject are one, `for_hosts` that it bears names or addresses of hosts, and `signs` that its key
    usage names the signing of certificates.
    """

    subject: str
    issuer: str
    starts: date
    ends: date
    public: PublicPart | None
    weak_digest: str | None
    is_authority: bool
    names_itself: bool
    for_servers: bool
    for_hosts: bool = False
    signs: bool = False


def read(data: bytes) -> Certificate | None:
    """The certificate that the bytes begin with; None when they begin none."""
    try:
        whole = der.value_at(data, 0)
        parts = list(der.inside(data, whole))
        if [part.tag for part in parts[:2]] != [der.SEQUENCE, der.SEQUENCE] or len(parts) != 3:
            return None
        return _certificate(data, parts[0])
    except (Malformed, ValueError, IndexError):
        return None


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate as something that is signed and that signs.

    `data` is all of it, `body` the bytes that its signature goes over (TBSCertificate), `issuer` and `subject` whole
    names in DER, `serial` the number's bytes, `algorithm` the signature's AlgorithmIdentifier in DER. `key` is None
    for an algorithm that is not known. `identifier` is its subjectKeyIdentifier. `may_issue` says whether OpenSSL,
    which firmware verifies with, believes the certificates that it signed: a CA by basicConstraints or, without these,
    by keyUsage, which must not speak against it; of version 1, one that names itself.
    """

    data: bytes
    body: bytes
    serial: bytes
    issuer: bytes
    subject: bytes
    algorithm: bytes
    signature: bytes
    key: Key | None
    identifier: bytes | None
    may_issue: bool


def signed(data: bytes) -> Signed:
    """The certificate that the bytes begin with, for its signature to be verified. Raises Malformed."""
    if len(data) > SIZE_LIMIT:
        raise Malformed(f"X.509: a certificate of {len(data)} bytes")
    whole = der.value_at(data, 0)
    parts = der.all_inside(data, whole)
    if [part.tag for part in parts] != [der.SEQUENCE, der.SEQUENCE, BITS] or parts[2].end == parts[2].start:
        raise Malformed("X.509: no certificate")
    body, algorithm, signature = parts
    fields = der.all_inside(data, body)
    is_first = not fields or fields[0].tag != der.CONTEXT_0
    fields = fields if is_first else fields[1:]
    if len(fields) < 6:
        raise Malformed("X.509: a certificate with too few fields")
    serial, _, issuer, _, subject, key, *extras = fields
    extensions = dict(_extensions(data, extras))
    return Signed(
        data[: whole.end],
        data[whole.start : body.end],
        der.content(data, serial),
        der.content(data, issuer),
        der.content(data, subject),
        data[body.end : algorithm.end],
        data[signature.start + 1 : signature.end],
        key_of_info(data, key),
        _key_identifier(extensions.get(KEY_IDENTIFIER)),
        der.content(data, issuer) == der.content(data, subject) if is_first else _may_issue(extensions),
    )


def _key_identifier(content: bytes | None) -> bytes | None:
    return None if content is None else der.content(content, der.value_at(content, 0))


def _may_issue(extensions: dict[bytes, bytes]) -> bool:
    usage, constraints = extensions.get(KEY_USAGE), extensions.get(BASIC_CONSTRAINTS)
    if usage is not None and not _may_sign(usage):
        return False
    return usage is not None if constraints is None else _is_authority(constraints)


def _certificate(data: bytes, body: der.Value) -> Certificate:
    parts = list(der.inside(data, body))
    fields = parts[1:] if parts[0].tag == der.CONTEXT_0 else parts
    _, algorithm, issuer, validity, subject, key, *extras = fields
    starts, ends = (_day(data, value) for value in list(der.inside(data, validity))[:2])
    extensions = dict(_extensions(data, extras))
    purposes = extensions.get(KEY_PURPOSES)
    return Certificate(
        _common_name(data, subject),
        _common_name(data, issuer),
        starts,
        ends,
        of_info(data, key),
        SIGNATURES.get(_oid(data, algorithm)),
        _is_authority(extensions.get(BASIC_CONSTRAINTS, b"")),
        data[issuer.start : issuer.end] == data[subject.start : subject.end],
        purposes is None or SERVER in purposes or ANY in purposes,
        _names_hosts(extensions.get(NAMES, b"")),
        _may_sign(extensions.get(KEY_USAGE, b"")),
    )


def _oid(data: bytes, outer: der.Value) -> bytes:
    first = next(der.inside(data, outer), None)
    if first is None:
        raise Malformed("X.509: an algorithm without a name")
    return data[first.start : first.end]


def _day(data: bytes, value: der.Value) -> date:
    text = data[value.start : value.end].decode("ascii")
    if value.tag == UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif value.tag != GENERALIZED_TIME:
        raise Malformed("X.509: no time")
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def common_name(name: bytes) -> str:
    """Of a name in DER without its outer header, as `Signed` and CMS's signers have it. Raises Malformed."""
    try:
        return _common_name(name, der.Value(der.SEQUENCE, 0, len(name)))
    except ValueError as error:
        raise Malformed(f"X.509: a name that is none: {error}") from error


def words(name: bytes) -> str:
    """All values of such a name with commas between them, for one that has no common name. Raises Malformed."""
    sets = der.all_inside(name, der.Value(der.SEQUENCE, 0, len(name)))
    pairs = [pair for each in sets for pair in der.all_inside(name, each)]
    values = [values[1] for pair in pairs if len(values := der.all_inside(name, pair)) > 1]
    return ", ".join(der.content(name, value).decode("utf-8", "replace") for value in values)


def _common_name(data: bytes, name: der.Value) -> str:
    found = ""
    for part in der.inside(data, name):
        for pair in der.inside(data, part):
            kind, text = list(der.inside(data, pair))[:2]
            if data[kind.start : kind.end] == COMMON_NAME:
                found = data[text.start : text.end].decode("utf-8", "replace")[:100]
    return found


def _extensions(data: bytes, extras: list[der.Value]) -> Iterator[tuple[bytes, bytes]]:
    for extra in extras:
        if extra.tag != CONTEXT_3:
            continue
        for extension in der.inside(data, der.value_at(data, extra.start, extra.end)):
            parts = list(der.inside(data, extension))
            if not parts:
                raise Malformed("X.509: an empty extension")
            yield data[parts[0].start : parts[0].end], data[parts[-1].start : parts[-1].end]


def _is_authority(content: bytes) -> bool:
    if not content:
        return False
    first = next(der.inside(content, der.value_at(content, 0)), None)
    return first is not None and first.tag == BOOLEAN and content[first.start : first.end] not in (b"", b"\0")


def _names_hosts(content: bytes) -> bool:
    if not content:
        return False
    return any(name.tag in (DNS_NAME, IP_ADDRESS) for name in der.inside(content, der.value_at(content, 0)))


def _may_sign(content: bytes) -> bool:
    """A string of bits: the count of those unused at its end, then the bits."""
    if not content:
        return False
    bits = der.value_at(content, 0)
    return bits.end - bits.start >= 2 and bool(content[bits.start + 1] & SIGNS_CERTIFICATES)
