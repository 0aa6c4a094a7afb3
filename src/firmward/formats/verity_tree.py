"""Superblock and hash tree of dm-verity, written: by the build behind a root, by a device behind what it was sent.

verity.py has the format's rules. Both write the same bytes for the same data and salt.
"""

import struct
from hashlib import sha1

from firmward.formats.verity import MAGIC, Shape

NAMESPACE = bytes.fromhex("5a1f4e0c9a0b5d0e8f522f2d8a6b7c11")

_SUPERBLOCK = struct.Struct("<8sII16s32sIIQH6x256s168x")


def superblock(shape: Shape) -> bytes:
    """512 bytes, as `veritysetup` writes and reads them."""
    own = identity(shape.salt)
    name = shape.algorithm.encode()
    salt = shape.salt
    return _SUPERBLOCK.pack(
        MAGIC, 1, shape.format, own, name, shape.data_block, shape.hash_block, shape.data_blocks, len(salt), salt
    )


def identity(salt: bytes) -> bytes:
    """A name of a salt: version 5 of RFC 9562. Devices have no module uuid, which drags in much that is slow."""
    digest = sha1(NAMESPACE + salt.hex().encode(), usedforsecurity=False).digest()
    return digest[:6] + bytes((digest[6] & 0x0F | 0x50, digest[7], digest[8] & 0x3F | 0x80)) + digest[9:16]


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
