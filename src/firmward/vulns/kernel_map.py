"""Maps of kernels' sources: of each path the condition over options under which a kernel is built from it.

tools/kernel_map.py makes one from a kernel's tree; those of the long-term lines that Debian has sources of are shipped.
What a map does not name may always be built. A kernel of a line without a map is judged by the two lines around it, by
what a source needs in both. Older and newer kernels than the first and the last line have no map at all.
"""

import json
import lzma
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from firmward.formats.malformed import Malformed
from firmward.vulns.kbuild.condition import ALWAYS, All, Condition, all_of, architecture, needs, parse, text
from firmward.vulns.kbuild.includes import Included
from firmward.vulns.kbuild.tree import Build

SCHEMA = "firmward.kernel-map/1"
SIZE_LIMIT = 16 << 20
"""Bytes of a map that is unpacked; those that are shipped have 2 MiB."""
MEMORY_LIMIT = 256 << 20
PRESET = 9 | lzma.PRESET_EXTREME
OWN_NAME, NO_NAME = -1, -2
"""Instead of a number: the module is called as the source is; it is in no module that can be told."""

_LINE = re.compile(r"(\d+)\.(\d+)")
_NAME = re.compile(r"(\d+)\.(\d+)\.json\.xz")


@dataclass(frozen=True, slots=True)
class KernelMap:
    """Of the tree of a `version`: by path two numbers of `conditions`, which both have to hold, and in `modules` those
    that a path goes into, where it goes into modules alone. `architectures` are the folders in `arch` whose files are
    of that architecture alone, all of them. Nothing is said of kernels for the architectures in `unsaid`."""

    version: str
    conditions: tuple[str, ...] = field(repr=False)
    paths: Mapping[str, tuple[int, int]] = field(repr=False)
    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    architectures: frozenset[str] = frozenset()
    unsaid: frozenset[str] = frozenset()

    def condition(self, path: str) -> Condition | None:
        """None where the map says nothing."""
        numbers = self.paths.get(path)
        if numbers is not None:
            common, own = (parse(self.conditions[number]) for number in numbers)
            if ALWAYS in (common, own):
                return own if common == ALWAYS else common
            # plain already, each for itself, and neither says anything of the other
            return All(needs(common) | needs(own))
        steps = path.split("/", 2)
        return architecture(steps[1]) if steps[0] == "arch" and steps[1:2] and steps[1] in self.architectures else None


def write(version: str, included: Included, detailed: Container[str]) -> bytes:
    """A map, packed; the same bytes for the same builds. Of an architecture that is not `detailed` no more is kept than
    what is of it alone."""
    builds = included.builds.found
    short = frozenset(one for one in included.architectures if one not in detailed)
    folders: dict[str, list[str]] = {}
    for path in sorted(builds):
        steps = path.split("/")
        if builds[path].condition != ALWAYS and not (steps[0] == "arch" and steps[1] in short):
            folders.setdefault(path.rpartition("/")[0], []).append(path)
    writer = _Writer()
    said = {
        "schema": SCHEMA,
        "version": version,
        "architectures": sorted(short),
        "unsaid": sorted(included.builds.unsaid),
        "folders": {folder: writer.folder(paths, builds) for folder, paths in folders.items()},
        "conditions": list(writer.conditions),
        "modules": list(writer.modules),
    }
    content = json.dumps(said, separators=(",", ":")).encode()
    return lzma.compress(content, filters=[{"id": lzma.FILTER_LZMA2, "preset": PRESET, "lc": 4, "pb": 0}])


