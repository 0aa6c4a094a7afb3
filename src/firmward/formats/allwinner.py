"""What the boot ROMs of Allwinner read: eGON images, and TOC0 where the chip is fused to be secure (linux-sunxi.org).

Both are sums: all words in little endian, with the checksum's own replaced by a stamp. eGON (`eGON.BT0` behind one
instruction) bears no signature at all. TOC0 (`TOC0.GLH`) has items: the firmware; a certificate that looks like X.509
and is not, with the firmware's SHA-256 where extensions would be, signed by the key it holds; and, from H6 on, a key
item in which the root key signs the key of the certificate. The ROM signs over the certificate's main sequence without
its last four bytes.
"""

import hashlib
import struct
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.formats.public_key import RsaKey
from firmward.formats.rom_image import Evidence, Extent, Held, Read, Signed, Signing, exactly, pieces

EGON = b"eGON.BT0"
EGON_AT = 4
TOC0, TOC_MAGIC = b"TOC0.GLH", 0x89119800
STAMP = 0x5F0A6C39
IMAGE_LIMIT = 4 << 20
"""Bytes of a first stage; the static memory that it is loaded to has some hundred KiB."""
CODE_AT = 96
"""Bytes of U-Boot's header; before them stands one instruction that jumps to behind it."""
CERTIFICATE, FIRMWARE, KEY = 0x010101, 0x010202, 0x010303
ITEMS = {CERTIFICATE: "certificate", FIRMWARE: "firmware", KEY: "key"}
ITEMS_LIMIT = 32
MAIN_SIZE, ITEM_SIZE = 48, 32
KEY_ITEM = 24 + 512 + 512 + 32 + 256
"""Bytes of a key item: lengths, two keys, what is reserved, the signature."""
KEY_SIGNED = KEY_ITEM - 256
CERTIFICATE_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Egon:
    """`tree` is the device tree that U-Boot's SPL names for tools, None without one."""

    size: int
    checksum: int
    tree: str | None
    is_spl: bool

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return (Extent("payload", CODE_AT, self.size - CODE_AT),)

    @property
    def signing(self) -> Signing:
        return Signing(
            Signed.NO, (Evidence(EGON_AT, EGON, "an eGON image has no place for a signature"),), uncovered=self.payloads
        )


def parse_egon(read: Read) -> Egon:
    """The header at the start. Raises Malformed."""
    head = exactly(read, 0, CODE_AT, "eGON header")
    checksum, size = struct.unpack_from("<2I", head, 12)
    if head[EGON_AT:12] != EGON or size <= CODE_AT or size % 4 or size > IMAGE_LIMIT:
        raise Malformed("no eGON header")
    is_spl = head[20:23] == b"SPL"
    name = int.from_bytes(head[32:36], "little") if is_spl and head[23] & 0x1F >= 2 else 0
    tree = head[name:CODE_AT].partition(b"\0")[0].decode("ascii", "replace") if 0 < name < CODE_AT else None
    return Egon(size, checksum, tree, is_spl)


@dataclass(frozen=True, slots=True)
class Item:
    """`kind` is the number as it stands; `encrypted` by the item's status."""

    kind: int
    offset: int
    size: int
    encrypted: bool
    load: int

    @property
    def name(self) -> str:
        return ITEMS.get(self.kind, f"item-{self.kind:#x}")


@dataclass(frozen=True, slots=True)
class Certificate:
    """`digest` is what it says of the firmware; `signed` are offsets in the image between which its signature goes."""

    key: RsaKey
    digest: bytes
    signed: tuple[int, int]
    signature: bytes
    signature_at: int


@dataclass(frozen=True, slots=True)
class KeyItem:
    """The root key, whose hash is fused, and the key that it lets sign certificates."""

    root: RsaKey
    root_bytes: bytes
    firmware: RsaKey
    signature: bytes

    @property
    def fuses(self) -> bytes:
        """SHA-256 of the root key as the item holds it, padded with zeros to 512 bytes."""
        return hashlib.sha256(self.root_bytes).digest()


@dataclass(frozen=True, slots=True)
class Toc0:
    size: int
    checksum: int
    status: int
    items: tuple[Item, ...]
    certificate: Certificate | None
    keys: KeyItem | None

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return tuple(Extent(one.name, one.offset, one.size) for one in self.items if one.kind == FIRMWARE)

    def item(self, kind: int) -> Item | None:
        return next((one for one in self.items if one.kind == kind), None)

    @property
    def signing(self) -> Signing:
        found = self.item(CERTIFICATE)
        if found is None or self.certificate is None:
            evidence = Evidence(0, TOC0, "no certificate that could be read speaks for the firmware")
            return Signing(Signed.UNKNOWN if found else Signed.NO, (evidence,), uncovered=self.payloads)
        says = [Evidence(found.offset, self.certificate.digest, "the certificate's digest of the firmware")]
        key = self.item(KEY)
        if key is not None and self.keys is not None:
            says.append(Evidence(key.offset, self.keys.fuses, "SHA-256 of the root key, as it would be fused"))
        return Signing(Signed.YES, tuple(says), self.payloads)


def parse_toc0(read: Read) -> Toc0:
    """The table at the start with its certificate and keys. Raises Malformed."""
    head = exactly(read, 0, MAIN_SIZE, "TOC0 header")
    magic, checksum, _, status, count, size = struct.unpack_from("<6I", head, 8)
    if head[:8] != TOC0 or magic != TOC_MAGIC or head[44:] != b"MIE;":
        raise Malformed("no TOC0 header")
    if not 0 < count <= ITEMS_LIMIT or size > IMAGE_LIMIT or size < MAIN_SIZE + count * ITEM_SIZE or size % 4:
        raise Malformed(f"TOC0: {count} items in {size} bytes")
    table = exactly(read, MAIN_SIZE, count * ITEM_SIZE, "TOC0 items")
    items = tuple(_item(table[at : at + ITEM_SIZE], size) for at in range(0, len(table), ITEM_SIZE))
    named = {one.kind: one for one in reversed(items)}
    return Toc0(
        size, checksum, status, items, _certificate(read, named.get(CERTIFICATE)), _key_item(read, named.get(KEY))
    )


