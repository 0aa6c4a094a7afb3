"""AHAB containers: what the ROMs of i.MX 8, 8X, 8ULP and 9 read (NXP's AN12312; U-Boot's imx_container.h).

A container has a header (tag 87), an array of images with a digest each, and a signature block (tag 90) that points to
a certificate (AF), a table of super root keys (D7), a signature (D8) and a key blob. All is little endian. The
signature goes from the container's first byte to its own; so it covers the digests, and through them the images. The
flags say whose set of root keys signs: none, NXP's, the maker's. Containers follow each other every KiB (NXP's own
firmware first). The fuses hold the SHA-512, of later chips the SHA-256, of the table.
"""

import hashlib
import struct
from dataclasses import dataclass

from firmward.formats import signature
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Evidence, Extent, Held, Read, Signed, Signing, exactly, pieces

TAG, BLOCK_TAG, CERTIFICATE_TAG, TABLE_TAG, RECORD_TAG, SIGNATURE_TAG = 0x87, 0x90, 0xAF, 0xD7, 0xE1, 0xD8
VERSIONS = (0x00, 0x02)
STEP = 0x400
"""Bytes between containers."""
CONTAINERS = 8
HEADER, ENTRY, IMAGES = 16, 128, 32
HASHED_LIMIT = 256 << 20
"""Bytes of all images of one container that are verified; none of them lies over another."""
LENGTH_LIMIT = 1 << 15
HASHES = {0: "sha256", 1: "sha384", 2: "sha512"}
KINDS = {
    0x01: "csf", 0x02: "scd", 0x03: "executable", 0x04: "data", 0x05: "dcd", 0x06: "seco", 0x07: "provisioning",
    0x08: "dek", 0x0D: "ddr-dummy", 0x0E: "v2x-dummy",
}  # fmt: skip
SETS = {0: "none", 1: "nxp", 2: "oem", 3: "reserved"}
RSA, RSA_PSS, ECDSA = 0x21, 0x22, 0x27
CURVES = {1: "P-256", 2: "P-384", 3: "P-521"}


@dataclass(frozen=True, slots=True)
class Image:
    """`offset` counts from the container; `digest` is as long as its algorithm's."""

    kind: str
    offset: int
    size: int
    load: int
    entry: int
    core: int
    hash_name: str | None
    digest: bytes
    encrypted: bool


@dataclass(frozen=True, slots=True)
class RootKey:
    """`numbers` are modulus and exponent, or x and y; `authority` says that it signs a certificate."""

    algorithm: int
    hash_name: str | None
    size: int
    authority: bool
    numbers: tuple[int, int]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Container:
    """`flags` as they stand; `length` is that of header, array and signature block, in bytes.

    `signature` is empty without one; `has_certificate` that one stands between root key and signature.
    """

    version: int
    length: int
    flags: int
    software_version: int
    fuse_version: int
    images: tuple[Image, ...]
    block_at: int
    root_keys: tuple[RootKey, ...] = ()
    table: bytes = b""
    signature: bytes = b""
    signature_at: int = 0
    has_certificate: bool = False

    @property
    def key_set(self) -> str:
        """Whose root keys sign: none, nxp, oem."""
        return SETS[self.flags & 3]

    @property
    def key_index(self) -> int:
        return self.flags >> 4 & 3

    @property
    def revoked(self) -> int:
        """Bits of the root keys that are revoked."""
        return self.flags >> 8 & 0xF

    @property
    def fuses(self) -> dict[str, bytes]:
        """The SRK hash that fuses must hold, by the chips' two ways; empty without a table."""
        return {name: hashlib.new(name, self.table).digest() for name in ("sha512", "sha256") if self.table}

    @property
    def size(self) -> int:
        return max([self.length, *(one.offset + one.size for one in self.images)])

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return tuple(Extent(one.kind, one.offset, one.size) for one in self.images if one.size)

    @property
    def signing(self) -> Signing:
        head = Extent("container header", 0, self.signature_at or self.length)
        flags = Evidence(4, self.flags.to_bytes(4, "little"), f"the flags name the root keys of: {self.key_set}")
        block = Evidence(self.block_at, self.signature[:16], f"a signature of {len(self.signature)} bytes")
        if not self.signature or self.key_set == "none":
            what = "there is no signature" if not self.signature else "a signature is there that no flag asks for"
            signed = Signed.UNKNOWN if self.signature else Signed.NO
            evidence = Evidence(self.block_at, self.signature[:16], what)
            return Signing(signed, (flags, evidence), uncovered=(head, *self.payloads))
        bare = tuple(Extent(one.kind, one.offset, one.size) for one in self.images if one.size and not any(one.digest))
        covered = tuple(one for one in self.payloads if one not in bare)
        return Signing(Signed.YES, (flags, block), (head, *covered), bare)


