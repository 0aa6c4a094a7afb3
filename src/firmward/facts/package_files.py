"""Which package brought which file, by the databases of package managers.

dpkg lists the files of each package in var/lib/dpkg/info/NAME.list (NAME:ARCH.list where several architectures are
installed), opkg in usr/lib/opkg/info/NAME.list or var/lib/opkg/info, with a tab and more behind a path in some. apk and
rpm list them in the database itself. A path is told as the tree has it, links in its folders followed, since merged
systems have moved bin and lib since the list was written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from firmward.facts.packages import Manager, Package, Packages
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

LISTS = {
    Manager.DPKG: ("var/lib/dpkg/info/*.list", "var/lib/dpkg/status.d/*.md5sums"),
    Manager.OPKG: ("usr/lib/opkg/info/*.list", "var/lib/opkg/info/*.list"),
}
SIZE_LIMIT = 16 << 20
FILES_LIMIT = 1_000_000
SUMMED = re.compile(r"[0-9a-f]{32}  (?P<path>.+)")


@dataclass(frozen=True, slots=True)
class PackageFiles:
    """`owners` has the name of the package for each path; `unread` says in words which lists were not read. Where
    nothing `is_listed`, the databases name no file at all, and nothing follows for one that they do not name."""

    owners: Mapping[str, str] = field(repr=False)
    unread: tuple[str, ...] = ()

    @property
    def is_listed(self) -> bool:
        return bool(self.owners)


def collect(tree: Tree, packages: Packages) -> PackageFiles:
    unread: list[str] = list(packages.unread)
    folders: dict[str, str] = {}
    owners: dict[str, str] = {}
    for owner, path in _listed(tree, packages.found, unread):
        if len(owners) >= FILES_LIMIT:
            unread.append(f"more than {FILES_LIMIT} files of packages")
            break
        folder, _, name = path.strip("/").rpartition("/")
        if folder not in folders:
            entry = tree.resolve(folder)
            folders[folder] = folder if entry is None else entry.path
        owners.setdefault(f"{folders[folder]}/{name}".lstrip("/"), owner)
    return PackageFiles(owners, tuple(unread))


def _listed(tree: Tree, found: tuple[Package, ...], unread: list[str]) -> Iterator[tuple[str, str]]:
    managers = {one.manager for one in found}
    for one in found:
        yield from ((one.name, path) for path in one.files)
    installed = {one.name for one in found}
    for manager, patterns in LISTS.items():
        for list_path in (path for pattern in patterns for path in tree.glob(pattern) if manager in managers):
            owner = list_path.rpartition("/")[2].rpartition(".")[0].partition(":")[0]
            if owner in installed:
                yield from ((owner, path) for path in _paths(tree, list_path, unread))


def _paths(tree: Tree, list_path: str, unread: list[str]) -> Iterator[str]:
    try:
        content = tree.text(list_path, SIZE_LIMIT) or ""
    except Unavailable as reason:
        unread.append(str(reason))
        return
    for line in content.split("\n"):
        summed = SUMMED.fullmatch(line)
        path = line.partition("\t")[0] if summed is None else summed["path"]
        if path.strip("/. "):
            yield path.removeprefix("./").removeprefix("/.")
