"""What a slot of the device holds, as its disk shows it, beside what the maker gave out. Which version runs is told by
it from outside: the slot that Linux marked good holds the bytes of a release, and the boot loader starts nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from firmward.formats import verity
from firmward.formats.verity_tree import hash_tree, superblock
from firmward.lab.attacks import Unseen
from firmward.lab.target import Target
from firmward.lab.updates import Updates
from firmward.signing.tuf_repository import BLOBS
from firmward.update.manifest import FULL, VERITY_BLOCK, Manifest, Payload

HEAD = 4096
"""Bytes: the first block of a boot partition, without which no boot loader starts a slot."""
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Release:
    """One that the maker has published in a repository, with its payloads whole."""

    manifest: Manifest
    blobs: Path

    def content(self, partition: str) -> bytes:
        return self._blob(partition).read_bytes()

    def head(self, partition: str) -> bytes:
        with self._blob(partition).open("rb") as file:
            return file.read(HEAD)

    def url(self, partition: str) -> str:
        """What is asked for by who fetches it whole."""
        return f"/{BLOBS}/{self.payload(partition).sha256}"

    def payload(self, partition: str) -> Payload:
        found = next((one for one in self.manifest.payloads if one.partition == partition), None)
        if found is None or not any(source.kind == FULL for source in found.sources):
            raise Unseen(f"{self.manifest.version} has no whole payload for {partition}")
        return found

    def _blob(self, partition: str) -> Path:
        return self.blobs / self.payload(partition).sha256


def release(updates: Updates, name: str) -> Release:
    """What a repository (updates.py) offers this device. Raises Unseen."""
    return Release(updates.manifest(name), updates.place(name) / BLOBS)


def holds(target: Target, slot: str, one: Release) -> bool:
    """Whether a slot has all that a release has for it."""
    return all(
        digest(target, f"{payload.partition}_{slot}", payload.size) == payload.sha256
        for payload in one.manifest.payloads
    )


def has_begun(target: Target, slot: str, one: Release) -> bool:
    """Whether the first block of its boot partition is that of a release."""
    return target.read(f"boot_{slot}", HEAD) == one.head("boot")


def digest(target: Target, partition: str, size: int | None = None) -> str:
    """Of the first bytes of a partition, or of all."""
    end = target.size(partition) if size is None else size
    found = sha256()
    for at in range(0, end, PIECE):
        found.update(target.read(partition, min(PIECE, end - at), at))
    return found.hexdigest()


def whole_root(one: Release) -> bytes:
    """The root's payload, and behind it the hash tree that a device makes for itself. Raises Unseen for a layout that
    has none."""
    said, data = one.manifest.verity, one.content("root")
    if said is None:
        raise Unseen(f"{one.manifest.version} has its system in the initramfs, and no root of its own")
    salt, blocks = bytes.fromhex(said.salt), len(data) // VERITY_BLOCK
    shape = verity.shape(1, "sha256", VERITY_BLOCK, VERITY_BLOCK, blocks, salt)
    _, levels = hash_tree(shape, list(shape.digests(data, VERITY_BLOCK)))
    return data + superblock(shape).ljust(VERITY_BLOCK, b"\0") + b"".join(levels)


def placed(target: Target, slot: str, one: Release) -> None:
    """Put a release into a slot, as who takes the storage out can. Raises Unseen."""
    for name, content in _contents(one):
        target.write(f"{name}_{slot}", content)


def _contents(one: Release) -> Iterator[tuple[str, bytes]]:
    yield "boot", one.content("boot")
    yield "root", whole_root(one)
