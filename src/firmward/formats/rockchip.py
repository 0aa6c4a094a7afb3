"""What the boot ROMs and miniloaders of Rockchip read: ID blocks, old and new, and the images that come after them.

- Old ID block (U-Boot's tools/rkcommon.c tells the layout): 512 bytes that are encrypted with RC4 and a key that all
  chips share, so that their first bytes are always the same; it gives the place of "init" (TPL or SPL) and of "boot",
  which follows it, in blocks of 512 bytes, and whether these are encrypted alike, each block by itself. On SPI flash
  only the first half of every 4 KiB is used. There is no place for a signature in it.
- New ID block (`RKNS`): places, sizes and digests of up to four images, then a digest or a signature of it all.
- `LOADER  ` and `TOS     `: one image behind 2 KiB, with a CRC, a digest and, behind the tag `SIGN`, a signature.
- `BL3X`: several images behind 2 KiB, each with a digest; the signature's place is always there, zeros when unsigned.
"""

import hashlib
import struct
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Evidence, Extent, Held, Read, Signed, Signing, exactly, pieces

BLOCK = 512
KEY = bytes((124, 78, 3, 4, 85, 5, 9, 7, 45, 44, 123, 56, 23, 13, 23, 17))
"""The same in every chip: it hides nothing."""
PLAIN_MAGIC = 0x0FF0AA55
MAGIC = bytes.fromhex("3b8cdcfcbe9f9d51")
"""How an encrypted block begins: the plain magic and four zeros."""
NEW_MAGIC = b"RKNS"
LOADER, TRUST_OS, TRUST = b"LOADER  ", b"TOS     ", b"BL3X"
NO_BOOT = 512 << 10
"""Bytes of "boot" that mkimage writes when there is none."""
HEADER, SPI_STEP, SPI_USED = 2048, 4096, 2048
HASHES = {1: "sha256", 2: "sha512"}
IMAGES_AT, IMAGE_ENTRY, IMAGES, HASH_AT = 120, 88, 4, 1536
FIELD = 512
"""Bytes of the field for digest or signature in a new block."""
SIGN = b"SIGN"
COMPONENTS = 16
SIZE_LIMIT = 64 << 20


def rc4(data: bytes, key: bytes = KEY) -> bytes:
    """For a block or so: this is no fast one."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 0xFF
        state[i], state[j] = state[j], state[i]
    out = bytearray(len(data))
    i = j = 0
    for place, byte in enumerate(data):
        i = (i + 1) & 0xFF
        j = (j + state[i]) & 0xFF
        state[i], state[j] = state[j], state[i]
        out[place] = byte ^ state[(state[i] + state[j]) & 0xFF]
    return bytes(out)


def rc4_blocks(data: bytes) -> bytes:
    """Decrypt block by block, each from the key's start."""
    stream = int.from_bytes(rc4(bytes(BLOCK)), "big")
    out = []
    for at in range(0, len(data), BLOCK):
        piece = data[at : at + BLOCK]
        mask = stream >> 8 * (BLOCK - len(piece))
        out.append((int.from_bytes(piece, "big") ^ mask).to_bytes(len(piece), "big"))
    return b"".join(out)


@dataclass(frozen=True, slots=True)
class IdBlock:
    """An old one. Offsets are in the flat image; with `is_spi` each run is spread over the first halves of 4 KiB.

    `chip` is the mark before the code (`RK33`), None where nothing like it stands; `encrypted` is the code's state.
    """

    chip: str | None
    encrypted: bool
    is_spi: bool
    size: int
    payloads: tuple[Extent, ...]

    @property
    def signing(self) -> Signing:
        evidence = Evidence(0, MAGIC, "an ID block that RC4 with a key known to all hides has no place for a signature")
        return Signing(Signed.NO, (evidence,), uncovered=self.payloads)


