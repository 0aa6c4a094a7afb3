"""A file of a squashfs with other content, put where it lies: no other file moves, and nothing in the image contradicts
itself afterwards.

The block that holds the file is unpacked, changed and packed again. It has to take no more room than before, which
text that is replaced by less of it does; what is left of the room is zeros, which no reader looks at.
"""

import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.formats.squashfs import (
    COMPRESSORS,
    NO_FRAGMENT,
    SUPERBLOCK_SIZE,
    Block,
    Inode,
    Read,
    Reference,
    Squashfs,
    parse_superblock,
)
from firmward.image.block_codecs import CODECS
from firmward.lab.attacks import Unseen
from firmward.model.tree import Kind

FILLING = b"\n"
"""What a script or a table of words has at its end as often as one likes."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes of the image at a place."""

    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file's bytes lie: from `start` to `end` of a block's content."""

    block: Block
    start: int
    end: int


def _zlib(data: bytes, block_size: int) -> bytes:
    return zlib.compress(data, 9)


def _xz(data: bytes, block_size: int) -> bytes:
    chain = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": block_size}]
    return lzma.compress(data, lzma.FORMAT_XZ, lzma.CHECK_CRC32, filters=chain)


PACKED: dict[str, Callable[[bytes, int], bytes]] = {"gzip": _zlib, "xz": _xz}
"""The ways that the kernels of devices unpack most, each as tight as it goes: mksquashfs has packed less so."""


def rewritten(read: Read, path: str, content: Callable[[bytes], bytes]) -> Patch:
    """What has to be written so that a file has other content, made from what it has and of its length at the most.
    Raises Unseen where that cannot be done in its place."""
    try:
        return _patch(_opened(read), path, content)
    except Malformed as problem:
        raise Unseen(f"the root cannot be read: {problem}") from problem


def names(read: Read, folder: str) -> tuple[str, ...]:
    """Of the files in a folder, in order; of one that is not there none. Raises Unseen."""
    image = _opened(read)
    try:
        reference = _found(image, folder)
        if reference is None:
            return ()
        listed = image.listing(image.inode(reference))
        return tuple(sorted(name.decode() for name, one in listed if image.inode(one).kind is Kind.FILE))
    except (Malformed, UnicodeDecodeError) as problem:
        raise Unseen(f"the root cannot be read: {problem}") from problem


def _opened(read: Read) -> Squashfs:
    try:
        superblock = parse_superblock(read(0, SUPERBLOCK_SIZE))
    except Malformed as problem:
        raise Unseen(f"the root is no squashfs: {problem}") from problem
    return Squashfs(superblock, read, CODECS[COMPRESSORS[superblock.compressor]])


def _patch(image: Squashfs, path: str, content: Callable[[bytes], bytes]) -> Patch:
    reference = _found(image, path)
    if reference is None:
        raise Unseen(f"/{path} is not in the root")
    place = _place(image, reference, image.inode(reference))
    size = image.superblock.block_size
    before = image.content(place.block, size)
    wanted = content(before[place.start : place.end])
    room = place.end - place.start
    if len(wanted) > room:
        raise Unseen(f"/{path} has {room} bytes, and {len(wanted)} are wanted")
    after = before[: place.start] + wanted.ljust(room, FILLING) + before[place.end :]
    packed = after if place.block.is_stored else _packed(image, after)
    if len(packed) > place.block.size:
        raise Unseen(f"the block of /{path} takes {len(packed)} bytes now, and had {place.block.size}")
    return Patch(place.block.start, packed.ljust(place.block.size, b"\0"))


def _packed(image: Squashfs, data: bytes) -> bytes:
    name = COMPRESSORS[image.superblock.compressor]
    if name not in PACKED:
        raise Unseen(f"the root is packed by {name}, which nobody here packs")
    return PACKED[name](data, image.superblock.block_size)


def _found(image: Squashfs, path: str) -> Reference | None:
    reference = image.superblock.root
    for step in path.split("/"):
        listed: Iterator[tuple[bytes, Reference]] = image.listing(image.inode(reference))
        found = next((one for name, one in listed if name == step.encode()), None)
        if found is None:
            return None
        reference = found
    return reference


def _place(image: Squashfs, reference: Reference, file: Inode) -> _Place:
    """Of a file that has one block, or lies in one with others."""
    if file.kind is not Kind.FILE or not 0 < file.size <= image.superblock.block_size:
        raise Malformed("a file of another kind or size is wanted")
    if file.fragment != NO_FRAGMENT:
        return _Place(image.fragment(file.fragment), file.offset, file.offset + file.size)
    return _Place(next(image.blocks(reference, file)), 0, file.size)