def _item(data: bytes, total: int) -> Item:
    kind, offset, size, status, _, load = struct.unpack_from("<6I", data)
    if data[28:] != b"IIE;" or offset + size > total:
        raise Malformed(f"TOC0: item {kind:#x} of {size} bytes at byte {offset}")
    return Item(kind, offset, size, status == 1, load)


def _key_item(read: Read, item: Item | None) -> KeyItem | None:
    if item is None or item.size < KEY_ITEM:
        return None
    data = exactly(read, item.offset, KEY_ITEM, "TOC0 key item")
    _, root_n, root_e, next_n, next_e, size = struct.unpack_from("<6I", data)
    if root_n + root_e > 512 or next_n + next_e > 512 or size > 256:
        raise Malformed(f"TOC0: keys of {root_n + root_e} and {next_n + next_e} bytes at byte {item.offset}")
    root, other = data[24:536], data[536:1048]
    return KeyItem(_key(root, root_n, root_e), root, _key(other, next_n, next_e), data[KEY_SIGNED : KEY_SIGNED + size])


def _key(data: bytes, modulus: int, exponent: int) -> RsaKey:
    return RsaKey(int.from_bytes(data[:modulus], "big"), int.from_bytes(data[modulus : modulus + exponent], "big"))


@dataclass(frozen=True, slots=True)
class _Value:
    """Header and content of a value of the pseudo-DER, by offsets in the item."""

    tag: int
    header: int
    start: int
    end: int


def _values(data: bytes, start: int, end: int) -> list[_Value]:
    """Side by side; lengths of one byte, or 82 and two bytes. A certificate has eight values at most."""
    found: list[_Value] = []
    while start < end and len(found) < 16:
        if start + 2 > end:
            raise Malformed(f"TOC0 certificate: cut off at byte {start}")
        begin, size = start + 2, data[start + 1]
        if size == 0x82:
            begin, size = start + 4, int.from_bytes(data[start + 2 : start + 4], "big")
        elif size & 0x80:
            raise Malformed(f"TOC0 certificate: a length at byte {start} that no ROM reads")
        if begin + size > end:
            raise Malformed(f"TOC0 certificate: a value of {size} bytes at byte {start}")
        found.append(_Value(data[start], start, begin, begin + size))
        start = begin + size
    return found


def _certificate(read: Read, item: Item | None) -> Certificate | None:
    if item is None:
        return None
    data = exactly(read, item.offset, min(item.size, CERTIFICATE_LIMIT), "TOC0 certificate")
    try:
        (whole,) = _values(data, 0, len(data))[:1]
        main, outer = _values(data, whole.start, whole.end)[:2]
        parts = _values(data, main.start, main.end)
        _, public = _values(data, parts[6].start, parts[6].end)[:2]
        modulus, exponent = _values(data, public.start, public.end)[:2]
        (extension,) = _values(data, parts[7].start, parts[7].end)[:1]
        (digest,) = _values(data, extension.start, extension.end)[:1]
        signed = _values(data, outer.start, outer.end)[1]
    except (ValueError, IndexError):
        raise Malformed(f"TOC0 certificate: not of the form that the ROM reads, at byte {item.offset}") from None
    return Certificate(
        RsaKey(
            int.from_bytes(data[modulus.start : modulus.end], "big"),
            int.from_bytes(data[exponent.start : exponent.end], "big"),
        ),
        data[digest.start : digest.end],
        (item.offset + main.header, item.offset + main.end - (main.start - main.header)),
        data[signed.start : signed.end],
        item.offset + signed.start,
    )


def verify(read: Read, image: Egon | Toc0) -> tuple[Held, ...]:
    """The checksum, and of a TOC0 the firmware's digest and both signatures. Raises Malformed for what is cut off."""
    at = 12
    held = [Held("checksum", at, _sum(read, image.size, image.checksum) == image.checksum)]
    if isinstance(image, Egon):
        return tuple(held)
    firmware, certificate = image.item(FIRMWARE), image.certificate
    if firmware is not None and certificate is not None:
        found = hashlib.sha256(exactly(read, firmware.offset, firmware.size, "firmware")).digest()
        place = image.item(CERTIFICATE)
        held.append(Held("digest of the firmware", place.offset if place else 0, found == certificate.digest))
    if certificate is not None:
        start, end = certificate.signed
        body = exactly(read, start, end - start, "certificate")
        holds = certificate.key.signed("sha256", body, certificate.signature)
        held.append(Held("signature of the certificate", certificate.signature_at, holds))
    key = image.item(KEY)
    if key is not None and image.keys is not None:
        body = exactly(read, key.offset, KEY_SIGNED, "key item")
        holds = image.keys.root.signed("sha256", body, image.keys.signature)
        held.append(Held("signature of the key item", key.offset + KEY_SIGNED, holds))
        if certificate is not None:
            held.append(Held("key of the certificate", key.offset, certificate.key == image.keys.firmware))
    return tuple(held)


def _sum(read: Read, size: int, stored: int) -> int:
    total = STAMP - stored
    for piece in pieces(read, 0, size, "image"):
        total += sum(struct.unpack(f"<{len(piece) // 4}I", piece))
    return total & 0xFFFFFFFF
