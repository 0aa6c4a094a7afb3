"""Brings the payloads that a verified manifest names to the device, each in a file that is called by its digest.

Rules: a file has that name only when all of it was verified. What came until a line broke is kept and gone on with. No
byte beyond those that the manifest names is taken, and none before there is room for all. What an earlier offer left
is removed.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from firmward.model.errors import DeviceError, TrustError
from firmward.trust.place import Place
from firmward.trust.verified import Verified
from firmward.update.manifest import FULL, Blob, Manifest

PART = ".part"
PIECE = 64 << 10
SPARE = 1 << 20
"""Bytes that are left free: the device writes other things to its storage as well."""


def fetch(manifest: Verified[Manifest], blobs: Place, folder: Path) -> tuple[Path, ...]:
    """Where the payloads lie, in the manifest's order. Raises TrustError for what is not what the manifest names,
    DeviceError for what cannot be had, or has no room."""
    wanted = tuple(_whole(manifest.value))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _tidy(folder, wanted)
        missing = [one for one in wanted if not _is_there(folder / one.sha256, one)]
        _require_room(folder, missing)
        for one in missing:
            _bring(one, blobs, folder)
    except OSError as error:
        raise DeviceError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return tuple(folder / one.sha256 for one in wanted)


def _whole(manifest: Manifest) -> Iterator[Blob]:
    for payload in manifest.payloads:
        source = next((one for one in payload.sources if one.kind == FULL), None)
        if source is None:
            raise DeviceError(f"{payload.partition}: the release has it as deltas alone, which this client cannot take")
        yield source.blob


def _tidy(folder: Path, wanted: tuple[Blob, ...]) -> None:
    names = {name for one in wanted for name in (one.sha256, f"{one.sha256}{PART}")}
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()


def _is_there(path: Path, blob: Blob) -> bool:
    """Verified again: storage that anybody can write proves nothing of what it held before."""
    return path.is_file() and path.stat().st_size == blob.size and _digest(path) == blob.sha256


def _require_room(folder: Path, missing: list[Blob]) -> None:
    space = os.statvfs(folder)
    needed = sum(one.size - _size(_part(folder, one)) for one in missing)
    free = space.f_bavail * space.f_frsize
    if missing and needed + SPARE > free:
        raise DeviceError(f"{folder}: has {free} bytes free, and the update needs {needed + SPARE}")


def _bring(blob: Blob, blobs: Place, folder: Path) -> None:
    part = _part(folder, blob)
    at = _size(part)
    try:
        _go_on(blob, blobs, part, at)
    except DeviceError:
        if not at or _size(part) != at:
            raise
        _go_on(blob, blobs, part, 0)  # a server may know nothing of ranges
    if _size(part) < blob.size:
        raise DeviceError(f"{blob.sha256}: {blob.size - _size(part)} bytes are missing; they are asked for next time")
    if _digest(part) != blob.sha256:
        part.unlink()
        raise TrustError(f"{blob.sha256}: what came has another digest")
    part.replace(folder / blob.sha256)
    _settle(folder)


def _go_on(blob: Blob, blobs: Place, part: Path, at: int) -> None:
    """From `at` on; what is there stays until the first byte came."""
    pieces = blobs.stream((blob.sha256,), at, blob.size - at) if at < blob.size else iter(())
    first = next(pieces, b"")
    if not first:
        return
    with part.open("ab" if at else "wb") as file:
        file.write(first)
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _part(folder: Path, blob: Blob) -> Path:
    return folder / f"{blob.sha256}{PART}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _settle(folder: Path) -> None:
    """A name that a power cut cannot take away again."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
