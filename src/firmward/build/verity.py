"""The hash tree of dm-verity behind the root file system: any block that is not what was signed ends the device's run.

formats/verity.py has the format's rules. The salt and the identity in the superblock come from the content and from
what the image is for, so that the same image has the same root hash. The superblock is there for `veritysetup` and for
audits: the initramfs opens the tree by `VerityRoot.table`, whose words are signed, and never reads it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firmward.build.space import beside
from firmward.formats.malformed import Malformed
from firmward.formats.verity import PIECE, SUPERBLOCK_SIZE, Shape, parse_superblock
from firmward.formats.verity_tree import hash_tree, superblock
from firmward.model.errors import InputError

BLOCK = 4096
ALGORITHM = "sha256"


@dataclass(frozen=True, slots=True)
class VerityRoot:
    """A slot's root at `path`: `data_size` bytes of file system, the superblock at `hash_offset`, the tree behind it,
    `size` bytes in all. `root_hash` and `salt` are in hexadecimal."""

    path: Path
    data_size: int
    hash_offset: int
    size: int
    root_hash: str
    salt: str

    @property
    def blocks(self) -> int:
        return self.data_size // BLOCK

    def table(self, device: str) -> str:
        """The line for `dmsetup create`; a corrupt block stops the kernel, so that the boot loader tries again."""
        start = self.hash_offset // BLOCK + 1
        words = f"{self.blocks} {start} {ALGORITHM} {self.root_hash} {self.salt} 1 panic_on_corruption"
        return f"0 {self.data_size // 512} verity 1 {device} {device} {BLOCK} {BLOCK} {words}"


def write_verity(image: Path, out: Path, *, product: str, version: str) -> VerityRoot:
    """A file system with its tree, at `out`, from the `image` of the file system alone, padded to whole blocks."""
    if image.stat().st_size == 0:
        raise InputError(f"{image}: the root file system is empty")
    salt = _salt(image, product, version)
    with beside(out) as place, place.open("xb") as file:
        size = 0
        leaves: list[bytes] = []
        shape = Shape(1, ALGORITHM, BLOCK, BLOCK, -(-image.stat().st_size // BLOCK), salt)
        for piece in _pieces(image):
            file.write(piece)
            leaves += shape.digests(piece, BLOCK)
            size += len(piece)
        if size != shape.data_size:
            raise InputError(f"{image}: changed while it was read; build again")
        root_hash, levels = hash_tree(shape, leaves)
        file.write(superblock(shape).ljust(BLOCK, b"\0"))
        for level in levels:
            file.write(level)
        whole = file.tell()
    return VerityRoot(out, size, size, whole, root_hash.hex(), salt.hex())


def tree_shape(path: Path) -> Shape:
    """Of the tree behind a file system, as `write_verity` leaves it. Raises InputError for any other file."""
    size = path.stat().st_size
    least, most = 1, max(size // BLOCK, 1)
    while least < most:  # the tree grows with the data, so that one size of data alone gives this size of all
        middle = (least + most) // 2
        least, most = (middle + 1, most) if _whole_size(middle) < size else (least, middle)
    with path.open("rb") as file:
        file.seek(least * BLOCK)
        head = file.read(SUPERBLOCK_SIZE)
    try:
        found = parse_superblock(head)
    except Malformed as error:
        raise InputError(f"{path}: has no hash tree where its size puts it: {error}") from error
    if found.data_size != least * BLOCK or _whole_size(least) != size:
        raise InputError(f"{path}: is not a file system with its hash tree alone")
    return found


def _whole_size(blocks: int) -> int:
    return blocks * BLOCK + BLOCK + Shape(1, ALGORITHM, BLOCK, BLOCK, blocks, b"").tree_size


def _salt(image: Path, product: str, version: str) -> bytes:
    digest = hashlib.sha256(f"firmward verity\n{product}\n{version}\n".encode())
    with image.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.digest()


def _pieces(image: Path) -> Iterator[bytes]:
    """Whole blocks, the last one filled up with zeros."""
    with image.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece + bytes(-len(piece) % BLOCK)
