"""The programs in the folders of PATH, by name.

Rules: a regular file that may be executed, or a link that leads to one; a folder of PATH may itself be a link (bin to
usr/bin) and then counts once. What links to BusyBox or Toybox is an applet. A name that stands in several folders is
listed for each.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.process import is_multi_call
from firmward.model.tree import Entry, Kind, Tree

FOLDERS = (
    *("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"),
    *("opt/bin", "opt/sbin", "system/bin", "system/xbin", "vendor/bin"),
)


@dataclass(frozen=True, slots=True)
class InstalledProgram:
    """One name in a folder of PATH: `path` is its own, `target` the file that it leads to, links followed."""

    path: str
    target: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_applet(self) -> bool:
        """It is BusyBox's or Toybox's, under this name."""
        return is_multi_call(self.target) and not is_multi_call(self.name)


@dataclass(frozen=True, slots=True)
class InstalledPrograms:
    """All `programs` of PATH, by folder and name."""

    programs: tuple[InstalledProgram, ...]


def collect(tree: Tree) -> InstalledPrograms | None:
    found = tuple(_programs(tree))
    return InstalledPrograms(found) if found else None


def _programs(tree: Tree) -> Iterator[InstalledProgram]:
    folders = (tree.resolve(folder) for folder in FOLDERS)
    true_paths = dict.fromkeys(entry.path for entry in folders if entry is not None and entry.kind is Kind.DIRECTORY)
    for folder in true_paths:
        for name in tree.names(folder):
            path = f"{folder}/{name}"
            entry = tree.lstat(path)
            target = tree.resolve(path) if entry is not None and entry.kind is Kind.SYMLINK else entry
            if target is not None and _is_program(target):
                yield InstalledProgram(path, target.path)


def _is_program(entry: Entry) -> bool:
    return entry.kind is Kind.FILE and bool(entry.mode & 0o111)
