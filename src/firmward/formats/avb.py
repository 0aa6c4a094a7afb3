"""Android Verified Boot 2.0 (AOSP's libavb: avb_vbmeta_image.h, avb_footer.h, the descriptors): vbmeta and its footer.

A vbmeta image is a header of 256 bytes, an authentication block (hash and signature) and an auxiliary block
(descriptors and the public key). Hash and signature go over the header and the auxiliary block, nothing else, and are
RSASSA-PKCS1-v1_5. It is a partition of its own or lies behind the data of one, where a footer in the last 64 bytes
says. Descriptors name hashes of whole partitions, hash trees of dm-verity, arguments for the kernel, further
partitions with a vbmeta and the key for it, and properties.

Which key is right the boot loader knows: the embedded one proves only that the image is whole. Flags switch hash trees
or all verification off; a boot loader that is unlocked boots in spite of everything. Numbers are big endian.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.formats import signature, verity
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read

MAGIC, FOOTER_MAGIC = b"AVB0", b"AVBf"
HEADER_SIZE, FOOTER_SIZE = 256, 64
SIZE_LIMIT = 1 << 20
"""Bytes of a vbmeta image; libavb takes 64 KiB."""
DESCRIPTORS_LIMIT = 1024
EXPONENT = 65537
"""The only one; a key does not say it."""
PIECE = 1 << 20
HASHTREE_DISABLED, VERIFICATION_DISABLED = 1, 2

_HEADER = struct.Struct(">4sII2QI11QII47sx80x")
_FOOTER = struct.Struct(">4sII3Q28x")
_TREE = struct.Struct(">I3Q3I2Q32s4I60x")
_HASH = struct.Struct(">Q32s4I60x")
_CHAIN = struct.Struct(">4I60x")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`digest` is hashlib's name; `bits` those of the RSA key."""

    name: str
    digest: str
    bits: int


ALGORITHMS = {
    1: Algorithm("SHA256_RSA2048", "sha256", 2048),
    2: Algorithm("SHA256_RSA4096", "sha256", 4096),
    3: Algorithm("SHA256_RSA8192", "sha256", 8192),
    4: Algorithm("SHA512_RSA2048", "sha512", 2048),
    5: Algorithm("SHA512_RSA4096", "sha512", 4096),
    6: Algorithm("SHA512_RSA8192", "sha512", 8192),
}
"""By the number in the header; zero means none."""


@dataclass(frozen=True, slots=True)
class HashDescriptor:
    """The digest of the first `size` bytes of a partition, with a salt before them."""

    partition: str
    size: int
    algorithm: str
    salt: bytes
    digest: bytes
    flags: int = 0


@dataclass(frozen=True, slots=True)
class HashtreeDescriptor:
    """The hash tree of dm-verity for the first `size` bytes of a partition, in bytes from its start. `fec_roots` is 0
    without data for forward error correction."""

    partition: str
    size: int
    algorithm: str
    data_block: int
    hash_block: int
    tree_offset: int
    tree_size: int
    salt: bytes
    root_digest: bytes
    version: int = 1
    fec_roots: int = 0
    fec_offset: int = 0
    fec_size: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True)
class CommandLineDescriptor:
    """Arguments for the kernel: with flag 1 where hash trees are in force, with flag 2 where they are disabled."""

    text: str
    flags: int = 0


@dataclass(frozen=True, slots=True)
class ChainDescriptor:
    """Another partition whose vbmeta is signed with `public_key`."""

    partition: str
    rollback_location: int
    public_key: bytes
    flags: int = 0


@dataclass(frozen=True, slots=True)
class PropertyDescriptor:
    key: str
    value: bytes


Descriptor = HashDescriptor | HashtreeDescriptor | CommandLineDescriptor | ChainDescriptor | PropertyDescriptor


@dataclass(frozen=True, slots=True)
class Vbmeta:
    """`size` in bytes, `version` what libavb must be at least. `algorithm` is None where the image is not signed.
    `signed` are the bytes that hash and signature go over. `public_key` is AVB's form of a key."""

    size: int
    version: tuple[int, int]
    algorithm: Algorithm | None
    rollback_index: int
    rollback_location: int
    flags: int
    release: str
    hash: bytes
    signature: bytes
    public_key: bytes
    descriptors: tuple[Descriptor, ...]
    signed: bytes

    @property
    def hashtree_disabled(self) -> bool:
        return bool(self.flags & HASHTREE_DISABLED)

    @property
    def verification_disabled(self) -> bool:
        return bool(self.flags & VERIFICATION_DISABLED)


