"""fs-verity: one file's Merkle tree and descriptor (Linux's Documentation/filesystems/fsverity.rst, fsverity-utils).

Each block of the file, the last filled up with zeros, has a digest; blocks of digests have digests in their turn, until
one is left, the root hash, which of an empty file is zero. A salt, filled up with zeros to the block size of the
algorithm, goes before each block. The digest of the file is that of a descriptor of 256 bytes with root hash, size and
settings. What is signed (PKCS#7, for the kernel's `.fs-verity` keyring) is that digest behind `FSVerity`, algorithm
and length. Numbers are little endian.
"""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from firmward.formats import cms
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read
from firmward.formats.x509 import Signed

DESCRIPTOR_SIZE = 256
SIGNED_MAGIC = b"FSVerity"
BLOCK_BITS = range(10, 17)
"""1 KiB to 64 KiB."""
SALT_LIMIT = 32
PIECE = 1 << 20

_DESCRIPTOR = struct.Struct("<4B4xQ64s32s144x")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """`number` is the kernel's, `name` hashlib's; the digest and the block that it works on in bytes."""

    number: int
    name: str
    digest_size: int
    block_size: int


ALGORITHMS = {1: Algorithm(1, "sha256", 32, 64), 2: Algorithm(2, "sha512", 64, 128)}
NAMED = {one.name: one for one in ALGORITHMS.values()}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """`size` of the file and `block` in bytes."""

    algorithm: Algorithm
    block: int
    size: int
    root_hash: bytes
    salt: bytes = b""

    @property
    def data(self) -> bytes:
        bits = self.block.bit_length() - 1
        return _DESCRIPTOR.pack(1, self.algorithm.number, bits, len(self.salt), self.size, self.root_hash, self.salt)

    @property
    def digest(self) -> bytes:
        """The file's, as `fsverity digest` gives it."""
        return hashlib.new(self.algorithm.name, self.data, usedforsecurity=False).digest()


def parse(data: bytes) -> Descriptor:
    """A descriptor that begins the bytes. Raises Malformed."""
    if len(data) < DESCRIPTOR_SIZE:
        raise Malformed("fs-verity: a descriptor that is cut off")
    version, number, bits, salt_size, size, root_hash, salt = _DESCRIPTOR.unpack_from(data)
    algorithm = ALGORITHMS.get(number)
    if version != 1 or algorithm is None or bits not in BLOCK_BITS or salt_size > SALT_LIMIT:
        raise Malformed(f"fs-verity: a descriptor of version {version} with algorithm {number}")
    return Descriptor(algorithm, 1 << bits, size, root_hash[: algorithm.digest_size], salt[:salt_size])


def compute(read: Read, size: int, name: str = "sha256", block: int = 4096, salt: bytes = b"") -> Descriptor:
    """The descriptor of a file of so many bytes. Raises Malformed when bytes are missing, or for settings that are not
    known."""
    algorithm = NAMED.get(name)
    if algorithm is None or block.bit_length() - 1 not in BLOCK_BITS or block & (block - 1) or len(salt) > SALT_LIMIT:
        raise Malformed(f"fs-verity: {name[:20]} with blocks of {block} bytes")
    tree = _Tree(algorithm, block, salt)
    step = max(PIECE, block)
    for start in range(0, size, step):
        wanted = min(step, size - start)
        piece = read(start, wanted)
        if len(piece) < wanted:
            raise Malformed(f"fs-verity: cut off, {start + len(piece)} of {size} bytes are there")
        for at in range(0, wanted, block):
            tree.add(piece[at : at + block])
    return Descriptor(algorithm, block, size, tree.root(), salt)


class _Tree:
    """Takes blocks in order, and keeps one unfinished block of each level."""

    def __init__(self, algorithm: Algorithm, block: int, salt: bytes) -> None:
        self._block = block
        padded = salt + bytes(-len(salt) % algorithm.block_size)
        self._started = hashlib.new(algorithm.name, padded, usedforsecurity=False)
        self._levels: list[bytearray] = []
        self._counts: list[int] = []

    def add(self, block: bytes, level: int = 0) -> None:
        """A block of this level, whose digest goes into the level above."""
        if level == len(self._levels):
            self._levels.append(bytearray())
            self._counts.append(0)
        above = self._levels[level]
        above += self._digest(block)
        self._counts[level] += 1
        if len(above) == self._block:
            self.add(bytes(above), level + 1)
            above.clear()

    def root(self) -> bytes:
        """The digest of all that was added."""
        level = 0
        while level < len(self._levels):
            pending, count = self._levels[level], self._counts[level]
            if count == 1:
                return bytes(pending)
            if pending:
                self.add(bytes(pending), level + 1)
            level += 1
        return bytes(self._started.digest_size)

    def _digest(self, block: bytes) -> bytes:
        state = self._started.copy()
        state.update(block)
        if len(block) < self._block:
            state.update(bytes(self._block - len(block)))
        return state.digest()


def signed_form(algorithm: Algorithm, digest: bytes) -> bytes:
    """What a signature of the file goes over."""
    return SIGNED_MAGIC + struct.pack("<HH", algorithm.number, len(digest)) + digest


def verify(descriptor: Descriptor, message: bytes, certificates: Iterable[Signed]) -> cms.Verdict:
    """Whether a detached PKCS#7 message signs the file. Raises Malformed when it is none."""
    parsed = cms.parse(message)
    if not parsed.signers or parsed.content is not None:
        raise Malformed("fs-verity: a message that nobody signed, or with content of its own")
    signer = parsed.signers[0]
    form = signed_form(descriptor.algorithm, descriptor.digest)
    digest = hashlib.new(signer.digest, form, usedforsecurity=False).digest()
    return cms.verify(parsed, signer, digest, certificates)
