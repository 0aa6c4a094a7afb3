"""List and read every file of an image, by several processes: in the cage, like all that reads it."""

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmward.model.inventory import FileState, Inventory, order, packed
from firmward.model.tree import Entry, Kind, Tree

if TYPE_CHECKING:
    from firmward.image.opening import Image

SLICES = 4
"""Pieces of the work per process: files are of very different sizes."""
LATE = 5.0
"""Seconds beyond the deadline after which a process that reads is ended."""
HEAD = 4096
"""Bytes of a file in which it says what it holds."""
ARMOUR = re.compile(rb"^-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}(PRIVATE KEY|CERTIFICATE)-----", re.MULTILINE)
SCHEME = "sha256"

Read = tuple[str | None, str | None]
"""The digest of a file's bytes (None: they could not be read), and what kind of secret they are."""


@dataclass(frozen=True, slots=True)
class _Slice:
    """Files of one tree, in order."""

    part: str
    tree: Tree
    entries: Sequence[Entry]


def take_inventories(image: "Image", jobs: int, deadline: float, lost: list[str]) -> tuple[Inventory, ...]:
    """The inventories of all distinct file systems; what was not read for want of time or a process is told in
    `lost`."""
    from firmward.cli.workers import run_each

    distinct = [root for root in image.trees if root.part.same_as is None]
    listed = {root.part.id: sorted(root.tree.entries(), key=lambda entry: order(entry.path)) for root in distinct}
    slices = [piece for root in distinct for piece in _slices(root.part.id, root.tree, listed[root.part.id], jobs)]

    def give_up(piece: _Slice, reason: str) -> list[Read]:
        lost.append(f"{piece.part}: files not read: {reason}")
        return [(None, None)] * len(piece.entries)

    answers = run_each(lambda piece: _read_all(piece, deadline), slices, jobs, give_up, deadline + LATE)
    if time.monotonic() > deadline:
        lost.append("not every file was read in time (--budget-seconds)")
    read: dict[str, list[Read]] = {root.part.id: [] for root in distinct}
    for piece, answer in zip(slices, answers, strict=True):
        read[piece.part] += answer
    return tuple(_inventory(part, entries, read[part]) for part, entries in listed.items())


def take_digests(image: "Image", deadline: float, lost: list[str]) -> tuple[tuple[str, str], ...]:
    """What stands for the bytes of kernels, device trees and boot loaders, by part."""
    found: list[tuple[str, str]] = []
    for piece in image.blobs:
        digest = hashlib.new(SCHEME)
        for chunk in piece.source.chunks():
            if time.monotonic() > deadline:
                lost.append(f"{piece.part.id}: not read in time (--budget-seconds)")
                return tuple(found)
            digest.update(chunk)
        found.append((piece.part.id, digest.hexdigest()))
    return tuple(found)


def _slices(part: str, tree: Tree, entries: Sequence[Entry], jobs: int) -> list[_Slice]:
    """Pieces of about the same number of bytes."""
    files = [entry for entry in entries if entry.kind is Kind.FILE]
    share = sum(entry.size for entry in files) // (jobs * SLICES) + 1
    pieces: list[_Slice] = []
    begin, size = 0, 0
    for end, entry in enumerate(files, 1):
        size += entry.size
        if size >= share or end == len(files):
            pieces.append(_Slice(part, tree, files[begin:end]))
            begin, size = end, 0
    return pieces


def _read_all(piece: _Slice, deadline: float) -> list[Read]:
    return [_read(piece.tree, entry, deadline) for entry in piece.entries]


def _read(tree: Tree, entry: Entry, deadline: float) -> Read:
    digest = hashlib.new(SCHEME)
    head = b""
    try:
        for chunk in tree.chunks(entry):
            if time.monotonic() > deadline:
                return None, None
            if len(head) < HEAD:
                head += chunk[:HEAD]
            digest.update(chunk)
    except Exception:  # whatever its reader meets, one file is not known, and is counted as that
        return None, None
    said = ARMOUR.search(head)
    return digest.hexdigest()[:32], said[1].decode().lower() if said else None


def _inventory(part: str, entries: Sequence[Entry], read: Sequence[Read]) -> Inventory:
    answers = iter(read)
    return packed(
        part, (_state(entry, next(answers) if entry.kind is Kind.FILE else (None, None)) for entry in entries)
    )


def _state(entry: Entry, read: Read) -> FileState:
    return FileState(
        entry.path,
        entry.kind,
        entry.mode,
        entry.uid,
        entry.gid,
        entry.size if entry.kind is Kind.FILE else 0,
        entry.mtime,
        entry.target,
        entry.device,
        tuple((name, hashlib.new(SCHEME, value).hexdigest()[:16]) for name, value in entry.xattrs),
        *read,
    )