@dataclass(frozen=True, slots=True)
class Footer:
    """Where the vbmeta of a partition lies in it, and the size of the data before it, in bytes."""

    version: tuple[int, int]
    original_size: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether hash and signature `hold` with the embedded key; `problem` says why not. `is_expected` says whether that
    key is the given one, None where none was given."""

    holds: bool
    problem: str | None = None
    is_expected: bool | None = None


def size_of(head: bytes) -> int:
    """Bytes of the vbmeta image that begins with this header. Raises Malformed."""
    if len(head) < HEADER_SIZE or head[:4] != MAGIC:
        raise Malformed("no header of vbmeta")
    major, _, authentication, auxiliary = struct.unpack_from(">2I2Q", head, 4)
    if major != 1:
        raise Malformed(f"vbmeta: version {major} is not known")
    size: int = HEADER_SIZE + authentication + auxiliary
    if size > SIZE_LIMIT or authentication % 64 or auxiliary % 64:
        raise Malformed(f"vbmeta: blocks of {authentication} and {auxiliary} bytes")
    return size


def footer(read: Read, size: int) -> Footer | None:
    """Of a partition of so many bytes; None without one. Raises Malformed when it points outside."""
    data = read(size - FOOTER_SIZE, FOOTER_SIZE) if size >= FOOTER_SIZE else b""
    if len(data) < FOOTER_SIZE or data[:4] != FOOTER_MAGIC:
        return None
    _, major, minor, original, offset, length = _FOOTER.unpack(data)
    if original > offset or not HEADER_SIZE <= length <= SIZE_LIMIT or offset + length > size - FOOTER_SIZE:
        raise Malformed(f"AVB footer: {length} bytes of vbmeta at {offset:#x} in {size} bytes")
    return Footer((major, minor), original, offset, length)


def of_partition(read: Read, size: int) -> Vbmeta | None:
    """The vbmeta at the start of a partition, or where its footer says; None without either. Raises Malformed."""
    if read(0, 4) == MAGIC:
        return parse(read(0, min(size, SIZE_LIMIT)))
    found = footer(read, size)
    return None if found is None else parse(read(found.offset, found.size))


def parse(data: bytes) -> Vbmeta:
    """A vbmeta image that begins the bytes. Raises Malformed."""
    size = size_of(data)
    if size > len(data):
        raise Malformed(f"vbmeta: cut off, {len(data)} of {size} bytes are there")
    fields = _HEADER.unpack_from(data)
    _, major, minor, length, _, kind, *places, rollback, flags, location, release = fields
    if kind and kind not in ALGORITHMS:
        raise Malformed(f"vbmeta: algorithm {kind} is not known")
    authentication = data[HEADER_SIZE : HEADER_SIZE + length]
    auxiliary = data[HEADER_SIZE + length : size]
    blocks = (authentication, authentication, auxiliary, auxiliary, auxiliary)
    ranges = zip(blocks, places[::2], places[1::2], strict=True)
    digest, signed, key, _, descriptors = (_inside(block, offset, count) for block, offset, count in ranges)
    return Vbmeta(
        size,
        (major, minor),
        ALGORITHMS.get(kind),
        rollback,
        location,
        flags,
        release.partition(b"\0")[0].decode("utf-8", "replace"),
        digest,
        signed,
        key,
        tuple(_descriptors(descriptors)),
        data[:HEADER_SIZE] + auxiliary,
    )


def _inside(block: bytes, offset: int, size: int) -> bytes:
    if offset > len(block) or size > len(block) - offset:
        raise Malformed(f"vbmeta: {size} bytes at {offset} in a block of {len(block)}")
    return block[offset : offset + size]


def _descriptors(data: bytes) -> Iterator[Descriptor]:
    at = 0
    for _ in range(DESCRIPTORS_LIMIT):
        if at == len(data):
            return
        if len(data) - at < 16:
            raise Malformed("vbmeta: a descriptor that is cut off")
        tag, size = struct.unpack_from(">2Q", data, at)
        if size % 8 or size > len(data) - at - 16:
            raise Malformed(f"vbmeta: a descriptor of {size} bytes at {at}")
        reader = _READERS.get(tag)
        if reader is not None:
            try:
                yield reader(data[at + 16 : at + 16 + size])
            except struct.error as error:
                raise Malformed(f"vbmeta: a descriptor of kind {tag} that is cut off") from error
        at += 16 + size
    raise Malformed(f"vbmeta: more than {DESCRIPTORS_LIMIT} descriptors")


def _property(body: bytes) -> PropertyDescriptor:
    key, value = struct.unpack_from(">2Q", body)
    name, content = _split(body, 16, key + 1, value + 1)
    return PropertyDescriptor(_text(name[:-1]), content[:-1])


def _hashtree(body: bytes) -> HashtreeDescriptor:
    version, size, at, length, data_block, hash_block, roots, fec_at, fec_size, name, *sizes, flags = _TREE.unpack_from(
        body
    )
    partition, salt, digest = _split(body, _TREE.size, *sizes)
    return HashtreeDescriptor(
        _text(partition), size, _text(name), data_block, hash_block, at, length, salt, digest, version,
        roots, fec_at, fec_size, flags,
    )  # fmt: skip


def _hash(body: bytes) -> HashDescriptor:
    size, name, *sizes, flags = _HASH.unpack_from(body)
    partition, salt, digest = _split(body, _HASH.size, *sizes)
    return HashDescriptor(_text(partition), size, _text(name), salt, digest, flags)


def _command_line(body: bytes) -> CommandLineDescriptor:
    flags, length = struct.unpack_from(">2I", body)
    (text,) = _split(body, 8, length)
    return CommandLineDescriptor(_text(text), flags)


def _chain(body: bytes) -> ChainDescriptor:
    location, name, key, flags = _CHAIN.unpack_from(body)
    partition, public_key = _split(body, _CHAIN.size, name, key)
    return ChainDescriptor(_text(partition), location, public_key, flags)


_READERS: dict[int, Callable[[bytes], Descriptor]] = {0: _property, 1: _hashtree, 2: _hash, 3: _command_line, 4: _chain}
"""By tag; others are passed over, as libavb does."""


def _split(body: bytes, at: int, *sizes: int) -> list[bytes]:
    """Fields of variable sizes that stand one behind the other."""
    if at + sum(sizes) > len(body):
        raise Malformed(f"vbmeta: fields of {sum(sizes)} bytes in a descriptor of {len(body)}")
    found = []
    for size in sizes:
        found.append(body[at : at + size])
        at += size
    return found


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


# what is computed


def modulus_of(public_key: bytes) -> int:
    """Of AVB's form of a key: bits, a constant for Montgomery's method, the modulus, another constant. Raises
    Malformed."""
    bits = int.from_bytes(public_key[:4], "big")
    if bits not in (2048, 4096, 8192) or len(public_key) != 8 + bits // 4:
        raise Malformed(f"vbmeta: a public key of {bits} bits in {len(public_key)} bytes")
    return int.from_bytes(public_key[8 : 8 + bits // 8], "big")


def verify(image: Vbmeta, expected: bytes | int | None = None) -> Verdict:
    """By the embedded key, which is compared with the `expected` one: AVB's form of it, or an RSA key's modulus."""
    if image.algorithm is None:
        return Verdict(False, "not signed")
    try:
        modulus = modulus_of(image.public_key)
    except Malformed as reason:
        return Verdict(False, str(reason))
    is_expected = None
    if expected is not None:
        is_expected = expected == (modulus if isinstance(expected, int) else image.public_key)
    digest = hashlib.new(image.algorithm.digest, image.signed, usedforsecurity=False).digest()
    if digest != image.hash:
        return Verdict(False, "header and auxiliary block are not what their hash says", is_expected)
    if modulus.bit_length() != image.algorithm.bits:
        return Verdict(False, f"a key of {modulus.bit_length()} bits for {image.algorithm.name}", is_expected)
    name = image.algorithm.digest
    if not signature.verify_rsa_pkcs1(modulus, EXPONENT, name, digest, image.signature):
        return Verdict(False, "the signature does not verify with the embedded key", is_expected)
    return Verdict(True, None, is_expected)


def check_hash(descriptor: HashDescriptor, read: Read) -> str | None:
    """What differs in the bytes of a partition, in words; None when they are what the descriptor says. Raises Malformed
    for an algorithm that is not known."""
    state = _started(descriptor.algorithm, descriptor.salt)
    for start in range(0, descriptor.size, PIECE):
        wanted = min(PIECE, descriptor.size - start)
        piece = read(start, wanted)
        if len(piece) < wanted:
            return f"cut off: {start + len(piece)} of {descriptor.size} bytes are there"
        state.update(piece)
    if state.digest() == descriptor.digest:
        return None
    return f"the first {descriptor.size} bytes are not what their digest says"


def shape_of(descriptor: HashtreeDescriptor) -> verity.Shape:
    """The tree in dm-verity's terms. Raises Malformed for what no kernel would take."""
    shape = verity.shape(
        descriptor.version,
        descriptor.algorithm,
        descriptor.data_block,
        descriptor.hash_block,
        descriptor.size // max(descriptor.data_block, 1),
        descriptor.salt,
    )
    if descriptor.size % descriptor.data_block:
        raise Malformed(f"vbmeta: {descriptor.size} bytes are no whole blocks")
    return shape


def check_hashtree(descriptor: HashtreeDescriptor, read: Read) -> str | None:
    """As `check_hash`, for data and hash tree. Raises Malformed when bytes are missing, too."""
    computed = verity.compute(shape_of(descriptor), read, lambda at, size: read(descriptor.tree_offset + at, size))
    if computed.differs is not None:
        return computed.differs
    return None if computed.root_hash == descriptor.root_digest.hex() else f"the root digest is {computed.root_hash}"


def _started(algorithm: str, salt: bytes) -> "hashlib._Hash":
    if algorithm not in verity.DIGESTS:
        raise Malformed(f"vbmeta: the digest {algorithm[:40]!r} is not known")
    return hashlib.new(algorithm.replace("-", "_"), salt, usedforsecurity=False)
