"""A kernel's tree, read folder by folder from the top: which condition each source is built under.

A folder is read where a folder above lists it, under that condition and its own. A folder that nothing lists, since a
recipe descends into it or a list could not be followed, counts as read always, below `arch` for its architecture. UML
(`arch/um`) builds sources of others: it is left out, and nothing is said of its kernels.
"""

import fnmatch
import os
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from pathlib import Path

from firmward.vulns.kbuild.condition import ALWAYS, NEVER, Condition, Leaf, all_of, any_of, architecture, needs
from firmward.vulns.kbuild.expansion import Scope
from firmward.vulns.kbuild.listing import SOURCES, Files, Listing, Object, listing

OUTSIDE = ("tools", "scripts", "Documentation", "debian")
"""Folders whose files are no part of a kernel; what is below them is not mapped."""
NO_ARCHITECTURE = frozenset({"um"})
NAMES = ("Kbuild", "Makefile")
SIZE_LIMIT = 32 << 20
"""Bytes of a file; registers of a graphics card take 22 MB."""
_COMMENT = re.compile(rb"/\*.*?\*/|//[^\n]*", re.DOTALL)
_LICENCE = re.compile(rb"[ \t]*#[ \t]*(if|ifdef|ifndef|endif)\b|MODULE_LICENSE[ \t]*\(")


@dataclass(frozen=True, slots=True)
class Build:
    """When a source is built: under `condition`, and into these `modules`; None where it may go elsewhere, or into
    something that no list of modules names."""

    condition: Condition
    modules: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Builds:
    """Of each source that some Kbuild file names, when it is built. Nothing is said of kernels for the architectures in
    `unsaid`."""

    found: Mapping[str, Build]
    unsaid: frozenset[str]


@dataclass(slots=True)
class _Gathered:
    conditions: list[Condition] = field(default_factory=list)
    wholes: set[str | None] = field(default_factory=set)
    certain: set[str | None] = field(default_factory=set)


class KernelTree:
    """The files of a tree. Nothing is read but Kbuild's files, until something else is asked for."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.paths = frozenset(_paths(top))
        self._sorted = sorted(self.paths)
        self.sources = frozenset(path for path in self.paths if path.endswith(SOURCES) and not is_outside(path))
        self._named: dict[str, list[str]] = defaultdict(list)
        for path in self.sources:
            self._named[path.rpartition("/")[2]].append(path)
        folders = {path.split("/")[1] for path in self.paths if path.startswith("arch/") and path.count("/") > 1}
        self.architectures = tuple(sorted(folders - NO_ARCHITECTURE))

    def read(self, path: str) -> str | None:
        return self.content(path).decode("utf-8", "replace") if path in self.paths else None

    def content(self, path: str) -> bytes:
        file = self.top / path
        return b"" if file.is_symlink() or not file.is_file() else file.read_bytes()[:SIZE_LIMIT]

    def exists(self, path: str) -> bool:
        return path in self.sources

    def named(self, name: str) -> Iterable[str]:
        """All sources that are called so, wherever."""
        return self._named.get(name, ())

    def glob(self, pattern: str) -> Iterable[str]:
        if not any(sign in pattern for sign in "*?["):
            return [pattern] if pattern in self.paths else []
        depth = pattern.count("/")
        fixed = re.split(r"[*?[]", pattern, maxsplit=1)[0]
        start = bisect_left(self._sorted, fixed)
        among = takewhile(lambda path: path.startswith(fixed), islice(self._sorted, start, None))
        return [path for path in among if path.count("/") == depth and fnmatch.fnmatchcase(path, pattern)]

    def is_licensed(self, path: str) -> bool:
        """Whether a source says the licence of its module, with which Kbuild lists the module where it is built in."""
        depth = 0
        for line in _COMMENT.sub(b" ", self.content(path)).split(b"\n"):
            found = _LICENCE.match(line)
            if found is not None and found[1] is None:
                if depth == 0:
                    return True
            elif found is not None:
                # what stands in an #if may not be there
                depth += -1 if found[1] == b"endif" else 1
        return False

    @property
    def version(self) -> str:
        """That of the sources, by the four lines at the top of the Makefile; empty where it does not say."""
        words = dict(line.partition("=")[::2] for line in (self.read("Makefile") or "").split("\n")[:12])
        said = {name.strip(): value.strip() for name, value in words.items()}
        numbers = (said.get("VERSION", ""), said.get("PATCHLEVEL", ""), said.get("SUBLEVEL", ""))
        return ".".join(numbers) if all(one.isdigit() for one in numbers) else ""


def builds(tree: KernelTree) -> Builds:
    listings = _listings(tree)
    conditions = _folder_conditions(listings)
    gathered: dict[str, _Gathered] = {}
    for folder, found in listings.items():
        _gather(found, conditions[folder], tree, gathered)
    # a list of one architecture's makefile that cannot be followed leaves the others as they are
    unsaid = {one: _one_architecture(one) for one in listings[""].opaque}
    for folder, found in listings.items():
        opaque = [one for one in found.opaque if folder or unsaid[one] is None]
        if opaque:
            _open(folder, all_of((conditions[folder], any_of(opaque))), gathered)
    named = _named(tree, gathered)
    return Builds(
        {path: build for path, one in gathered.items() if (build := _build(one, named)).condition != NEVER},
        NO_ARCHITECTURE | {one for one in unsaid.values() if one is not None},
    )


def _one_architecture(condition: Condition) -> str | None:
    """The architecture that a condition needs."""
    leaves = (term for term in needs(condition) if isinstance(term, Leaf) and not term.is_negated)
    return next((leaf.name[1:] for leaf in leaves if leaf.name.startswith("@")), None)


def _listings(tree: KernelTree) -> dict[str, Listing]:
    files = Files(tree.read, tree.exists, tree.named, tree.glob, tree.architectures)
    top, scope = _top(files)
    found = {"": top}
    for path in sorted(tree.paths):
        folder, _, name = path.rpartition("/")
        if name not in NAMES or not folder or is_outside(path) or folder in found:
            continue
        kbuild = f"{folder}/Kbuild"
        found[folder], _ = listing(folder, kbuild if kbuild in tree.paths else path, files, scope)
    included = {path for one in found.values() for path in one.included if path.rpartition("/")[0] != one.folder}
    # a file that another folder's includes is no file of its own, unless something descends into its folder
    listed = {folder for one in found.values() for _, folder in one.folders}
    return {
        folder: one
        for folder, one in found.items()
        if not folder or folder in listed or not included & {f"{folder}/{name}" for name in NAMES}
    }


def _top(files: Files) -> tuple[Listing, Scope]:
    """The top's Makefile and Kbuild are read as one: each uses what the other assigns."""
    text = "\n".join(filter(None, (files.read(name) for name in ("Makefile", "Kbuild"))))
    both = replace(files, read=lambda path: text if path == "Makefile" else files.read(path))
    return listing("", "Makefile", both, None)


