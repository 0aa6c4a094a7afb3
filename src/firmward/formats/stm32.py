"""STM32 headers: what the boot ROMs of STM32MP1 and MP2 read first (ST's wiki, "STM32 header for binary files").

`STM2`, an ECDSA signature, a checksum (the sum of the payload's bytes), and fields in little endian. Version 1 (MP15)
holds one public key in its header and a flag that says *no* signature; version 2 (MP13, MP2) has flags that say yes,
and extensions between header and payload: the public key with a table of hashes, the decryption, padding. The signature
goes over all from the field of the version to the end of the payload. With ECDSA algorithm 1 the curve is NIST's P-256,
with 2 the twisted Brainpool P256t1 that ST's key generator makes.
"""

import hashlib
import struct
from dataclasses import dataclass

from firmward.formats import signature
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Evidence, Extent, Held, Read, Signed, Signing, exactly, pieces

MAGIC = b"STM2"
SIGNATURE, CHECKSUM, SIGNED_FROM = 4, 68, 72
BASE = {1: 256, 2: 128}
"""Bytes of the header by major version, without extensions."""
NO_SIGNATURE = 0x01
"""Version 1: the ROM of an open chip is told not to look for a signature."""
AUTHENTICATED, ENCRYPTED = 0x01, 0x02
"""Version 2."""
CURVES = {1: "P-256", 2: "brainpoolP256t1"}
AUTHENTICATION, DECRYPTION, PADDING = b"ST\x00\x01", b"ST\x00\x02", b"ST\xff\xff"
EXTENSIONS_LIMIT = 8
EXTENSIONS_SIZE = 4096
IMAGE_LIMIT = 64 << 20

_COMMON = struct.Struct("<4s64sI4B6II")


@dataclass(frozen=True, slots=True)
class Header:
    """`version` is (major, minor); `header_size` is with extensions, in bytes. `public_key` is x and y, 64 bytes, None
    where there is none; `flags` are the option or extension flags as they stand at `flags_at`."""

    version: tuple[int, int]
    length: int
    entry: int
    load: int
    image_version: int
    flags: int
    flags_at: int
    checksum: int
    signature: bytes
    algorithm: int
    public_key: bytes | None
    public_key_at: int
    header_size: int
    binary_type: int

    @property
    def size(self) -> int:
        return self.header_size + self.length

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return (Extent("payload", self.header_size, self.length),)

    @property
    def asks(self) -> bool:
        """Whether the flags ask for the signature to be looked at."""
        return not self.flags & NO_SIGNATURE if self.version[0] == 1 else bool(self.flags & AUTHENTICATED)

    @property
    def is_encrypted(self) -> bool:
        return self.version[0] == 2 and bool(self.flags & ENCRYPTED)

    @property
    def curve(self) -> str | None:
        return CURVES.get(self.algorithm)

    @property
    def key_hash(self) -> bytes | None:
        """SHA-256 of the public key: what the fuses of an MP15 hold."""
        return hashlib.sha256(self.public_key).digest() if self.public_key is not None else None

    @property
    def signing(self) -> Signing:
        covered = (Extent("header", SIGNED_FROM, self.header_size - SIGNED_FROM), *self.payloads)
        flags = Evidence(self.flags_at, self.flags.to_bytes(4, "little"), self._flags())
        if not any(self.signature):
            zero = Evidence(SIGNATURE, self.signature, "the signature is all zeros")
            return Signing(Signed.NO, (zero, flags), uncovered=covered)
        there = Evidence(SIGNATURE, self.signature, "a signature is there")
        if self.public_key is None or not any(self.public_key):
            no_key = Evidence(self.public_key_at, self.public_key or b"", "no public key stands in the header")
            return Signing(Signed.UNKNOWN, (there, flags, no_key), uncovered=covered)
        if not self.asks:
            return Signing(Signed.UNKNOWN, (there, flags), uncovered=covered)
        return Signing(Signed.YES, (there, flags), covered)

    def _flags(self) -> str:
        asks = "ask for" if self.asks else "do not ask for"
        return f"the flags {asks} a signature" + (", and the payload is encrypted" if self.is_encrypted else "")


def parse(read: Read) -> Header:
    """The header at the start. Raises Malformed."""
    head = exactly(read, 0, BASE[2], "STM32 header")
    fields = _COMMON.unpack_from(head)
    magic, signed, checksum, _, minor, major, _, length, entry, reserved, load, reserved2, number, flags = fields
    if magic != MAGIC or major not in BASE:
        raise Malformed(f"no STM32 header, or of version {major}" if magic == MAGIC else "no STM32 header")
    if not 0 < length <= IMAGE_LIMIT:
        raise Malformed(f"STM32 header: a payload of {length} bytes")
    if major == 1:
        whole = exactly(read, 0, BASE[1], "STM32 header")
        if reserved or reserved2 or any(whole[172:255]):
            raise Malformed("STM32 header: bytes that must be zero are not")
        algorithm = int.from_bytes(whole[104:108], "little")
        return Header(
            (1, minor), length, entry, load, number, flags, 100, checksum, signed,
            algorithm, whole[108:172], 108, BASE[1], whole[255],
        )  # fmt: skip
    extensions, kind = struct.unpack_from("<2I", head, 104)
    algorithm, key, at = _authentication(read, extensions)
    return Header(
        (2, minor), length, entry, load, number, flags, 100, checksum, signed,
        algorithm, key, at, BASE[2] + extensions, kind,
    )  # fmt: skip


def _authentication(read: Read, size: int) -> tuple[int, bytes | None, int]:
    """Algorithm, public key and its place, from the extension that has them."""
    if size > EXTENSIONS_SIZE:
        raise Malformed(f"STM32 header: extensions of {size} bytes")
    data = exactly(read, BASE[2], size, "STM32 header extensions")
    at = 0
    for _ in range(EXTENSIONS_LIMIT):
        if at + 8 > size:
            break
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind[:2] != b"ST" or length < 8 or at + length > size:
            raise Malformed(f"STM32 header: an extension of {length} bytes at byte {BASE[2] + at}")
        if kind == AUTHENTICATION and length >= 84:
            algorithm = int.from_bytes(data[at + 16 : at + 20], "little")
            return algorithm, data[at + 20 : at + 84], BASE[2] + at + 20
        at += length
    return 0, None, BASE[2]


def verify(read: Read, header: Header) -> tuple[Held, ...]:
    """The checksum, and the signature with the key in the header where the curve is known. Raises Malformed for what is
    cut off."""
    total = sum(sum(piece) for piece in pieces(read, header.header_size, header.length, "payload"))
    held = [Held("checksum", CHECKSUM, total & 0xFFFFFFFF == header.checksum)]
    if any(header.signature) and header.public_key and header.curve is not None:
        digest = hashlib.sha256()
        for piece in pieces(read, SIGNED_FROM, header.size - SIGNED_FROM, "signed bytes"):
            digest.update(piece)
        numbers = (header.public_key[:32], header.public_key[32:], header.signature[:32], header.signature[32:])
        x, y, r, s = (int.from_bytes(number, "big") for number in numbers)
        holds = signature.verify_ecdsa(header.curve, x, y, digest.digest(), r, s)
        held.append(Held("signature", SIGNATURE, holds))
    return tuple(held)
