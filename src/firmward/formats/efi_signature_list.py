"""EFI_SIGNATURE_LIST (UEFI 2.10, 32.4.1): what PK, KEK, db and dbx consist of.

Rules: lists follow each other; each has one type, a header that all types here leave empty, and entries of equal size:
the GUID of who owns it, then a certificate or a digest. Of a certificate there may be, instead of itself, the digest of
what is signed in it (TBSCertificate) with the time from which on it is revoked. A list that does not fit ends it all:
firmware stops there too.
"""

import struct
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats.malformed import Malformed

ENTRIES_LIMIT = 1 << 16
"""Entries of one variable; Microsoft's dbx has some hundred."""

_HEADER = struct.Struct("<16s3I")
_OWNER = 16
_TIME = 16


class Kind(StrEnum):
    CERTIFICATE = "certificate"
    PROGRAM_DIGEST = "program-digest"
    """An Authenticode digest."""
    CERTIFICATE_DIGEST = "certificate-digest"
    KEY = "key"
    """An RSA modulus: edk2 does not verify programs with it."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """`algorithm` is hashlib's name for digests. `data` is the certificate, digest or key; `revoked` has the bytes of
    the EFI_TIME from which on a certificate is, all zero for always."""

    kind: Kind
    algorithm: str | None
    owner: uuid.UUID
    data: bytes
    revoked: bytes = b""


_TYPES = {
    "a5c059a1-94e4-4aa7-87b5-ab155c2bf072": (Kind.CERTIFICATE, None, None),
    "3c5766e8-269c-4e34-aa14-ed776e85b3b6": (Kind.KEY, None, 256),
    "826ca512-cf10-4ac9-b187-be01496631bd": (Kind.PROGRAM_DIGEST, "sha1", 20),
    "0b6e5233-a65c-44c9-9407-d9ab83bfc8bd": (Kind.PROGRAM_DIGEST, "sha224", 28),
    "c1c41626-504c-4092-aca9-41f936934328": (Kind.PROGRAM_DIGEST, "sha256", 32),
    "ff3e5307-9fd0-48c9-85f1-8ad56c701e01": (Kind.PROGRAM_DIGEST, "sha384", 48),
    "093e0fae-a6c4-4f50-9f1b-d41e2b89c19a": (Kind.PROGRAM_DIGEST, "sha512", 64),
    "3bd2a492-96c0-4079-b420-fcf98ef103ed": (Kind.CERTIFICATE_DIGEST, "sha256", 32 + _TIME),
    "7076876e-80c2-4ee6-aad2-28b349a6865b": (Kind.CERTIFICATE_DIGEST, "sha384", 48 + _TIME),
    "446dbf63-2502-4cda-bcfa-2465d2b0fe9d": (Kind.CERTIFICATE_DIGEST, "sha512", 64 + _TIME),
}
_BY_BYTES = {uuid.UUID(name).bytes_le: known for name, known in _TYPES.items()}


def parse(data: bytes) -> tuple[Entry, ...]:
    """The entries of all lists, in order. Raises Malformed."""
    entries: list[Entry] = []
    offset = 0
    while offset < len(data):
        if len(data) - offset < _HEADER.size:
            raise Malformed(f"EFI signature list: cut off at {offset:#x}")
        kind, size, header, each = _HEADER.unpack_from(data, offset)
        start, end = offset + _HEADER.size + header, offset + size
        if each <= _OWNER or not start <= end <= len(data) or (end - start) % each:
            raise Malformed(f"EFI signature list: {size} bytes with entries of {each} at {offset:#x}")
        if len(entries) + (end - start) // each > ENTRIES_LIMIT:
            raise Malformed(f"EFI signature list: more than {ENTRIES_LIMIT} entries")
        entries += (_entry(kind, data[at : at + each]) for at in range(start, end, each))
        offset = end
    return tuple(entries)


def _entry(kind: bytes, data: bytes) -> Entry:
    owner, content = uuid.UUID(bytes_le=data[:_OWNER]), data[_OWNER:]
    known, algorithm, size = _BY_BYTES.get(kind, (Kind.OTHER, None, None))
    if size is not None and len(content) != size:
        raise Malformed(f"EFI signature list: {known} of {len(content)} bytes")
    if known is Kind.CERTIFICATE_DIGEST:
        return Entry(known, algorithm, owner, content[:-_TIME], content[-_TIME:])
    return Entry(known, algorithm, owner, content)


def digests(entries: Iterable[Entry], kind: Kind = Kind.PROGRAM_DIGEST) -> frozenset[tuple[str, bytes]]:
    """Algorithm and digest of the entries of a kind."""
    return frozenset((one.algorithm or "", one.data) for one in entries if one.kind is kind)
