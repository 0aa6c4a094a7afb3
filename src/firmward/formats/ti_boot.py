"""What the boot ROMs of Texas Instruments read: a certificate before the image on K3, headers of GP chips on OMAP.

- K3 (AM6x, J7): an X.509 certificate whose extensions under 1.3.6.1.4.1.294.1 say what follows: .1 the boot sequence,
  .2 its digest, .3 the software's revision, .4 encryption, .8 debug, .9 several components in place of .1 and .2, .34
  the digest of what the system firmware loads. On GP chips the same form is used with a key that signs nothing: its
  exponent is 1. U-Boot ships a sample key for HS chips whose private half everybody has.
- OMAP3 to AM57xx: `MLO` is eight bytes, size and address, behind 512 bytes of a configuration header on cards
  (`CHSETTINGS`), in either order of bytes on SPI. Neither has a place for a signature. On HS chips the table of
  contents names signed sections instead (`KEYS`, `PRIMAPP`, …); their inside is under TI's seal, so that they are
  named only.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats import der, rsa_certificate
from firmward.formats.malformed import Malformed
from firmward.formats.public_key import number
from firmward.formats.rom_image import Evidence, Extent, Held, Read, Signed, Signing, exactly, pieces
from firmward.formats.rsa_certificate import RsaCertificate

ARC = bytes.fromhex("2b06010401822601")
BOOT, INTEGRITY, REVISION, ENCRYPTION, DEBUG, COMPONENTS, FIRMWARE_INTEGRITY = 1, 2, 3, 4, 8, 9, 34
CERTIFICATE_LIMIT = 16 << 10
PAYLOAD_LIMIT = 256 << 20
DIGESTS = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
SAMPLE_KEYS = frozenset({"6d91f0cdcc13a2aa57a23d34bdce638f416a58e3ab58f588f1c601c176aa4196"})
"""SHA-256 of the modulus of keys whose private half is published: U-Boot's custMpk.pem."""
CORES = {0: "m3", 16: "r5", 32: "a53"}

CHSETTINGS = b"CHSETTINGS\0\0"
CH_SIZE, TOC_ENTRY, NAME_AT = 512, 32, 20
SETTINGS_KEY = 0xC0C0C0C1
MLO_LIMIT = 8 << 20


