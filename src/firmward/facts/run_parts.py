"""Which files of a folder run-parts runs: how cron comes to etc/cron.daily and its like, and to Alpine's etc/periodic.

Rules, from run-parts(8) of debianutils and both programs asked: what is not executable is passed over without a word.
debianutils also passes over a name with anything but letters, digits, underscores and hyphens in it (`update.sh`),
BusyBox allows dots, but not at its head, and the script that comes with cronie leaves out only what editors and package
managers leave behind.
"""

import re
from collections.abc import Iterator

from firmward.facts.process import is_multi_call
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree

PROGRAMS = ("bin/run-parts", "usr/bin/run-parts", "sbin/run-parts", "usr/sbin/run-parts")
DEBIANUTILS = re.compile(r"[A-Za-z0-9_-]+")
BUSYBOX = re.compile(r"(?!\.)[A-Za-z0-9_.-]+")
CRONIE = re.compile(r"(?!\.)(?!.*(?:~|,v|\.(?:rpmsave|rpmorig|rpmnew|cfsaved|swp))$).+")


def run_parts(tree: Tree, patterns: tuple[str, ...]) -> Iterator[str]:
    """The files in these folders that are run."""
    names = _names(tree)
    for path in (path for pattern in patterns for folder in tree.glob(pattern) for path in tree.list(folder)):
        if names.fullmatch(path.rpartition("/")[2]) and is_executable(tree, path):
            yield path


def is_executable(tree: Tree, path: str) -> bool:
    """Whether a path leads to a file that somebody may execute."""
    entry = tree.resolve(path)
    return entry is not None and entry.kind is Kind.FILE and bool(entry.mode & 0o111)


def _names(tree: Tree) -> re.Pattern[str]:
    """What the run-parts that is here takes; where none is to be seen, what all but debianutils' take."""
    entry = next((entry for path in PROGRAMS if (entry := tree.resolve(path)) is not None), None)
    if entry is None or is_multi_call(entry.name):
        return BUSYBOX
    return CRONIE if _is_script(tree, entry) else DEBIANUTILS


def _is_script(tree: Tree, entry: Entry) -> bool:
    try:
        return next(iter(tree.chunks(entry)), b"").startswith(b"#!")
    except Unavailable:
        return False
