"""Marvell's boot images: what the ROMs of Kirkwood and Armada read (U-Boot's kwbimage.h tells the layout).

One byte names the medium, a byte at 8 the version; the header ends its first 32 bytes with the sum of its other bytes,
and the data end with the sum of their words. In version 1 optional headers follow: code that trains the memory,
register values, and the secure header with keys and RSA-2048 signatures of header and image; without that one nothing
is signed.
"""

import struct
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Evidence, Extent, Held, Read, Signed, Signing, exactly, pieces

MEDIA = {0x5A: "spi", 0x8B: "nand", 0xAE: "sdio", 0x78: "sata", 0x69: "uart", 0x9C: "pex", 0x4D: "i2c"}
MAIN = 32
EXTENDED = 0x1E0
SECURE, BINARY, REGISTERS = 1, 2, 3
HEADER_SIGNATURE, IMAGE_SIGNATURE = 0x220, 0x320
SECURE_SIZE = 0x25E4
IMAGE_LIMIT = 64 << 20
OPTIONAL_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Optional:
    """An optional header by its kind and extent."""

    kind: int
    extent: Extent


@dataclass(frozen=True, slots=True)
class Image:
    """`header_size` in bytes; `data` is without its checksum. `signatures` are those of header and image, None without
    a secure header."""

    medium: str
    version: int
    header_size: int
    data: Extent
    load: int
    entry: int
    optional: tuple[Optional, ...]
    signatures: tuple[bytes, bytes] | None

    @property
    def size(self) -> int:
        return self.data.offset + self.data.size + 4

    @property
    def payloads(self) -> tuple[Extent, ...]:
        first = tuple(one.extent for one in self.optional if one.kind == BINARY)
        return (*first, self.data)

    @property
    def signing(self) -> Signing:
        header = Extent("header", 0, self.header_size)
        if self.signatures is None or not all(map(any, self.signatures)):
            words = "no secure header" if self.signatures is None else "the secure header's signatures are zeros"
            evidence = Evidence(8, bytes((self.version,)), f"version {self.version}: {words}")
            return Signing(Signed.NO, (evidence,), uncovered=(header, self.data))
        place = next((one.extent.offset for one in self.optional if one.kind == SECURE), 0)
        evidence = Evidence(place, self.signatures[0][:16], "a secure header with signatures of header and image")
        return Signing(Signed.YES, (evidence,), (header, self.data))


def parse(read: Read) -> Image:
    """The header at the start. Raises Malformed."""
    head = exactly(read, 0, MAIN, "kwbimage")
    medium, version = MEDIA.get(head[0]), head[8]
    blocks, _, source, load, entry = struct.unpack_from("<5I", head, 4)
    if medium is None or version > 1 or (version == 1 and (head[0x1B] or any(head[0x1C:0x1E]))):
        raise Malformed("no header of Marvell")
    if version == 1:
        size = head[9] << 16 | int.from_bytes(head[10:12], "little")
    else:
        if any(head[9:12]) or head[0x1D] or head[0x1E] > 4:
            raise Malformed("no header of Marvell")
        size = MAIN + head[0x1E] * EXTENDED
    if not MAIN <= size <= 1 << 20 or not 4 < blocks <= IMAGE_LIMIT or not size <= source <= IMAGE_LIMIT:
        raise Malformed(f"kwbimage: {blocks} bytes at {source} behind a header of {size}")
    header = exactly(read, 0, size if version else MAIN, "kwbimage")
    if (sum(header) - header[31]) & 0xFF != header[31] or source + blocks > IMAGE_LIMIT:
        raise Malformed("kwbimage: the checksum of the header is wrong")
    optional = _optional(header) if version and head[0x1E] else ()
    return Image(
        medium,
        version,
        size,
        Extent("payload", source, blocks - 4),
        load,
        entry,
        optional,
        _signatures(header, optional),
    )


def _optional(header: bytes) -> tuple[Optional, ...]:
    """Each says its length and whether another follows."""
    found = []
    at = MAIN
    for _ in range(OPTIONAL_LIMIT):
        if at + 8 > len(header):
            raise Malformed(f"kwbimage: no optional header at byte {at}")
        kind, high, low = struct.unpack_from("<BBH", header, at)
        size = high << 16 | low
        if kind not in (SECURE, BINARY, REGISTERS) or size < 8 or at + size > len(header):
            raise Malformed(f"kwbimage: an optional header of {size} bytes at byte {at}")
        found.append(Optional(kind, Extent(("", "secure", "memory-training", "registers")[kind], at, size)))
        if not header[at + size - 4]:
            break
        at += size
    return tuple(found)


def _signatures(header: bytes, optional: tuple[Optional, ...]) -> tuple[bytes, bytes] | None:
    for one in optional:
        if one.kind == SECURE and one.extent.size >= SECURE_SIZE:
            at = one.extent.offset
            first, second = at + HEADER_SIGNATURE, at + IMAGE_SIGNATURE
            return header[first : first + 256], header[second : second + 256]
    return None


def verify(read: Read, image: Image) -> tuple[Held, ...]:
    """The checksum of the data. Raises Malformed for what is cut off."""
    data = image.data
    stored = exactly(read, data.offset + data.size, 4, "checksum")
    if data.size % 4:
        raise Malformed("kwbimage: data that are no words")
    total = 0
    for piece in pieces(read, data.offset, data.size, "data"):
        total += sum(struct.unpack(f"<{len(piece) // 4}I", piece))
    holds = total & 0xFFFFFFFF == int.from_bytes(stored, "little")
    return (Held("checksum of the data", data.offset + data.size, holds),)
