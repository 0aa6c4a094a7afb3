"""Files that a tree carries and that are parts themselves.

The images in a build's output, a kernel in a boot partition, an initramfs in a root: where files are there to be
carried any that looks like one is; elsewhere only those whose name or place says so, since a system has thousands of
compressed files that are none.
"""

import os
from collections.abc import Iterator

from firmward.image import blob, catalogue
from firmward.image.archive import ArchiveTree
from firmward.image.budget import Budget, BudgetExceeded
from firmward.image.format import Child
from firmward.image.root import may_hold_image
from firmward.image.source import SNIFFED, Bytes, Source, map_descriptor
from firmward.model.facts import Unavailable
from firmward.model.folder import FolderTree
from firmward.model.report import Role
from firmward.model.tree import Entry, Kind, Tree

BINARY = 64 << 10
"""Bytes a binary file in an archive must have to be searched when nothing identifies it: a vendor's own container."""

SMALLEST = 64
"""Bytes that any part has: a boot loader's control tree with one key has less than a thousand."""

UPDATE_MANIFEST = "manifest.raucm"
"""What marks a squashfs as the content of an update bundle, whose files are images under any name."""

CONTAINERS = frozenset({"tar", "zip", "cpio", "folder", "foreign"})
"""Kinds whose trees carry files for their own sake, so that binary ones are searched."""

INSIDE_TREES_IGNORED = frozenset({"elf"})
"""Kinds that are no part when they are a file in a tree: programs are the business of those who read the tree."""


def carried(tree: Tree, kind: str, role: Role, budget: Budget) -> Iterator[Child]:
    """Those of a tree that came as a part of this kind and role; one that cannot be read is a part without bytes."""
    system = role in (Role.ROOT, Role.INITRAMFS)
    bundle = tree.is_file(UPDATE_MANIFEST)
    is_for_it = not system and (kind in CONTAINERS or role is Role.BOOT or bundle)
    for count, (name, entry) in enumerate(_named_files(tree)):
        if count & 0xFF == 0:
            budget.check_time()
        if entry.size <= (SMALLEST if is_for_it else SNIFFED) or not (is_for_it or may_hold_image(entry)):
            continue
        budget.check_time()  # to its first bytes may be a long way
        try:
            child = _file(tree, entry, name, budget, searched=is_for_it and kind in CONTAINERS)
        except (Unavailable, BudgetExceeded) as reason:
            child = Child(name, None, problem=str(reason))
        if child is not None:
            yield child


def _file(tree: Tree, entry: Entry, name: str, budget: Budget, *, searched: bool) -> Child | None:
    """A file as a part, when its head or all of it looks like one; `searched` takes large binaries besides."""
    head = next(tree.chunks(entry), b"")[:BINARY]
    binary = searched and entry.size >= BINARY and not blob.is_text(head)
    kinds = [kind for kind in catalogue.kinds() if kind.name not in INSIDE_TREES_IGNORED]
    text = blob.by_content(Bytes(head)) if blob.is_text(head) else None
    if not (binary or text or catalogue.candidates(Bytes(head), kinds)):
        return None
    source, offset = _source(tree, entry, budget)
    if binary or text or catalogue.identify(source, kinds):
        return Child(name, source, offset)
    if offset is None:
        budget.release(source.size)
    return None


def _source(tree: Tree, entry: Entry, budget: Budget) -> tuple[Source, int | None]:
    """A file's bytes: where they stand, if they stand anywhere, else loaded."""
    if isinstance(tree, FolderTree):
        return _map_file(tree, entry)
    placed = tree.placed(entry) if isinstance(tree, ArchiveTree) else None
    if placed is not None:
        return placed
    content = bytearray()
    try:
        for chunk in tree.chunks(entry):
            budget.expand(len(chunk))
            content.extend(chunk)
    except (BudgetExceeded, Unavailable):
        budget.release(len(content))
        raise
    return Bytes(content), None


def _named_files(tree: Tree) -> Iterator[tuple[str, Entry]]:
    """The regular files of a tree with the names for their parts.

    Builds leave files with the time in the name and a link without it; the link's name is the same for the next build.
    """
    entries = list(tree.entries())
    aliases: dict[str, str] = {}
    for entry in entries:
        if entry.kind is Kind.SYMLINK and entry.target and "/" not in entry.target:
            folder = entry.path.rpartition("/")[0]
            target = f"{folder}/{entry.target}" if folder else entry.target
            known = aliases.get(target)
            if known is None or (len(entry.path), entry.path) < (len(known), known):
                aliases[target] = entry.path
    for entry in entries:
        if entry.kind is Kind.FILE:
            alias = aliases.get(entry.path, entry.path)
            yield min(alias, entry.path, key=len), entry


def _map_file(tree: FolderTree, entry: Entry) -> tuple[Source, int | None]:
    descriptor = tree.open(entry.path)
    try:
        return map_descriptor(descriptor), None
    except (OSError, ValueError) as error:
        raise Unavailable(f"{entry.path}: {error}") from error
    finally:
        os.close(descriptor)
