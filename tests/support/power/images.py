"""Releases that are small, and have many places where a power cut can fall."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from random import Random

from update_made import manifest

from firmward.formats.verity import Shape
from firmward.formats.verity_tree import hash_tree, superblock
from firmward.trust.verified import Verified
from firmward.update.manifest import Blob, Manifest, Payload, Source, Verity, encoded
from firmward.update.offer import Offer

BLOCK = 4096


@dataclass(frozen=True)
class Image:
    """`boot` and `root` are what a manifest names, `whole_root` is with superblock and hash tree."""

    boot: bytes
    root: bytes
    whole_root: bytes
    manifest: Manifest

    @property
    def offer(self) -> Offer:
        return Offer(Verified(self.manifest, frozenset()), self.sha256)

    @property
    def sha256(self) -> str:
        return sha256(encoded(self.manifest)).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all payloads."""
        return len(self.boot) + len(self.root)

    @property
    def blobs(self) -> dict[str, bytes]:
        return {sha256(one).hexdigest(): one for one in (self.boot, self.root)}


@cache
def image(version: str, blocks: int = 12, boot: int = 9000, seed: int = 0) -> Image:
    """`blocks` of the root, bytes of `boot`. The same for the same arguments."""
    chance = Random(f"{version} {seed}")
    root, kernel = chance.randbytes(blocks * BLOCK), chance.randbytes(boot)
    shape = Shape(1, "sha256", BLOCK, BLOCK, blocks, chance.randbytes(32))
    root_hash, levels = hash_tree(shape, list(shape.digests(root, BLOCK)))
    whole = b"".join((root, superblock(shape).ljust(BLOCK, b"\0"), *levels))
    named = manifest(
        version=version,
        layout="verity",
        payloads=(payload("boot", kernel), payload("root", root)),
        verity=Verity(root_hash.hex(), shape.salt.hex()),
    )
    return Image(kernel, root, whole, named)


def payload(partition: str, content: bytes, *before: Source) -> Payload:
    """`before` are tried before the whole."""
    blob = Blob(len(content), sha256(content).hexdigest())
    return Payload(partition, blob.size, blob.sha256, (*before, Source("full", blob)))
