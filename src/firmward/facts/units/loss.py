"""Units that are there and cannot be read: what they start is not among the processes."""

from collections.abc import Iterator

from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

FOLDERS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")


def lost_units(tree: Tree) -> Iterator[str]:
    """Why units cannot be read, one sentence each."""
    for path in (path for folder in FOLDERS for path in tree.glob(f"{folder}/*.*")):
        try:
            tree.read(path)
        except Unavailable as reason:
            yield str(reason)