def parse_id_block(read: Read, size: int) -> IdBlock:
    """The block at the start of `size` bytes. Raises Malformed."""
    plain = rc4(exactly(read, 0, BLOCK, "ID block"))
    magic, _, disable, offset = struct.unpack_from("<3IH", plain)
    init, both = struct.unpack_from("<2H", plain, 506)
    if magic != PLAIN_MAGIC or disable > 1 or not offset or not init or both < init:
        raise Malformed("no ID block of Rockchip")
    start = offset * BLOCK
    marks = [_mark(read(start, 4), disable == 0), _mark(read(_spread(start), 4), disable == 0)]
    is_spi = marks[0] is None and marks[1] is not None
    boot = (both - init) * BLOCK
    payloads = [Extent("init", start, init * BLOCK)]
    end = start + init * BLOCK
    room = (size // SPI_STEP * SPI_USED + min(size % SPI_STEP, SPI_USED)) if is_spi else size
    if boot and boot != NO_BOOT:
        payloads.append(Extent("boot", end, boot))
        end += boot
    elif boot and room > end:  # what was appended to the image: its size is not told
        payloads.append(Extent("boot", end, min(boot, room - end)))
        end += payloads[-1].size
    whole = _spread(end - 1) + 1 if is_spi else end
    return IdBlock(marks[is_spi], disable == 0, is_spi, min(whole, size), tuple(payloads))


def _mark(data: bytes, encrypted: bool) -> str | None:
    plain = rc4(data) if encrypted else data
    known = plain[:2] in (b"RK", b"RV") or plain in (b"110B", b"RSAK")
    return plain.decode("ascii") if known and plain.isalnum() and plain.isascii() else None


def _spread(offset: int) -> int:
    """Where a byte of the flat image stands on SPI flash."""
    return offset // SPI_USED * SPI_STEP + offset % SPI_USED


def content(read: Read, block: IdBlock, extent: Extent) -> bytes:
    """The code as it is run: put together and decrypted; what is cut off is left out."""
    if not block.is_spi:
        data = read(extent.offset, extent.size)
    else:
        parts = []
        for at in range(extent.offset, extent.offset + extent.size, SPI_USED):
            parts.append(read(_spread(at), min(SPI_USED, extent.offset + extent.size - at)))
        data = b"".join(parts)
    return rc4_blocks(data) if block.encrypted else data


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a new block or a trust image; `digest` as it stands, empty without one."""

    extent: Extent
    load: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class NewIdBlock:
    """`flags` are the low nibble for the digest and above it what is told of the signature; `field` is the digest or
    signature of the first 1536 bytes."""

    hash_name: str | None
    flags: int
    images: tuple[Image, ...]
    field: bytes

    @property
    def size(self) -> int:
        return max(HEADER, *(one.extent.offset + one.extent.size for one in self.images))

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return tuple(one.extent for one in self.images)

    @property
    def has_signature(self) -> bool:
        """A digest fills its own size only; what is longer is a signature."""
        length = hashlib.new(self.hash_name).digest_size if self.hash_name else 0
        return any(self.field[length:])

    @property
    def signing(self) -> Signing:
        head = Extent("header", 0, HASH_AT)
        flags = Evidence(12, self.flags.to_bytes(4, "little"), f"flags {self.flags:#x}")
        if not self.has_signature:
            says = Evidence(HASH_AT, self.field[:64], "a digest stands where a signature would, which anybody can make")
            return Signing(Signed.NO, (says, flags), uncovered=(head, *self.payloads))
        says = Evidence(HASH_AT, self.field[:64], "longer than a digest: a signature of the header")
        digests = tuple(one.extent for one in self.images if any(one.digest))
        bare = tuple(one.extent for one in self.images if not any(one.digest))
        return Signing(Signed.YES, (says, flags), (head, *digests), bare)


def parse_new_id_block(read: Read) -> NewIdBlock:
    """The block at the start. Raises Malformed."""
    head = exactly(read, 0, HEADER, "RKNS header")
    sizes, flags = struct.unpack_from("<2I", head, 8)
    count, place = sizes >> 16, (sizes & 0xFFFF) * 4
    if head[:4] != NEW_MAGIC or not 0 < count <= IMAGES or place != HASH_AT:
        raise Malformed("no RKNS header")
    name = HASHES.get(flags & 0xF)
    if flags & 0xF and name is None:
        raise Malformed(f"RKNS header: a digest of kind {flags & 0xF}")
    length = hashlib.new(name).digest_size if name else 0
    images = []
    for number in range(count):
        at = IMAGES_AT + number * IMAGE_ENTRY
        where, load = struct.unpack_from("<2I", head, at)
        offset, size = (where & 0xFFFF) * BLOCK, (where >> 16) * BLOCK
        if size and offset < HEADER:
            raise Malformed(f"RKNS header: image {number} at byte {offset}")
        if size:
            images.append(
                Image(
                    Extent(("init", "boot", "image-2", "image-3")[number], offset, size),
                    load,
                    head[at + 24 : at + 24 + length],
                )
            )
    if not images:
        raise Malformed("RKNS header: no images")
    return NewIdBlock(name, flags, tuple(images), head[HASH_AT:])


@dataclass(frozen=True, slots=True)
class Loader:
    """`LOADER  ` or `TOS     `: `crc` is Rockchip's own; `signature` is empty without the tag."""

    kind: str
    load: int
    length: int
    crc: int
    digest: bytes
    signature: bytes
    signature_at: int

    @property
    def size(self) -> int:
        return HEADER + self.length

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return (Extent("payload", HEADER, self.length),)

    @property
    def signing(self) -> Signing:
        if any(self.signature):
            says = Evidence(self.signature_at, SIGN, f"a signature of {len(self.signature)} bytes over the digest")
            return Signing(Signed.YES, (says,), self.payloads)
        return Signing(Signed.NO, (Evidence(1024, b"", "no tag SIGN, no signature"),), uncovered=self.payloads)


def parse_loader(read: Read) -> Loader:
    """The header at the start, with or without a version in it. Raises Malformed."""
    head = exactly(read, 0, HEADER, "loader header")
    kind = head[:8]
    if kind not in (LOADER, TRUST_OS) or any(head[8:16]):
        raise Malformed("no loader header of Rockchip")
    for at in (16, 24):  # later ones have two words more
        load, length, crc, digest = struct.unpack_from("<4I", head, at)
        if digest in (0, 20, 32) and 0 < length <= SIZE_LIMIT and not (at == 16 and digest == 0 and load == 0):
            place = next((one for one in (1024, 1032) if head[one : one + 4] == SIGN), None)
            size = min(int.from_bytes(head[place + 4 : place + 8], "little"), 256) if place is not None else 0
            signed = head[place + 8 : place + 8 + size] if place is not None else b""
            name = kind.decode().strip()
            return Loader(name, load, length, crc, head[at + 16 : at + 16 + digest], signed, place or 1024)
    raise Malformed("loader header: no length that can be")


@dataclass(frozen=True, slots=True)
class Trust:
    """`flags` are the digest's kind and, four bits up, the signature's: 0 is none."""

    flags: int
    images: tuple[Image, ...]
    signature: bytes
    signature_at: int

    @property
    def size(self) -> int:
        return max(HEADER, *(one.extent.offset + one.extent.size for one in self.images))

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return tuple(one.extent for one in self.images)

    @property
    def signing(self) -> Signing:
        if any(self.signature):
            says = Evidence(self.signature_at, self.signature[:64], "a signature of header and digests")
            return Signing(Signed.YES, (says,), self.payloads)
        says = Evidence(self.signature_at, self.signature[:64], "the signature is all zeros")
        return Signing(Signed.NO, (says,), uncovered=self.payloads)


def parse_trust(read: Read) -> Trust:
    """The header at the start. Raises Malformed."""
    head = exactly(read, 0, HEADER, "trust header")
    tag, _, flags, sizes = struct.unpack_from("<4s3I", head)
    count, signed = sizes >> 16, (sizes & 0xFFFF) * 4
    if tag != TRUST or not 0 < count <= COMPONENTS:
        raise Malformed("no trust header of Rockchip")
    if not 800 + 48 * count <= signed or signed + 256 + 16 * count > HEADER:
        raise Malformed(f"trust header: a signature at byte {signed}")
    images = []
    for number in range(count):
        digest, load = struct.unpack_from("<32sI", head, 800 + 48 * number)
        name, place, length = struct.unpack_from("<4s2I", head, signed + 256 + 16 * number)
        offset, size = place * BLOCK, length * BLOCK
        if offset < HEADER or not 0 < size <= SIZE_LIMIT or offset > SIZE_LIMIT:
            raise Malformed(f"trust header: {size} bytes at byte {offset}")
        plain = name.decode("ascii", "replace").lower() if name.isalnum() else "image"
        images.append(Image(Extent(f"{plain}-{number}", offset, size), load, digest))
    return Trust(flags, tuple(images), head[signed : signed + 256], signed)


def verify(read: Read, image: NewIdBlock | Trust) -> tuple[Held, ...]:
    """The digests that the header holds. Raises Malformed for what is cut off."""
    held = []
    name = image.hash_name if isinstance(image, NewIdBlock) else "sha256" if image.flags & 0xF == 3 else None
    for one in image.images if name else ():
        if not any(one.digest):
            continue
        found = hashlib.new(name or "sha256")
        for piece in pieces(read, one.extent.offset, one.extent.size, one.extent.name):
            found.update(piece)
        held.append(Held(f"digest of {one.extent.name}", 0, found.digest() == one.digest))
    if isinstance(image, NewIdBlock) and name and not image.has_signature:
        found = hashlib.new(name, exactly(read, 0, HASH_AT, "RKNS header"))
        held.append(Held("digest of the header", HASH_AT, image.field.startswith(found.digest())))
    return tuple(held)
