"""What a kernel's sources include: when a header, or a source that others include, becomes part of what is built.

A file is part of a kernel where a source that includes it, itself or through others, is built. Rules, from the C
preprocessor's manual: `"x.h"` is looked for beside the file that says so first, and if it is there nothing else is
meant. Otherwise it may be any file whose path ends so, since the folders that compilers are told to look in are not
followed: each of them counts as included. `asm/x.h` may be a file that is made from `asm-generic/x.h`. A macro that is
a file's name in quotes counts as an inclusion of that file.

Nothing is said of what too many sources include, of what a makefile names, of what a file includes of which nothing is
known, and of what nobody includes.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmward.vulns.kbuild.condition import ALWAYS, NEVER, Condition, all_of, any_of, architecture, needs, shared, text
from firmward.vulns.kbuild.tree import NO_ARCHITECTURE, Build, Builds, KernelTree, is_outside

WAYS_LIMIT = 500
"""Different conditions of the sources that include one file; with more, nothing is said of it."""
LENGTH_LIMIT = 100
"""Characters of a header's condition; of a longer one that is kept which all ways need."""
_INCLUSION = re.compile(
    rb'^[ \t]*(?:#[ \t]*include|\.include|\.incbin)[ \t]*(?:"(?P<own>[^"\n]+)"|<(?P<path>[^>\n]+)>)|'
    rb'^[ \t]*#[ \t]*define[ \t]+\w+[ \t]+["<](?P<macro>[^">\n]+\.[hcS])[">]',
    re.MULTILINE,
)
_HEADER = re.compile(rb"[\w./-]+\.h\b")
_ARCHITECTURE = re.compile(rb"-I\s*\S*arch/(\w+)/")
_ASM = re.compile(r"(?:^|/)asm/(?=[^/]+$)")


@dataclass(frozen=True, slots=True)
class _Graph:
    """Who includes each file in `includers`; `named` are base names of headers in makefiles; `lent` the architectures
    of which headers are included, or looked for, outside of their folder."""

    includers: Mapping[str, set[str]]
    named: frozenset[str]
    lent: frozenset[str]


@dataclass(frozen=True, slots=True)
class Included:
    """`builds` of sources and headers. `architectures` are those of which nothing is built for any other."""

    builds: Builds
    architectures: frozenset[str]


def with_included(tree: KernelTree, builds: Builds) -> Included:
    """The builds, and those of what is included; sources that others include are built where these are, too."""
    graph = _graph(tree)
    ways = _Ways(graph, builds.found).all()
    found = dict(builds.found)
    for path in graph.includers:
        build = _included(path, ways.get(path), graph)
        if build is None:
            found.pop(path, None)
        else:
            found[path] = build
    shared_by_others = {steps[1] for path, build in found.items() if (steps := _elsewhere(path, build))}
    return Included(Builds(found, builds.unsaid), frozenset(tree.architectures) - graph.lent - shared_by_others)


def _elsewhere(path: str, build: Build) -> list[str]:
    """The steps of a path in `arch` that is built for other architectures, too."""
    steps = path.split("/")
    is_own = steps[0] != "arch" or len(steps) < 3 or architecture(steps[1]) in needs(build.condition)
    return [] if is_own else steps


def _included(path: str, ways: frozenset[Condition] | None, graph: _Graph) -> Build | None:
    place = _place(path, graph)
    if path.endswith((".c", ".S")):
        # what is included into something of which nothing is known may be built whenever that is
        return None if ways is None else Build(all_of((place, any_of(ways))), None)
    if path.rpartition("/")[2] in graph.named:
        return None
    condition = place if ways is None else all_of((place, any_of(ways)))
    if len(text(condition)) > LENGTH_LIMIT:
        condition = shared(condition)
    return None if condition in (ALWAYS, NEVER) else Build(condition, None)


def _place(path: str, graph: _Graph) -> Condition:
    """An architecture's headers are for it alone, unless others are seen to take them."""
    steps = path.split("/")
    return architecture(steps[1]) if steps[0] == "arch" and len(steps) > 2 and steps[1] not in graph.lent else ALWAYS


