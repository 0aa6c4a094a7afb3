"""Superblock and hash tree of dm-verity, written: by the build behind a root, by a device behind what it was sent.

verity.py has the format's rules. Both write the same bytes for the same data and salt.
"""

import struct
from uuid import UUID, uuid5

from firmward.formats.verity import MAGIC, Shape

NAMESPACE = UUID("5a1f4e0c-9a0b-5d0e-8f52-2f2d8a6b7c11")

_SUPERBLOCK = struct.Struct("<8sII16s32sIIQH6x256s168x")


def superblock(shape: Shape) -> bytes:
    """512 bytes, as `veritysetup` writes and reads them."""
    own = uuid5(NAMESPACE, shape.salt.hex()).bytes
    name = shape.algorithm.encode()
    salt = shape.salt
    return _SUPERBLOCK.pack(
        MAGIC, 1, shape.format, own, name, shape.data_block, shape.hash_block, shape.data_blocks, len(salt), salt
    )


def hash_tree(shape: Shape, leaves: list[bytes]) -> tuple[bytes, list[bytes]]:
    """The root hash and the levels, top first, over the digests of all data blocks. A single data block needs no tree:
    its digest is the root hash."""
    levels: list[bytes] = []
    each = 1 << shape.fan_out_bits
    digests = leaves
    while len(digests) > 1:
        groups = (b"".join(digests[at : at + each]) for at in range(0, len(digests), each))
        level = b"".join(group.ljust(shape.hash_block, b"\0") for group in groups)
        levels.insert(0, level)
        digests = list(shape.digests(level, shape.hash_block))
    return digests[0], levels
