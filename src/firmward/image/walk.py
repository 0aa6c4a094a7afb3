"""The walk over a file system's folders, as every driver does it: each folder once, in bounds, whatever the image says.

A driver says how to load a node, how to list it and how to describe it. Here stands what keeps a hostile image from
looping, from exhausting memory and from giving names that lead elsewhere; what is damaged is left out and told.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Generic, TypeVar

from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget
from firmward.image.problems import Problems
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, IndexedTree, Kind

DEPTH_LIMIT = 128
"""Folders within folders; no real root comes near it."""
PATH_LIMIT = 4096
"""Bytes of a path, as in Linux (PATH_MAX)."""

XATTR_COST = 200
"""Bytes of memory that an extended attribute takes beside its name and value."""

Reference = TypeVar("Reference", bound=Hashable)
"""What a folder's listing says of a child: an inode number, a position."""
Node = TypeVar("Node")
"""What a reference leads to."""

Xattrs = tuple[tuple[str, bytes], ...]
"""Extended attributes by full name, sorted."""


class Walk(ABC, Generic[Reference, Node]):
    """One walk. `references` maps each listed path to its reference; `problems` tells what is missing."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.problems = Problems()
        self.references: dict[str, Reference] = {}
        self._xattrs: dict[Hashable, Xattrs] = {}

    @abstractmethod
    def load(self, reference: Reference) -> Node:
        """The node itself. Raises Malformed."""

    @abstractmethod
    def listing(self, folder: Node) -> Iterator[tuple[bytes, Reference]]:
        """Names and references in a folder; gives what it can before it raises Malformed."""

    @abstractmethod
    def describe(self, path: str, reference: Reference, node: Node) -> Entry:
        """The node as an entry. Raises Malformed."""

    def identity(self, reference: Reference) -> Hashable:
        """What two references to the same folder have in common."""
        return reference

    def xattrs(self, path: str, key: Hashable, read: Callable[[], Xattrs]) -> Xattrs:
        """The extended attributes of an entry, charged for; what cannot be read is told.

        Those with the same key are read once: a file may have a million names, and a million files one set.
        """
        known = self._xattrs.get(key)
        if known is not None:
            return known
        found: Xattrs = ()
        try:
            found = read()
        except Malformed as error:
            self.problems.add(f"{path}: the extended attributes cannot be read: {error}")
        if found:
            self.budget.expand(sum(len(name) + len(value) + XATTR_COST for name, value in found))
            self._xattrs[key] = found
        return found

    def entries(self, root: Reference) -> Iterator[Entry]:
        """Every entry below the root, folders before what is in them. Raises BudgetExceeded."""
        seen = {self.identity(root)}
        pending = [("", self.load(root), 0)]
        while pending:
            folder, node, depth = pending.pop()
            for path, reference in self._children(folder, node):
                try:
                    child = self.load(reference)
                    entry = self.describe(path, reference, child)
                except Malformed as error:
                    self.problems.add(f"{path} cannot be read: {error}")
                    continue
                if entry.kind is Kind.DIRECTORY:
                    identity = self.identity(reference)
                    if identity in seen:
                        self.problems.add(f"{path} is a folder that stands elsewhere too")
                        continue
                    seen.add(identity)
                    if depth < DEPTH_LIMIT:
                        pending.append((path, child, depth + 1))
                    else:
                        self.problems.add(f"{path} is nested too deep to be listed")
                self.references[path] = reference
                yield entry

    def _children(self, folder: str, node: Node) -> Iterator[tuple[str, Reference]]:
        """Path and reference of what a folder lists, names that cannot be left out."""
        prefix = f"{folder}/" if folder else ""
        room = PATH_LIMIT - len(prefix)
        seen = {b"", b".", b".."}
        self.budget.check_time()  # a long listing may hold no name, and a million folders may share it
        try:
            for name, reference in self.listing(node):
                self.budget.add_entry()
                if name in seen or b"/" in name or b"\0" in name or len(name) > room:
                    self.problems.add(f"{folder or '/'} lists an impossible name, or one twice: {_shown(name)}")
                    continue
                seen.add(name)
                self.budget.expand(len(prefix) + len(name))
                yield prefix + name.decode("utf-8", "surrogateescape"), reference
        except Malformed as error:
            self.problems.add(f"{folder or '/'} cannot be listed in full: {error}")


class WalkedTree(IndexedTree, Generic[Reference]):
    """A file system that was walked once, whose contents are read when they are asked for."""

    def __init__(self, walk: Walk[Reference, Any], root: Reference) -> None:
        super().__init__(walk.entries(root))
        self._references = walk.references
        self._problems = walk.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be listed."""
        return self._problems.told

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        reference = self._references.get(entry.path)
        if reference is None or entry.kind is not Kind.FILE:
            raise Unavailable(f"{entry.path} is not a regular file of this image")
        try:
            yield from self.content(reference, entry)
        except Malformed as error:
            raise Unavailable(f"{entry.path} cannot be read: {error}") from None

    def identity(self, path: str) -> Hashable | None:
        return self._references.get(path)

    @abstractmethod
    def content(self, reference: Reference, entry: Entry) -> Iterator[bytes]:
        """A regular file piece by piece. Raises Malformed, or Unavailable where that says more."""


def _shown(name: bytes) -> str:
    return repr(name[:64])[1:]
