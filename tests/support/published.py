"""A release as its maker has published it, small: its manifest, and its payloads by their digests."""

from hashlib import sha256
from pathlib import Path
from random import Random

from firmward.formats import verity
from firmward.formats.verity_tree import hash_tree
from firmward.lab.means.slot_content import Release
from firmward.update.manifest import FULL, VERITY_BLOCK, Blob, Health, Manifest, Payload, Source, Verity

SALT = bytes(range(32))


def published(folder: Path, version: str = "1.5.0", boot: int = 20_000, blocks: int = 40) -> Release:
    """With random payloads of so many bytes, and blocks, which are the same for the same version."""
    chance = Random(version)
    folder.mkdir(parents=True, exist_ok=True)
    contents = {"boot": chance.randbytes(boot), "root": chance.randbytes(blocks * VERITY_BLOCK)}
    payloads = tuple(_payload(folder, name, content) for name, content in contents.items())
    shape = verity.shape(1, "sha256", VERITY_BLOCK, VERITY_BLOCK, blocks, SALT)
    root_hash, _ = hash_tree(shape, list(shape.digests(contents["root"], VERITY_BLOCK)))
    said = Verity(root_hash.hex(), SALT.hex())
    health = Health((), 60)
    return Release(Manifest("camera", "qemu-arm64", version, 2, 0, "verity", health, payloads, said), folder)


def _payload(folder: Path, name: str, content: bytes) -> Payload:
    blob = Blob(len(content), sha256(content).hexdigest())
    (folder / blob.sha256).write_bytes(content)
    return Payload(name, blob.size, blob.sha256, (Source(FULL, blob),))
