"""Certificates (X.509, RFC 5280), as far as an audit asks: whose, how signed, until when, which key, a CA or not.

Rules: version, serial, algorithm, issuer, validity, subject, key, then tagged extras with the extensions in [3]; times
are UTCTime (a year below 50 is after 2000) or GeneralizedTime; basicConstraints says CA by a BOOLEAN, without it none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from firmward.formats import der
from firmward.formats.malformed import Malformed
from firmward.formats.public_key import PublicPart, of_info

SIZE_LIMIT = 64 << 10
COMMON_NAME = bytes.fromhex("550403")
BASIC_CONSTRAINTS, KEY_PURPOSES = bytes.fromhex("551d13"), bytes.fromhex("551d25")
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

UTC_TIME, GENERALIZED_TIME, CONTEXT_3, BOOLEAN = 0x17, 0x18, 0xA3, 0x01


@dataclass(frozen=True, slots=True)
class Certificate:
    """`weak_digest` names the signature's digest when it no longer holds; `public` is None for an unknown algorithm.

    `subject` and `issuer` are common names, empty where there is none; `names_itself` says
    that issuer and subject are one.
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
    )


def _oid(data: bytes, outer: der.Value) -> bytes:
    first = next(der.inside(data, outer))
    return data[first.start : first.end]


def _day(data: bytes, value: der.Value) -> date:
    text = data[value.start : value.end].decode("ascii")
    if value.tag == UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif value.tag != GENERALIZED_TIME:
        raise Malformed("X.509: no time")
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


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
            yield data[parts[0].start : parts[0].end], data[parts[-1].start : parts[-1].end]


def _is_authority(content: bytes) -> bool:
    if not content:
        return False
    first = next(der.inside(content, der.value_at(content, 0)), None)
    return first is not None and first.tag == BOOLEAN and content[first.start : first.end] not in (b"", b"\0")