class _Writer:
    def __init__(self) -> None:
        # numbered in the order of their first use, so that neighbours have numbers that are close
        self.conditions: dict[str, int] = {}
        self.modules: dict[str, int] = {}

    def folder(self, paths: list[str], builds: Mapping[str, Build]) -> list[object]:
        """What all paths need; by suffix their names; of each, how far back the condition stands that it needs besides,
        counted from the next new one; and of each the number of its modules."""
        common = frozenset.intersection(*(needs(builds[path].condition) for path in paths))
        first = self._back(All(common))
        ordered = sorted(paths, key=_suffix_and_name)
        names: dict[str, list[str]] = {}
        for path in ordered:
            suffix, name = _suffix_and_name(path)
            names.setdefault(suffix, []).append(name)
        backs = [self._back(All(needs(builds[path].condition) - common)) for path in ordered]
        into = [self._into(path, builds[path].modules) for path in ordered]
        return [first, {suffix: " ".join(found) for suffix, found in names.items()}, backs, into]

    def _back(self, condition: All) -> int:
        new = len(self.conditions)
        return new - self.conditions.setdefault(text(all_of((condition,))), new)

    def _into(self, path: str, modules: frozenset[str] | None) -> int:
        if not modules:
            return NO_NAME
        words = " ".join(sorted(modules))
        return OWN_NAME if words == _own_name(path) else self.modules.setdefault(words, len(self.modules))


def _suffix_and_name(path: str) -> tuple[str, str]:
    stem, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return f"{dot}{suffix}", stem


def _own_name(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0].replace("-", "_")


def read(content: bytes) -> KernelMap:
    """Raises Malformed for what `write` did not make."""
    try:
        decoder = lzma.LZMADecompressor(memlimit=MEMORY_LIMIT)
        said = json.loads(decoder.decompress(content, SIZE_LIMIT))
        if not decoder.eof or said["schema"] != SCHEMA:
            raise Malformed("no map of a kernel, or of another form")
        return _read(said)
    except (lzma.LZMAError, ValueError, LookupError, TypeError, AttributeError) as reason:
        raise Malformed(f"no map of a kernel: {reason}") from reason


def _read(said: Mapping[str, Any]) -> KernelMap:
    paths: dict[str, tuple[int, int]] = {}
    modules: dict[str, tuple[str, ...]] = {}
    conditions = tuple(map(str, said["conditions"]))
    among = [tuple(str(words).split()) for words in said["modules"]]
    numbers = _Numbers(len(conditions))
    for folder, (back, names, backs, into) in said["folders"].items():
        before = f"{folder}/" if folder else ""
        first = numbers.next(back)
        listed = [f"{before}{name}{suffix}" for suffix, words in names.items() for name in words.split(" ")]
        for path, one, module in zip(listed, backs, into, strict=True):
            paths[path] = (first, numbers.next(one))
            if module != NO_NAME:
                modules[path] = (_own_name(path),) if module == OWN_NAME else among[module]
    own, unsaid = (frozenset(map(str, said[name])) for name in ("architectures", "unsaid"))
    return KernelMap(str(said["version"]), conditions, paths, modules, own, unsaid)


class _Numbers:
    """Of conditions, each given as the steps back from the next one that is new."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.new = 0

    def next(self, back: int) -> int:
        number = self.new - back
        self.new += back == 0
        if not 0 <= number < self.count:
            raise Malformed("a map that names a condition which it lacks")
        return number


def line_of(version: str) -> tuple[int, int] | None:
    """The line that a version is of: of `6.1.170` it is 6.1. None for what is no version."""
    found = _LINE.match(version)
    return None if found is None else (int(found[1]), int(found[2]))


def shipped_lines() -> tuple[tuple[int, int], ...]:
    """Those that a map is shipped of, the oldest first."""
    return tuple(sorted(_shipped()))


@lru_cache(maxsize=1)
def _shipped() -> Mapping[tuple[int, int], Traversable]:
    found = ((_NAME.fullmatch(one.name), one) for one in (files("firmward.vulns") / "kernel_maps").iterdir())
    return {(int(name[1]), int(name[2])): one for name, one in found if name is not None}


@lru_cache(maxsize=4)
def shipped(line: tuple[int, int]) -> KernelMap:
    return read(_shipped()[line].read_bytes())


def maps_for(
    version: str,
    lines: Iterable[tuple[int, int]] | None = None,
    load: Callable[[tuple[int, int]], KernelMap] = shipped,
) -> tuple[KernelMap, ...]:
    """The map of a version's own line, or those of the lines before and after it; none where one of them is missing."""
    line = line_of(version)
    known = sorted(shipped_lines() if lines is None else lines)
    if line is None:
        return ()
    if line in known:
        return (load(line),)
    before, after = [one for one in known if one < line], [one for one in known if one > line]
    return (load(before[-1]), load(after[0])) if before and after else ()
