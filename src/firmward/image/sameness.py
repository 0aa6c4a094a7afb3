"""Which root file systems are equal, so that each is audited once.

A/B slots are equal byte by byte; a build's rootfs.tar, rootfs.ext4 and rootfs.squashfs are equal file by file. Times,
the sizes of folders and `lost+found` differ without meaning; extended attributes count when both trees have any, since
a tar is often made without them.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree


def listing(tree: Tree) -> str:
    """A digest over paths, kinds, modes, owners, sizes, targets and device numbers."""
    digest = hashlib.sha256()
    for entry in _compared(tree):
        line = (entry.path, entry.kind, entry.mode, entry.uid, entry.gid, _size(entry), entry.target, entry.device)
        digest.update(repr(line).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Contents:
    """Digests over what all files of a tree hold, and over its extended attributes (None where it has none)."""

    files: bytes
    attributes: bytes | None

    def equal(self, other: "Contents") -> bool:
        """Whether trees with equal listings hold the same; attributes count when both have any."""
        alike = self.attributes is None or other.attributes is None or self.attributes == other.attributes
        return alike and self.files == other.files


def contents(tree: Tree, budget: Budget) -> Contents | None:
    """What a tree holds; None when something cannot be read, which is equal to nothing. Raises BudgetExceeded.

    It is asked for once of each tree and then compared: of a thousand roots each is held against all others.
    """
    files, attributes = hashlib.sha256(), hashlib.sha256()
    has_attributes = False
    try:
        for entry in _compared(tree):
            budget.check_time()
            has_attributes = has_attributes or bool(entry.xattrs)
            attributes.update(repr(entry.xattrs).encode("utf-8", "surrogateescape"))
            if entry.kind is Kind.FILE:
                files.update(_digest(tree.chunks(entry), budget))
    except Unavailable:
        return None
    return Contents(files.digest(), attributes.digest() if has_attributes else None)


def _compared(tree: Tree) -> Iterator[Entry]:
    entries = (entry for entry in tree.entries() if entry.path.partition("/")[0] != "lost+found")
    return iter(sorted(entries, key=lambda entry: entry.path))


def _size(entry: Entry) -> int:
    return entry.size if entry.kind is Kind.FILE else 0


def _digest(chunks: Iterable[bytes], budget: Budget) -> bytes:
    digest = hashlib.sha256()
    for chunk in chunks:
        budget.check_time()
        digest.update(chunk)
    return digest.digest()


class Comparison:
    """Trees held against each other, each read once for it: of a thousand roots each is held against all others."""

    def __init__(self, budget: Budget, progress: Callable[[str], None]) -> None:
        self._budget = budget
        self._progress = progress
        self._listings: dict[Tree, str] = {}
        self._contents: dict[Tree, Contents | None] = {}

    def is_same(self, one: Tree, other: Tree) -> bool:
        """Whether two trees hold the same. Raises BudgetExceeded."""
        self._budget.check_time()
        if self._listing(one) != self._listing(other):
            return False
        mine, theirs = self._content(one), self._content(other)
        return mine is not None and theirs is not None and mine.equal(theirs)

    def _listing(self, tree: Tree) -> str:
        known = self._listings.get(tree)
        if known is None:
            known = self._listings[tree] = listing(tree)
        return known

    def _content(self, tree: Tree) -> Contents | None:
        if tree not in self._contents:
            self._progress(f"comparing {len(self._listings)} systems")
            self._contents[tree] = contents(tree, self._budget)
        return self._contents[tree]
