"""Mender artifacts, versions 2 and 3: a tar with `version`, `manifest`, the header and payloads, each a tar of its own.

The files inside those archives are the parts, under the names that `manifest` has their checksums by:
`data/0000.tar.gz` holds `data/0000/rootfs.ext4`.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats import tar
from firmward.formats.malformed import Malformed
from firmward.image import catalogue
from firmward.image.archive import REFUSED, tree_path
from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.filesystem.tar import measure as measure_tar
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Source
from firmward.model.tree import Tree

VERSIONS = (2, 3)

SMALL = 1 << 20
"""Bytes of `version`, or of a manifest, that are read."""

_INNER = re.compile(r"(?P<stem>header|header-augment|data/\d{4})\.tar(?:\.\w{1,4})?")
_LINE = re.compile(rb"([0-9a-f]{64})  ?([^\n]{1,4096})")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a tar, and where its bytes begin in it."""

    name: str
    content: Source
    offset: int
    size: int


def measure(source: Source) -> int | None:
    if not tar.checksum_holds(source.read(0, tar.BLOCK)):
        return None
    try:
        first = next(tar.members(source.read, source.size), None)
    except Malformed:
        return None
    if first is None or first.name != b"version" or not _is_version(source.read(first.data, min(first.size, SMALL))):
        return None
    return measure_tar(source)


def _is_version(text: bytes) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("format") == "mender" and found.get("version") in VERSIONS


def open_mender(source: Source, budget: Budget) -> Iterator[Child]:
    stated: dict[str, str] = {}
    seen: set[str] = set()
    for file in _files(source, budget):
        if file.name in ("manifest", "manifest-augment"):
            stated.update(_checksums(file.content.read(0, SMALL)))
        packed = _INNER.fullmatch(file.name)
        seen.add(file.name)
        if packed is None:
            yield Child(file.name, file.content, file.offset, _kind(file.name), _wrong(file, stated, budget))
            continue
        for child in _unpacked(file, packed["stem"], stated, budget):
            seen.add(child.name)
            yield child
    for name in stated:
        if name not in seen:
            yield Child(name, None, problem="has a checksum in the manifest, and is not in the artifact")


def _files(source: Source, budget: Budget) -> Iterator[File]:
    """The regular files of a tar. Raises Damaged where it breaks off."""
    try:
        for member in tar.members(source.read, source.size):
            budget.add_entry()
            name = tree_path(member.name)
            if member.type in (b"0", b"\0", b"7") and member.pieces is None and name not in ("", REFUSED):
                yield File(name, source.slice(member.data, member.size), member.data, member.size)
    except Malformed as error:
        raise Damaged(f"cut off or damaged: {error}") from None


def _checksums(manifest: bytes) -> dict[str, str]:
    lines = (_LINE.fullmatch(line) for line in manifest.split(b"\n"))
    return {tree_path(line[2]): line[1].decode() for line in lines if line is not None}


def _kind(name: str) -> str | None:
    if name.endswith(".sig"):
        return "signature"
    return "mender-manifest" if name.startswith("manifest") else "json" if name == "version" else None


def _wrong(file: File, stated: dict[str, str], budget: Budget) -> str | None:
    """What is wrong with a file: cut off, or another than the manifest says."""
    if file.content.size < file.size:
        return f"cut off: {file.content.size} of {file.size} bytes are there"
    if file.name not in stated:
        return None
    digest = hashlib.sha256()
    for piece in file.content.chunks():
        budget.check_time()
        digest.update(piece)
    return None if digest.hexdigest() == stated[file.name] else "its SHA-256 is not the one that the manifest states"


def _unpacked(file: File, stem: str, stated: dict[str, str], budget: Budget) -> Iterator[Child]:
    """What the archive `stem.tar.*` holds, or the archive itself with the reason when it cannot be unpacked."""
    wrong = _wrong(file, stated, budget)
    try:
        archive, problem = _expanded(file.content, budget)
    except (Damaged, BudgetExceeded) as error:
        yield Child(file.name, None, file.offset, problem=f"{wrong}; {error}" if wrong else str(error))
        return
    notes = [note for note in (wrong, problem) if note]
    place = file.offset if archive is file.content else None
    try:
        for inner in _files(archive, budget):
            named = File(f"{stem}/{inner.name}", inner.content, inner.offset, inner.size)
            offset = None if place is None else place + inner.offset
            kind = "json" if stem.startswith("header") and not inner.name.startswith("scripts/") else None
            yield Child(named.name, inner.content, offset, kind, _wrong(named, stated, budget))
    except Damaged as error:
        notes.append(str(error))
    if notes:
        yield Child(file.name, None, file.offset, problem="; ".join(notes))


def _expanded(packed: Source, budget: Budget) -> tuple[Source, str | None]:
    """The archive, and what is wrong with its compression. Raises Damaged, BudgetExceeded."""
    found = catalogue.identify(packed, catalogue.wrappers())
    if found is None:
        return packed, None
    opened = found[0].open(packed, budget)
    child = None if isinstance(opened, Tree) else next(opened, None)
    if child is None or child.source is None:
        raise Damaged(f"the {found[0].name} part holds nothing")
    return child.source, child.problem


ABOUT = About(
    title="Mender artifact",
    reads=(
        "Versions 2 and 3: the header's files and each payload's under the names the manifest has, compressed by any "
        "means; their SHA-256 compared with the manifest."
    ),
    limits="Signatures are not verified; sparse and linked members of payloads are left out.",
    witness="mender-artifact",
)

FORMAT = Format("mender-artifact", (Magic(b"version" + bytes(93)),), measure, open_mender, ABOUT)