@dataclass(frozen=True, slots=True)
class Component:
    """`core` and `kind` are numbers as they stand; `digest` is empty where the certificate has none."""

    name: str
    kind: int
    core: int
    load: int
    extent: Extent
    hash_name: str | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class K3Image:
    """`revision` is what the fuses are compared with; `debug` the number that unlocks cores, 0 none."""

    certificate: RsaCertificate
    components: tuple[Component, ...]
    revision: int | None
    encrypted: bool
    debug: int
    numbers: tuple[int, ...]
    """The extensions of TI that are there."""

    @property
    def size(self) -> int:
        return max([self.certificate.size, *(one.extent.offset + one.extent.size for one in self.components)])

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return tuple(one.extent for one in self.components)

    @property
    def is_degenerate(self) -> bool:
        """Signed with the key of GP chips, whose exponent is 1: anybody can."""
        return self.certificate.key is not None and self.certificate.key.exponent == 1

    @property
    def key_hash(self) -> str | None:
        """SHA-256 of the modulus, in hexadecimal."""
        key = self.certificate.key
        if key is None:
            return None
        return hashlib.sha256(key.modulus.to_bytes((key.modulus.bit_length() + 7) // 8, "big")).hexdigest()

    @property
    def has_sample_key(self) -> bool:
        return self.key_hash in SAMPLE_KEYS

    @property
    def signing(self) -> Signing:
        first = self.certificate.signature[:16]
        body = Extent("certificate", 0, self.certificate.size)
        if self.is_degenerate:
            says = Evidence(0, first, "the certificate's key has the exponent 1: the image is for GP chips, unsigned")
            return Signing(Signed.NO, (says,), uncovered=(body, *self.payloads))
        words = "an X.509 certificate stands before the image"
        if self.has_sample_key:
            words += "; its key is U-Boot's sample, whose private half is published"
        digests = tuple(one.extent for one in self.components if one.hash_name and any(one.digest))
        bare = tuple(one for one in self.payloads if one not in digests)
        return Signing(Signed.YES, (Evidence(0, first, words),), (body, *digests), bare)


def parse_k3(read: Read) -> K3Image:
    """The certificate at the start and what it says of the bytes behind it. Raises Malformed."""
    data = read(0, CERTIFICATE_LIMIT)
    if data[:2] != b"\x30\x82" or ARC not in data:
        raise Malformed("no certificate of TI")
    certificate = rsa_certificate.parse(data)
    found = {name[len(ARC)]: value for name, value in certificate.extensions if name.startswith(ARC) and len(name) == 9}
    if not found:
        raise Malformed("a certificate without TI's extensions")
    debug = _fields(found[DEBUG]) if DEBUG in found else []
    return K3Image(
        certificate,
        tuple(_components(found, certificate.size)),
        _integer(_fields(found[REVISION])[0]) if REVISION in found else None,
        ENCRYPTION in found,
        _integer(debug[1]) if len(debug) > 1 else 0,
        tuple(sorted(found)),
    )


_Field = tuple[int, bytes]
"""Tag and content."""


def _fields(value: bytes) -> list[_Field]:
    """The values of an extension's sequence."""
    found = [(one.tag, value[one.start : one.end]) for one in der.inside(value, der.value_at(value, 0))]
    if not found:
        raise Malformed("an extension of TI without fields")
    return found


def _integer(field: _Field) -> int:
    """From an INTEGER, or octets that hold an address."""
    tag, content = field
    if len(content) > 8:
        raise Malformed(f"an extension of TI with a number of {len(content)} bytes")
    if tag == 0x02:
        return number(content, der.Value(tag, 0, len(content)))
    return int.from_bytes(content, "big")


def _components(found: dict[int, bytes], start: int) -> Iterator[Component]:
    """In the order in which they follow the certificate."""
    if COMPONENTS in found:
        value = found[COMPONENTS]
        for one in list(der.inside(value, der.value_at(value, 0)))[2:]:
            component = _component(value[one.start : one.end], start)
            yield component
            start += component.extent.size
    elif BOOT in found:
        kind, core, _, load, size = (_integer(one) for one in _at_least(_fields(found[BOOT]), 5)[:5])
        name, digest = _digest(found.get(INTEGRITY))
        yield Component("payload", kind, core, load, _extent("payload", start, size), name, digest)
    elif FIRMWARE_INTEGRITY in found:
        size = _integer(_at_least(_fields(found[FIRMWARE_INTEGRITY]), 3)[2])
        name, digest = _digest(found[FIRMWARE_INTEGRITY])
        yield Component("payload", 0, 0, 0, _extent("payload", start, size), name, digest)


def _at_least(fields: list[_Field], count: int) -> list[_Field]:
    if len(fields) < count:
        raise Malformed(f"an extension of TI with {len(fields)} of {count} fields")
    return fields


def _extent(name: str, offset: int, size: int) -> Extent:
    if size > PAYLOAD_LIMIT:
        raise Malformed(f"a certificate of TI for {size} bytes")
    return Extent(name, offset, size)


def _component(content: bytes, start: int) -> Component:
    whole = der.Value(der.SEQUENCE, 0, len(content))
    fields = _at_least([(one.tag, content[one.start : one.end]) for one in der.inside(content, whole)], 7)
    kind, core, _, load, size = (_integer(one) for one in fields[:5])
    name = {1: "sbl", 2: "sysfw", 3: "inner-certificate", 17: "dm-data", 18: "sysfw-data"}.get(
        kind, f"component-{kind}"
    )
    return Component(name, kind, core, load, _extent(name, start, size), DIGESTS.get(fields[5][1]), fields[6][1])


def _digest(value: bytes | None) -> tuple[str | None, bytes]:
    if value is None:
        return None, b""
    fields = _at_least(_fields(value), 2)
    return DIGESTS.get(fields[0][1]), fields[1][1]


def verify(read: Read, image: K3Image) -> tuple[Held, ...]:
    """The digests in the certificate, and its signature by its own key: it is the fuses that say whether this key may
    sign. Raises Malformed for what is cut off."""
    held = []
    for one in image.components:
        if one.hash_name is None or not one.digest:
            continue
        found = hashlib.new(one.hash_name)
        for piece in pieces(read, one.extent.offset, one.extent.size, one.name):
            found.update(piece)
        held.append(Held(f"digest of {one.name}", 0, found.digest() == one.digest))
    key = image.certificate.key
    if key is not None and not image.is_degenerate:
        holds = image.certificate.is_signed_by(key)
        if holds is not None:
            held.append(Held("signature of the certificate", 0, holds))
    return tuple(held)


@dataclass(frozen=True, slots=True)
class Mlo:
    """`sections` are those that the table of contents names; `swapped` says that words are big endian (SPI)."""

    sections: tuple[Extent, ...]
    header_size: int
    length: int
    load: int
    swapped: bool

    @property
    def size(self) -> int:
        return self.header_size + self.length

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return (Extent("payload", self.header_size, self.length),)

    @property
    def is_general(self) -> bool:
        """Only settings stand in the table: what chips without secure boot read."""
        return all(one.name == "CHSETTINGS" for one in self.sections)

    @property
    def signing(self) -> Signing:
        names = ", ".join(one.name for one in self.sections) or "no table of contents"
        if self.is_general:
            says = Evidence(0, CHSETTINGS, f"a GP header ({names}) has no place for a signature")
            return Signing(Signed.NO, (says,), uncovered=self.payloads)
        return Signing(Signed.UNKNOWN, (Evidence(0, names.encode(), f"sections of an HS chip: {names}"),))


def parse_mlo(read: Read) -> Mlo:
    """The configuration header of cards and the GP header behind it, in either order of bytes. Raises Malformed."""
    head = exactly(read, 0, CH_SIZE + 8, "MLO")
    for order in "<", ">":
        sections = tuple(_sections(head, order))
        if not sections:
            continue
        length, load = struct.unpack_from(order + "2I", head, CH_SIZE)
        if 8 < length <= MLO_LIMIT and load:  # the size is with these eight bytes
            return Mlo(sections, CH_SIZE + 8, length - 8, load, order == ">")
    raise Malformed("no configuration header of TI")


def content(read: Read, image: Mlo) -> bytes:
    """The code as it is run: words in little endian; what is cut off is left out."""
    data = read(image.header_size, image.length)
    if not image.swapped:
        return data
    words = len(data) // 4
    return struct.pack(f"<{words}I", *struct.unpack_from(f">{words}I", data))


def _sections(head: bytes, order: str) -> Iterator[Extent]:
    for at in range(0, CH_SIZE - TOC_ENTRY + 1, TOC_ENTRY):
        offset, size = struct.unpack_from(order + "2I", head, at)
        if offset == 0xFFFFFFFF and size == 0xFFFFFFFF:
            return
        raw = head[at + NAME_AT : at + TOC_ENTRY]
        if order == ">":
            raw = b"".join(raw[place : place + 4][::-1] for place in range(0, 12, 4))
        name = raw.rstrip(b"\0")
        if not name.isalnum() or not name.isascii() or not 0 < offset <= MLO_LIMIT or not 0 < size <= MLO_LIMIT:
            return
        yield Extent(name.decode(), offset, size)
