"""What the maker gives as a folder or as an image of one: the tree in it, whole, or not at all.

An audit tells what it could not read and goes on. A build must not: what is missing from a tree would be missing from
every device. So a tree with any problem is refused.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from firmward.image import catalogue
from firmward.image.blob import Blob
from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.format import Format, Opened
from firmward.image.problems import Incomplete
from firmward.image.source import Source, open_file
from firmward.model.errors import InputError, ToolError
from firmward.model.folder import FolderTree
from firmward.model.tree import Tree

FOLDER = "folder"
WRAPPERS = 4
"""Compressed streams within one another that are opened: `rootfs.tar.xz` is one."""


@dataclass(frozen=True, slots=True)
class Given:
    """An open tree; `kind` is FOLDER or the format's name, `source` the file system's own bytes in an image."""

    path: Path
    kind: str
    tree: Tree
    source: Source | None = None


def open_tree(path: Path) -> Given:
    """A folder, or an image or archive of one, packed or not. Raises InputError."""
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        return Given(path, FOLDER, FolderTree(path))
    source = open_file(path)
    budget = Budget()
    try:
        for _ in range(WRAPPERS + 1):
            kind, size = _identified(path, source)
            source = source.slice(0, size)
            opened = kind.open(source, budget)
            if isinstance(opened, Tree):
                return _whole(Given(path, kind.name, opened, source))
            source = _only(path, kind.name, opened)
    except (Damaged, BudgetExceeded, ToolError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    raise InputError(f"{path}: packed more than {WRAPPERS} times over")


def _identified(path: Path, source: Source) -> tuple[Format, int]:
    found = catalogue.identify(source, catalogue.kinds())
    if found is None or isinstance(found[0], Blob):
        known = "squashfs, ext4 and tar, packed or not"
        raise InputError(f"{path}: is no folder and no image of a file system that is known ({known})")
    return found[0], found[1]


def _only(path: Path, kind: str, opened: Opened) -> Source:
    """What a wrapper holds; a disk with several partitions does not say which one is meant."""
    sources = [] if isinstance(opened, Tree) else [child.source for child in opened]
    if len(sources) != 1 or sources[0] is None:
        raise InputError(f"{path}: holds {len(sources)} parts ({kind}); give the file system itself")
    return sources[0]


def _whole(given: Given) -> Given:
    if isinstance(given.tree, Incomplete) and given.tree.problems:
        raise InputError(f"{given.path}: not all of it can be read: {'; '.join(given.tree.problems)}")
    return given
