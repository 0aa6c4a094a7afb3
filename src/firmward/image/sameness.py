"""Which root file systems are equal, so that each is audited once.

A/B slots are equal byte by byte; a build's rootfs.tar, rootfs.ext4 and rootfs.squashfs are equal file by file. Times,
the sizes of folders and `lost+found` differ without meaning; extended attributes count when both trees have any, since
a tar is often made without them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from firmward.image.budget import Budget
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree

CHECK_EVERY = 256
"""Files between two looks at the clock."""


def listing(tree: Tree) -> str:
    """A digest over paths, kinds, modes, owners, sizes, targets and device numbers."""
    digest = hashlib.sha256()
    for entry in _compared(tree):
        line = (entry.path, entry.kind, entry.mode, entry.uid, entry.gid, _size(entry), entry.target, entry.device)
        digest.update(repr(line).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def have_equal_content(one: Tree, other: Tree, budget: Budget) -> bool:
    """Whether two trees with equal listings hold equal files; what cannot be read is equal to nothing."""
    pairs = zip_longest(_compared(one), _compared(other))
    attributes = _has_attributes(one) and _has_attributes(other)
    for count, (left, right) in enumerate(pairs):
        if count % CHECK_EVERY == 0:
            budget.check_time()
        if left is None or right is None or (attributes and left.xattrs != right.xattrs):
            return False
        if left.kind is Kind.FILE and not _equal_files(one, left, other, right):
            return False
    return True


def _compared(tree: Tree) -> Iterator[Entry]:
    entries = (entry for entry in tree.entries() if entry.path.partition("/")[0] != "lost+found")
    return iter(sorted(entries, key=lambda entry: entry.path))


def _size(entry: Entry) -> int:
    return entry.size if entry.kind is Kind.FILE else 0


def _has_attributes(tree: Tree) -> bool:
    return any(entry.xattrs for entry in tree.entries())


def _equal_files(one: Tree, left: Entry, other: Tree, right: Entry) -> bool:
    try:
        return _digest(one.chunks(left)) == _digest(other.chunks(right))
    except Unavailable:
        return False


def _digest(chunks: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()