class _Ways:
    """Of each file the conditions of all sources that it becomes part of, None where they are too many or not known."""

    def __init__(self, graph: _Graph, builds: Mapping[str, Build]) -> None:
        self.graph = graph
        self.builds = builds
        self.known: dict[str, frozenset[Condition] | None] = {}

    def all(self) -> Mapping[str, frozenset[Condition] | None]:
        for group in _groups(self.graph.includers):
            ways = self._of(group)
            for path in group:
                self.known[path] = ways
        return self.known

    def _of(self, group: list[str]) -> frozenset[Condition] | None:
        """Of files that include each other, or of one."""
        found: set[Condition] = set()
        for path in group:
            includers = self.graph.includers.get(path)
            own = self.builds.get(path)
            if own is not None:
                found.add(own.condition)
            elif not includers:
                return None
            for one in includers or ():
                if one not in group:
                    ways = self.known[one]
                    if ways is None:
                        return None
                    found |= ways
        return frozenset(found) if len(found) <= WAYS_LIMIT else None


def _groups(includers: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Files that include each other in a circle, or single ones, includers before what they include: the components of
    Tarjan's algorithm, without recursion."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    for start in sorted(includers):
        if start in number:
            continue
        work = [(start, iter(sorted(includers.get(start, ()))))]
        number[start] = lowest[start] = len(number)
        stack.append(start)
        waiting.add(start)
        while work:
            path, rest = work[-1]
            for one in rest:
                if one not in number:
                    number[one] = lowest[one] = len(number)
                    stack.append(one)
                    waiting.add(one)
                    work.append((one, iter(sorted(includers.get(one, ())))))
                    break
                if one in waiting:
                    lowest[path] = min(lowest[path], number[one])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[path])
                if lowest[path] == number[path]:
                    group = []
                    while (last := stack.pop()) != path:
                        group.append(last)
                    group.append(path)
                    waiting.difference_update(group)
                    yield group


def _graph(tree: KernelTree) -> _Graph:
    inside = [path for path in sorted(tree.paths) if not is_outside(path)]
    ends: dict[str, list[str]] = defaultdict(list)
    for path in inside:
        ends[path.rpartition("/")[2]].append(path)
    includers: dict[str, set[str]] = {path: set() for path in inside if path.endswith(".h")}
    named: set[str] = set()
    lent: set[str] = set()
    for path in inside:
        content = tree.content(path)
        if path.rpartition("/")[2].startswith(("Makefile", "Kbuild")):
            named |= {one.rpartition(b"/")[2].decode() for one in _HEADER.findall(content)}
            lent |= _looked_in(path, content)
            continue
        for spec, target in _targets(path, content, tree.paths, ends):
            includers.setdefault(target, set()).add(path)
            lent |= _lent(path, spec, target)
    return _Graph(includers, frozenset(named), frozenset(lent))


def _looked_in(path: str, content: bytes) -> set[str]:
    """The architectures in whose folders a makefile of elsewhere has headers looked for."""
    own = {one for one in (*NO_ARCHITECTURE, *path.split("/")[1:2]) if path.startswith(("arch/um/", f"arch/{one}/"))}
    return set() if own & NO_ARCHITECTURE else {one.decode() for one in _ARCHITECTURE.findall(content)} - own


def _lent(path: str, spec: str, target: str) -> set[str]:
    """The architecture whose header is included by name from elsewhere."""
    steps = target.split("/")
    if steps[0] != "arch" or path.startswith((f"arch/{steps[1]}/", *(f"arch/{one}/" for one in NO_ARCHITECTURE))):
        return set()
    return {steps[1]} & set(spec.split("/")[:-1])


def _targets(
    path: str, content: bytes, paths: frozenset[str], ends: Mapping[str, list[str]]
) -> Iterator[tuple[str, str]]:
    """What a file includes, as it says so, and each file that this may be."""
    folder = path.rpartition("/")[0]
    for match in _INCLUSION.finditer(content):
        spec = (match["own"] or match["path"] or match["macro"]).decode("utf-8", "replace").strip()
        beside = _plain(f"{folder}/{spec}")
        if beside in paths and not match["path"]:
            yield spec, beside
            if match["own"]:
                continue
        end = _plain(spec)
        for one in {end, _ASM.sub("asm-generic/", end)}:
            for target in ends.get(one.rpartition("/")[2], ()):
                if target == one or target.endswith(f"/{one}"):
                    yield spec, target


def _plain(path: str) -> str:
    """Without `.` and `..`; steps above the top are left out."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == ".." and steps:
            steps.pop()
        elif step not in ("", ".", ".."):
            steps.append(step)
    return "/".join(steps)