def _folder_conditions(listings: dict[str, Listing]) -> dict[str, Condition]:
    listed: dict[str, list[tuple[str, Condition]]] = {}
    for folder, found in listings.items():
        for condition, below in found.folders:
            if below in listings:
                listed.setdefault(below, []).append((folder, condition))
    known: dict[str, Condition] = {"": ALWAYS}

    def condition_of(folder: str, within: frozenset[str]) -> Condition:
        if folder in known:
            return known[folder]
        if folder in within:
            return ALWAYS
        lists = listed.get(folder)
        if lists is None:
            found = _own(folder)
        else:
            found = any_of(all_of((condition_of(above, within | {folder}), one)) for above, one in lists)
            found = all_of((found, _own(folder)))
        known[folder] = found
        return found

    return {folder: condition_of(folder, frozenset()) for folder in listings}


def _own(folder: str) -> Condition:
    """What a folder's place says."""
    steps = folder.split("/")
    return architecture(steps[1]) if steps[0] == "arch" and len(steps) > 1 else ALWAYS


def _gather(found: Listing, condition: Condition, tree: KernelTree, gathered: dict[str, _Gathered]) -> None:
    for one in found.objects:
        for suffix in SOURCES:
            if tree.exists(one.path + suffix):
                _add(gathered, one.path + suffix, all_of((condition, one.condition)), one)
    for under, path in found.named:
        _add(gathered, path, all_of((condition, under)), None)


def _add(gathered: dict[str, _Gathered], path: str, condition: Condition, built: Object | None) -> None:
    if condition != NEVER:
        one = gathered.setdefault(path, _Gathered())
        one.conditions.append(condition)
        one.wholes.add(built.whole if built else None)
        if built is not None and built.is_certain:
            one.certain.add(built.whole)


def _open(folder: str, condition: Condition, gathered: dict[str, _Gathered]) -> None:
    """Anything below a folder may be built under this condition too."""
    for path, one in gathered.items():
        if not folder or path.startswith(f"{folder}/"):
            one.conditions.append(condition)
            one.wholes.add(None)


def _named(tree: KernelTree, gathered: dict[str, _Gathered]) -> frozenset[str]:
    """What is in the list of modules whenever it is built, in either way."""
    found: set[str] = set()
    for path, one in gathered.items():
        # the list does not name what is in two modules as either is called
        if len(one.wholes) == 1 and one.certain and None not in one.wholes and tree.is_licensed(path):
            found |= {whole for whole in one.certain if whole is not None}
    return frozenset(found)


def _build(one: _Gathered, named: frozenset[str]) -> Build:
    names = [whole.rpartition("/")[2].replace("-", "_") for whole in one.wholes if whole in named and whole]
    return Build(any_of(one.conditions), frozenset(names) if len(names) == len(one.wholes) else None)


def is_outside(path: str) -> bool:
    return path.split("/", 1)[0] in OUTSIDE


def _paths(top: Path) -> Iterable[str]:
    for folder, _, names in os.walk(top):
        place = os.path.relpath(folder, top)
        for name in names:
            yield name if place == "." else f"{place}/{name}"