def parse(read: Read) -> Container:
    """The container at the start. Raises Malformed."""
    version, length, tag, flags, software, fuse, count, block, _ = struct.unpack(
        "<BHBIHBBHH", exactly(read, 0, HEADER, "AHAB container")
    )
    if tag != TAG or version not in VERSIONS or count > IMAGES or length > LENGTH_LIMIT:
        raise Malformed("no AHAB container")
    if length < HEADER + count * ENTRY or (block and not HEADER + count * ENTRY <= block <= length - 16):
        raise Malformed(f"AHAB container: {count} images and a signature block at {block} in {length} bytes")
    data = exactly(read, 0, length, "AHAB container")
    images = tuple(_image(data, HEADER + number * ENTRY, version) for number in range(count))
    if not images and not block:
        raise Malformed("AHAB container: nothing in it")
    found = Container(version, length, flags, software, fuse, images, block)
    return _with_block(data, found) if block else found


def _image(data: bytes, at: int, version: int) -> Image:
    offset, size, load, entry, flags, _, digest = struct.unpack_from("<IIQQII64s", data, at)
    name = HASHES.get(flags >> 8 & (7 if version else 3))
    length = hashlib.new(name).digest_size if name else 64
    encrypted = bool(flags & (0x800 if version else 0xC00))
    return Image(
        KINDS.get(flags & 0xF, f"type-{flags & 0xF}"), offset, size, load, entry, flags >> 4 & 0xF,
        name, digest[:length], encrypted,
    )  # fmt: skip


def _with_block(data: bytes, container: Container) -> Container:
    """With what the signature block points to; its offsets count from itself."""
    at = container.block_at
    _, length, tag, certificate, table, signed, _ = struct.unpack_from("<BHB4H", data, at)
    if tag != BLOCK_TAG or at + length > len(data):
        raise Malformed(f"AHAB container: no signature block at byte {at}")
    raw, found, place = b"", b"", 0
    keys: tuple[RootKey, ...] = ()
    if table:
        raw = _value(data, at + table, TABLE_TAG, "table of root keys")
        keys = tuple(_root_keys(raw))
    if signed:
        place = at + signed
        found = _value(data, place, SIGNATURE_TAG, "signature")[8:]
    return Container(
        container.version, container.length, container.flags, container.software_version, container.fuse_version,
        container.images, at, keys, raw, found, place, bool(certificate),
    )  # fmt: skip


def _value(data: bytes, at: int, wanted: int, what: str) -> bytes:
    """With its header of tag, length and version: the tag leads in tables and ends in the others."""
    if at + 8 > len(data):
        raise Malformed(f"AHAB container: no {what} at byte {at}")
    tag = data[at] if wanted == TABLE_TAG else data[at + 3]
    length = int.from_bytes(data[at + 1 : at + 3], "little")
    if tag != wanted or length < 8 or at + length > len(data):
        raise Malformed(f"AHAB container: no {what} at byte {at}")
    return data[at : at + length]


def _root_keys(table: bytes) -> list[RootKey]:
    keys = []
    at = 4
    while at < len(table):
        record = table[at : at + int.from_bytes(table[at + 1 : at + 3], "little")]
        if len(record) < 12 or record[0] != RECORD_TAG:
            raise Malformed(f"AHAB root keys: no record at byte {at}")
        first, second = struct.unpack_from("<2H", record, 8)
        if 12 + first + second > len(record):
            raise Malformed(f"AHAB root keys: a key longer than its record at byte {at}")
        numbers = (
            int.from_bytes(record[12 : 12 + first], "big"),
            int.from_bytes(record[12 + first : 12 + first + second], "big"),
        )
        keys.append(RootKey(record[3], HASHES.get(record[4]), record[5], bool(record[7] & 0x80), numbers, record))
        at += len(record)
    return keys


