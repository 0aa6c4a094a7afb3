"""Writes superblock and hash tree of dm-verity behind a root, while its data go by.

The tree is that of formats/verity_tree.py, byte for byte. It is written as it grows, lowest level first, since levels
have their places from the beginning: no more than a block of each is in memory, however big the root is.
"""

from hashlib import sha256

from firmward.formats import verity
from firmward.formats.malformed import Malformed
from firmward.formats.verity import Shape
from firmward.formats.verity_tree import superblock
from firmward.model.errors import DeviceError, TrustError
from firmward.update.manifest import VERITY_BLOCK, Payload, Verity
from firmward.update.region import Region


def shape_of(payload: Payload, said: Verity) -> Shape:
    """Raises TrustError for data that no tree is made for."""
    blocks = payload.size // VERITY_BLOCK
    try:
        return verity.shape(1, "sha256", VERITY_BLOCK, VERITY_BLOCK, blocks, bytes.fromhex(said.salt))
    except Malformed as error:
        raise TrustError(f"{payload.partition}: {error}") from error


def whole_size(shape: Shape) -> int:
    """Bytes of data, superblock and tree."""
    return shape.data_size + shape.hash_block + shape.tree_size


class HashTree:
    """`take` gets all data in whole blocks, then `finish` is called."""

    def __init__(self, region: Region, shape: Shape) -> None:
        self._region = region
        self._shape = shape
        self._levels = [_Level() for _ in shape.levels]
        at = shape.data_size + shape.hash_block
        for level, blocks in zip(reversed(self._levels), reversed(shape.levels), strict=True):
            level.start = level.end = at
            at += blocks * shape.hash_block
        self._root_hash = b""

    def take(self, piece: bytes) -> None:
        """Raises DeviceError."""
        for digest in self._shape.digests(piece, self._shape.data_block):
            self._add(0, digest)

    def finish(self, root_hash: str) -> None:
        """Raises TrustError where the data have another root hash, DeviceError where the tree does not get there."""
        for place, level in enumerate(self._levels):
            if level.block:
                self._close(place)
        if self._root_hash.hex() != root_hash:
            raise TrustError(f"{self._region.name}: the root hash is {self._root_hash.hex()}, and not {root_hash}")
        self._region.put(self._shape.data_size, superblock(self._shape).ljust(self._shape.hash_block, b"\0"))
        for level in self._levels:
            found = sha256()
            for piece in self._region.pieces(level.start, level.end):
                found.update(piece)
            if found.digest() != level.written.digest():
                raise DeviceError(f"{self._region.name}: the hash tree that was written is not what is read")

    def _add(self, place: int, digest: bytes) -> None:
        if place == len(self._levels):
            self._root_hash = digest
            return
        block = self._levels[place].block
        block += digest
        if len(block) == self._shape.hash_block:
            self._close(place)

    def _close(self, place: int) -> None:
        level = self._levels[place]
        block = bytes(level.block).ljust(self._shape.hash_block, b"\0")
        level.block.clear()
        self._region.write(level.end, block)
        level.end += len(block)
        level.written.update(block)
        self._add(place + 1, self._shape.digest(block))


class _Level:
    """`block` is the one that is being filled, `written` the SHA-256 of those between `start` and `end`."""

    def __init__(self) -> None:
        self.start = self.end = 0
        self.block = bytearray()
        self.written = sha256()
