"""Squashfs 1 to 3, and what vendors made of these and of 4.0 with another magic, compressor or byte order.

The tree is that of 4.0. Which compressor was used nothing says: each that is known is tried on the root folder, as
`squashfs.first_that_holds` does.
"""

from collections.abc import Callable
from functools import partial
from typing import cast

from firmward.formats import squashfs, squashfs3
from firmward.formats.malformed import Malformed
from firmward.formats.squashfs import COMPRESSORS, Squashfs, Unpack
from firmward.formats.squashfs3 import MAGICS, SUPERBLOCK_SIZE, Squashfs3, version
from firmward.image.budget import Budget, Damaged
from firmward.image.filesystem.squashfs import SquashfsTree, first_that_holds, unpacks
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.vendor_lzma import UNPACKS


def measure(source: Source) -> int | None:
    head = source.read(0, SUPERBLOCK_SIZE)
    found = version(head)
    if found is None:
        return None
    if found[1] == 4:
        size = _size_of_4(head, found[0])
        return None if size is None else min(size, source.size)
    try:
        return min(squashfs3.parse_superblock(head).size, source.size)
    except Malformed:
        return None


def _size_of_4(head: bytes, order: str) -> int | None:
    """The size by a superblock of 4.0 whose block size and tables hold together, in either byte order."""
    number = "little" if order == "little" else "big"
    block_size, log = (int.from_bytes(head[at:end], number) for at, end in ((12, 16), (22, 24)))  # type: ignore[arg-type]
    size, inodes, folders = (int.from_bytes(head[at : at + 8], number) for at in (40, 64, 72))  # type: ignore[arg-type]
    holds = 12 <= log <= 20 and block_size == 1 << log and 96 <= inodes < folders < size
    return size if holds else None


def open_squashfs3(source: Source, budget: Budget) -> SquashfsTree:
    head = source.read(0, SUPERBLOCK_SIZE)
    found = version(head)
    if found is None:
        raise Damaged("squashfs: no superblock")
    order, major, minor = found
    name = f"squashfs {major}.{minor}, {order}-endian"
    if major == 4 and order == "big":
        raise Damaged(f"{name}: not read")
    try:
        image = _image_of_4(source, head) if major == 4 else _image(source, head)
    except Malformed as error:
        raise Damaged(f"{name}: {error}") from None
    if image is not None:
        return SquashfsTree(image, budget)
    raise Damaged(f"{name}: its root folder cannot be read, neither as zlib nor as a known kind of LZMA")


def _image(source: Source, head: bytes) -> Squashfs | None:
    # it has every method that the tree of a squashfs calls
    make = cast(Callable[[Unpack], Squashfs], partial(Squashfs3, squashfs3.parse_superblock(head), source.read))
    return first_that_holds(make, UNPACKS)


def _image_of_4(source: Source, head: bytes) -> Squashfs | None:
    """A 4.0 with a vendor's magic, and maybe with a vendor's number for the compressor."""
    known = head[20:22] if int.from_bytes(head[20:22], "little") in COMPRESSORS else b"\2\0"
    superblock = squashfs.parse_superblock(squashfs.MAGIC + head[4:20] + known + head[22:])
    return first_that_holds(partial(Squashfs, superblock, source.read), unpacks(superblock))


ABOUT = About(
    title="squashfs 1 to 3, and vendors' squashfs",
    reads="Both byte orders, zlib, and the LZMA framings that vendors used; magics of vendors, with 4.0 too.",
    limits="A big-endian 4.0, and a compressor that is none of these, are told by version and byte order.",
    witness="mksquashfs of 2.1, 3.0 and 3.2, unsquashfs",
)

FORMAT = Format("squashfs", tuple(Magic(data) for data in MAGICS), measure, open_squashfs3, ABOUT)