def containers(read: Read, size: int) -> tuple[tuple[int, Container], ...]:
    """The containers that follow each other from the start of `size` bytes, with their offsets."""
    found = []
    for place in range(0, min(size, CONTAINERS * STEP), STEP):
        try:
            found.append((place, parse(_from(read, place))))
        except Malformed:
            if place:
                break
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Flash:
    """The containers of one medium, with their offsets: NXP's own firmware, then the maker's."""

    containers: tuple[tuple[int, Container], ...]

    @property
    def size(self) -> int:
        return max(place + one.size for place, one in self.containers)

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return tuple(_moved(extent, place) for place, one in self.containers for extent in one.payloads)

    @property
    def signing(self) -> Signing:
        """Signed when every container is."""
        each = [(place, one.signing) for place, one in self.containers]
        states = {signing.signed for _, signing in each}
        signed = states.pop() if len(states) == 1 else Signed.NO if Signed.NO in states else Signed.UNKNOWN
        return Signing(
            signed,
            tuple(Evidence(place + at, data, says) for place, one in each for at, data, says in one.evidence),
            tuple(_moved(extent, place) for place, one in each for extent in one.covered),
            tuple(_moved(extent, place) for place, one in each for extent in one.uncovered),
        )


def _moved(extent: Extent, place: int) -> Extent:
    return Extent(extent.name, place + extent.offset, extent.size)


def parse_flash(read: Read, size: int) -> Flash:
    """Raises Malformed when no container begins at the start."""
    parse(read)
    return Flash(containers(read, size))


def verify_flash(read: Read, flash: Flash) -> tuple[Held, ...]:
    """Raises Malformed for what is cut off."""
    return tuple(
        Held(held.what, place + held.offset, held.holds)
        for place, one in flash.containers
        for held in verify(_from(read, place), one)
    )


def _from(read: Read, start: int) -> Read:
    return lambda offset, length: read(start + offset, length)


def verify(read: Read, container: Container) -> tuple[Held, ...]:
    """The images' digests, and the signature where a root key made it itself. Raises Malformed for what is cut off."""
    size = sum(one.size for one in container.images)
    if size > HASHED_LIMIT:
        raise Malformed(f"AHAB container: images of {size} bytes in all")
    held = []
    for number, one in enumerate(container.images):
        if one.hash_name is None or not one.size or not any(one.digest):
            continue
        found = hashlib.new(one.hash_name)
        for piece in pieces(read, one.offset, one.size, f"image {number}"):
            found.update(piece)
        at = HEADER + number * ENTRY + 32
        held.append(Held(f"digest of image {number}", at, found.digest() == one.digest))
    holds = _signature_holds(read, container)
    if holds is not None:
        held.append(Held("signature", container.signature_at, holds))
    return tuple(held)


def _signature_holds(read: Read, container: Container) -> bool | None:
    """None where a certificate's key signs, or a kind that is not known here."""
    if not container.signature or container.has_certificate or container.key_index >= len(container.root_keys):
        return None
    key = container.root_keys[container.key_index]
    if key.hash_name is None:
        return None
    digest = hashlib.new(key.hash_name, exactly(read, 0, container.signature_at, "AHAB container")).digest()
    signed = container.signature
    if key.algorithm in (RSA, RSA_PSS):
        # srktool writes the first number whatever the padding, so that it tells nothing
        padded = signature.verify_rsa_pss(*key.numbers, key.hash_name, digest, signed)
        return padded or signature.verify_rsa_pkcs1(*key.numbers, key.hash_name, digest, signed)
    if key.algorithm == ECDSA and key.size in CURVES:
        half = len(signed) // 2
        r, s = int.from_bytes(signed[:half], "big"), int.from_bytes(signed[half:], "big")
        return signature.verify_ecdsa(CURVES[key.size], *key.numbers, digest, r, s)
    return None
