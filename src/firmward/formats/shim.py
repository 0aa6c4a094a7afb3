"""What shim (the boot loader that Microsoft signs for others) starts by itself: by the certificate of its maker.

Rules (shim's cert.S): the section `.vendor_cert` begins with four numbers, little endian: sizes of what is allowed and
of what is revoked, then the offsets of both in the section. What is allowed is one certificate, or a signature list as
in db; what is revoked is a signature list. Besides, shim starts what db allows and what the owner enrolled (MokList).
"""

import struct
import uuid
from dataclasses import dataclass

from firmward.formats import efi_signature_list, pe
from firmward.formats.efi_signature_list import Entry, Kind
from firmward.formats.malformed import Malformed

SECTION = ".vendor_cert"
OWNER = uuid.UUID("605dab50-e046-4300-abb6-3dd810dd8b23")
"""shim's own, for the certificate that no list names an owner of."""
SIZE_LIMIT = 1 << 20

_TABLE = struct.Struct("<4I")
_SEQUENCE = b"\x30\x82"


@dataclass(frozen=True, slots=True)
class Vendor:
    """What the maker built in, as entries of db and dbx are."""

    allowed: tuple[Entry, ...]
    revoked: tuple[Entry, ...]


def parse(program: pe.Program, read: pe.Read) -> Vendor | None:
    """None for a program that is no shim. Raises Malformed."""
    sections = program.named(SECTION)
    if not sections:
        return None
    if sections[0].used > SIZE_LIMIT:
        raise Malformed(f"shim: a section of {sections[0].used} bytes")
    data = pe.content(program, sections[0], read)
    if len(data) < _TABLE.size:
        raise Malformed("shim: no table of certificates")
    allowed, revoked, allowed_at, revoked_at = _TABLE.unpack_from(data)
    return Vendor(_entries(data, allowed_at, allowed), _entries(data, revoked_at, revoked))


def _entries(data: bytes, offset: int, size: int) -> tuple[Entry, ...]:
    if offset + size > len(data):
        raise Malformed(f"shim: {size} bytes at {offset:#x} of a section of {len(data)}")
    content = data[offset : offset + size]
    if content.startswith(_SEQUENCE):
        return (Entry(Kind.CERTIFICATE, None, OWNER, content),)
    return efi_signature_list.parse(content)
