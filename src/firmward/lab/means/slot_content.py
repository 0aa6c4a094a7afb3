"""What a slot of the device holds, as its disk shows it, beside what the maker gave out. Which version runs is told by
it from outside: the slot that Linux marked good holds the bytes of a release, and the boot loader starts nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from firmward.formats import verity
from firmward.formats.verity_tree import hash_tree, superblock
from firmward.lab.attacks import Unseen
from firmward.lab.target import Target
from firmward.lab.updates import Updates
from firmward.signing.tuf_repository import BLOBS
from firmward.update.manifest import PARTITIONS, VERITY_BLOCK, Manifest, Payload

BLOCK = 4096
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Release:
    """One that the maker has published in a repository, with its payloads whole."""

    manifest: Manifest
    blobs: Path

    def content(self, partition: str) -> bytes:
        return self._blob(partition).read_bytes()

    def urls(self, partition: str) -> frozenset[str]:
        """What is asked for by who fetches it, in whichever form."""
        return frozenset(f"/{BLOBS}/{source.blob.sha256}" for source in self.payload(partition).sources)

    def payload(self, partition: str) -> Payload:
        found = next((one for one in self.manifest.payloads if one.partition == partition), None)
        if found is None:
            raise Unseen(f"{self.manifest.version} has nothing for {partition}")
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


def emptied(target: Target, slot: str) -> None:
    """What comes there later is seen then: two releases have most of their bytes in common."""
    for name in PARTITIONS:
        target.write(f"{name}_{slot}", bytes(target.size(f"{name}_{slot}")))


@dataclass(frozen=True, slots=True)
class Mark:
    """A block of a release that is not empty, by which it is seen how far the release has come into an emptied slot."""

    partition: str
    at: int
    data: bytes

    def has_come(self, target: Target, slot: str) -> bool:
        return target.read(f"{self.partition}_{slot}", len(self.data), self.at) == self.data


@cache  # it is asked for many times a second, and a payload is big
def mark(one: Release, partition: str, share: float) -> Mark:
    """The first such block from there on: 0 is the beginning of a payload, and 1 its end."""
    content = one.content(partition)
    last = (len(content) - 1) // BLOCK
    for number in (*range(int(last * share), last + 1), *range(last, -1, -1)):
        data = content[number * BLOCK : (number + 1) * BLOCK]
        if any(data):
            return Mark(partition, number * BLOCK, data)
    raise Unseen(f"the payload {partition} of {one.manifest.version} is empty")


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
