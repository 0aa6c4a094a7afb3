"""The deltas of a release: made from what earlier releases left in the repository, and tried before they are offered.

What is tried is the device's own reader (update/sources/blocks.py): a delta that did not make the payload, byte for
byte, would be a mistake here, and would cost every device its bytes for nothing.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import InputError
from firmward.signing.blocks import SIZE_LIMIT, delta
from firmward.signing.shelf import Beginning, Digest, Shelf, digest_of
from firmward.signing.tuf_repository import BLOBS
from firmward.trust.folder import Folder
from firmward.update.manifest import FULL, Blob, Manifest, Payload, Source
from firmward.update.sources import blocks
from firmward.update.sources.source import Material

KIND = "blocks"
WORTH = 0.7
"""Of the whole payload: a delta that is larger costs the device time for little."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Task:
    """`file` is the new payload. `bases` are the releases that it may replace, `shelf` is the repository that has them,
    and `folder` takes what is made. `tell` hears how far it is, and `say` what is not made, and why."""

    bases: Sequence[Manifest]
    shelf: Shelf
    folder: Path
    tell: Tell
    say: Tell


@dataclass(frozen=True, slots=True)
class Deltas:
    """Sources by their order, and where their blobs lie."""

    sources: tuple[Source, ...]
    files: dict[str, Path]


def deltas(task: Task, partition: str, file: Beginning, digest: Digest) -> Deltas:
    """For one payload, one from each different base. Raises InputError."""
    sources: list[Source] = []
    files: dict[str, Path] = {}
    target: bytes | None = None
    for version, base in _different(task.bases, partition):
        reason = _unusable(task.shelf, base, digest)
        if reason:
            task.say(f"{partition}: no delta from {version}: {reason}")
            continue
        target = target if target is not None else _content(Shelf(file.path.parent), file.path.name, digest)
        source = _made(
            task, f"{partition} from {version}", _content(task.shelf, f"{BLOBS}/{base.sha256}", base), target
        )
        if source is None:
            task.say(f"{partition}: no delta from {version}: it would have more than {WORTH:.0%} of the payload")
            continue
        sources.append(source)
        files[source.blob.sha256] = task.folder / source.blob.sha256
    return Deltas(tuple(sources), files)


def _different(bases: Sequence[Manifest], partition: str) -> Iterator[tuple[str, Digest]]:
    seen = set()
    for base in bases:
        for payload in base.payloads:
            if payload.partition == partition and payload.sha256 not in seen:
                seen.add(payload.sha256)
                yield base.version, Digest(payload.size, payload.sha256)


def _unusable(shelf: Shelf, base: Digest, target: Digest) -> str:
    """Why not, empty where nothing speaks against it."""
    place = f"{BLOBS}/{base.sha256}"
    if max(base.size, target.size) > SIZE_LIMIT:
        return f"more than {SIZE_LIMIT >> 20} MiB are not compared"
    if not shelf.has(place):
        return "the repository does not have its payload any more"
    return "" if shelf.digest(place) == base else "its payload in the repository is not what was signed"


def _content(shelf: Shelf, name: str, digest: Digest) -> bytes:
    content = b"".join(shelf.pieces(name, digest.size))
    if digest_of(content) != digest:
        raise InputError(f"{shelf.folder / name}: was changed while the release was made; make it anew")
    return content


def _made(task: Task, what: str, base: bytes, target: bytes) -> Source | None:
    def tell(done: float) -> None:
        task.tell(f"Delta of {what}: {done:.0%}")

    tell(0)
    made = delta(base, target, int(len(target) * WORTH), tell)
    if made is None:
        return None
    blob = digest_of(made)
    Shelf(task.folder).write(blob.sha256, [made], blob)
    source = Source(KIND, Blob(blob.size, blob.sha256), hashlib.sha256(base).hexdigest())
    _try(task.folder, source, base, target)
    return source


def _try(folder: Path, source: Source, base: bytes, target: bytes) -> None:
    digest = digest_of(target)
    payload = Payload("root", digest.size, digest.sha256, (source, Source(FULL, Blob(digest.size, digest.sha256))))
    material = Material(payload, source, Folder(folder), lambda offset, length: base[offset : offset + length])
    made = hashlib.sha256()
    for piece in blocks.opened(material).pieces(0):
        made.update(piece)
    if made.hexdigest() != digest.sha256:
        raise InputError("a delta does not make what it was made of; this is a mistake of firmward: --no-delta")
