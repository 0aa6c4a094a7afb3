"""The kernel modules that lie in a tree by name, those that are built into its kernels, and what needs which.

Rules, from modules.dep(5) and Kbuild. A module's name is that of its file up to `.ko`, with `_` for `-`.
`lib/modules/RELEASE/modules.builtin` names, as paths, what could have been a module and was built in; `modules.dep` has
a line for each module: its path, a colon, and the paths of those that it needs. Where they lie twice, the first counts.
Modules are for the kernel whose folder they lie in; some systems keep them in one folder for all, or elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from firmward.facts.kernel_modules import ELSEWHERE, MODULES_LIMIT, USUAL
from firmward.facts.kernel_modules import NAME as FILE
from firmward.facts.modprobe import module_name
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Kind, Tree

FOLDERS = ("lib/modules", "usr/lib/modules")
NAME = re.compile(r"(?:.*/)?([^/\s:]+)\.ko(?:\.\w+)?")
LIST_LIMIT = 16 << 20
"""Bytes of modules.dep; a distribution's has 700 KiB."""


@dataclass(frozen=True, slots=True)
class ShippedModules:
    """`files` are the paths of modules by name, `releases` their names by the release that they are for, those of no
    folder for a release under an empty one; `built_in` are names of what is no module here, None where no list says
    it; `needs` names for a module the others that are loaded before it. `unread` says in words which lists could not be
    read."""

    files: Mapping[str, str] = field(repr=False)
    releases: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    built_in: frozenset[str] | None = field(default=None, repr=False)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    unread: tuple[str, ...] = ()

    def has(self, name: str, release: str) -> bool | Unknown:
        """Whether a kernel of this release finds the module; of an unnamed release, whether any does."""
        own = self.releases.get(release) if release else frozenset(self.files)
        loose = self.releases.get("", frozenset())
        if own is None and not loose:
            return Unknown(f"no modules of the kernel {release} are in this root")
        return name in (own or frozenset()) | loose

    def with_needs(self, names: frozenset[str]) -> frozenset[str]:
        """These modules and all that are loaded with them."""
        found: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending += self.needs.get(name, ())
        return frozenset(found)


def collect(tree: Tree) -> ShippedModules | None:
    unread: list[str] = []
    paths = _paths(tree)
    # backwards, so that the first of a name is the one that is kept
    files = {name: path for path in reversed(paths) for name in _names(path)}
    lists = list(_texts(tree, "modules.builtin", unread))
    built_in = frozenset(name for text in lists for line in text.split("\n") for name in _names(line))
    needs: dict[str, tuple[str, ...]] = {}
    for text in _texts(tree, "modules.dep", unread):
        for line in text.split("\n"):
            own, colon, others = line.partition(":")
            for name in _names(own) if colon else ():
                needs.setdefault(name, tuple(_names(others)))
    if not (files or lists or unread):
        return None
    return ShippedModules(files, _by_release(paths), built_in if lists else None, needs, tuple(unread))


def _paths(tree: Tree) -> list[str]:
    found = [
        entry.path
        for entry in tree.entries()
        if entry.kind is not Kind.DIRECTORY and FILE.fullmatch(entry.path) and not ELSEWHERE.match(entry.path)
    ]
    if len(found) > MODULES_LIMIT:
        raise Unavailable(f"more than {MODULES_LIMIT} kernel modules")
    return found


def _by_release(paths: list[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for path in paths:
        found.setdefault(_release(path), set()).update(_names(path))
    return {release: frozenset(names) for release, names in found.items()}


def _release(path: str) -> str:
    """Empty for a module in no folder for a release."""
    found = USUAL.match(path)
    release, sign, _ = path[found.end() :].partition("/") if found else ("", "", "")
    return release if sign else ""


def _texts(tree: Tree, name: str, unread: list[str]) -> Iterator[str]:
    places = {
        entry.path for folder in FOLDERS for path in tree.glob(f"{folder}/*/{name}") if (entry := tree.resolve(path))
    }
    for path in sorted(places):
        try:
            yield tree.text(path, LIST_LIMIT) or ""
        except Unavailable as reason:
            unread.append(str(reason))


def _names(words: str) -> Iterator[str]:
    for word in words.split():
        found = NAME.fullmatch(word)
        if found is not None:
            yield module_name(found[1])
