"""Open a firmware image: identify, open, and do the same with what is inside, within budgets.

What cannot be opened is a part with a reason, never an exception: only an input that cannot be used at all raises. The
same bytes give the same parts, in the same order, with the same ids.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from firmward.image import bill, blob, carve, catalogue, unclaimed
from firmward.image.blank import blanks
from firmward.image.blob import Blob
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.carried import BINARY, carried
from firmward.image.entropy import bits_per_byte, is_random
from firmward.image.foreign import Foreign, UnpackedTree
from firmward.image.format import Child, Format
from firmward.image.given import CLAIMS, GIVEN, Given, as_claimed, settled
from firmward.image.pairing import paired
from firmward.image.problems import Incomplete
from firmward.image.root import is_root, role_of
from firmward.image.sameness import Comparison
from firmward.image.source import SNIFFED, Source, open_file
from firmward.image.stream import rest
from firmward.model import report
from firmward.model.errors import InputError, ToolError
from firmward.model.facts import Unavailable
from firmward.model.folder import FolderTree, Mounts
from firmward.model.report import Part, Role
from firmward.model.tree import IndexedTree, Tree

TOP = "image"
"""The id of the part that is the input itself."""

NAME_LIMIT = 128
"""Characters of one name in a part's id."""

ALONE = "given parts"
"""The name of an image that is made of given parts alone."""

CONTENT = "content"
"""What a wrapper calls its child when nothing in it says a name."""

WRAPPER_SUFFIXES = (".gz", ".xz", ".zst", ".bz2", ".lz4", ".lzma", ".lzo", ".lz")

UNKNOWN, RAW, FOLDER, FOREIGN = "unknown", "raw", "folder", "foreign"
UNEXPLAINED = frozenset((UNKNOWN, RAW))
"""Kinds of parts that no reader explains."""

OPAQUE = "no known format; high entropy: encrypted, or compressed in a way that firmward does not know"
"""What is said of an unknown part that looks like chance over all of its length."""

UNOWNED = "owners, devices and times are not the image's"
"""What is said of a tree that another program unpacked."""

MEDIA = (
    b"\x89PNG\r\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"OggS",
    b"ID3",
    b"wOF2",
    b"RIFF",
    b"\0\0\0\x18ftyp",
    b"\0\0\0\x20ftyp",
)
"""How pictures, sounds and fonts begin: they look like chance and hide nothing."""

Progress = Callable[[str], None]

NONE: Mapping[str, str] = MappingProxyType({})


class Watcher(Protocol):
    """Who wants to know where the opener is, should it not come back."""

    def enter(self, part: str) -> None:
        """This part is read from now on."""

    def leave(self, part: Part) -> None:
        """This part is done with; the one that holds it goes on."""

    def beat(self) -> None:
        """A sign of life."""


class Nobody:
    """A watcher that does not care."""

    def enter(self, part: str) -> None:
        pass

    def leave(self, part: Part) -> None:
        pass

    def beat(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Root:
    """A file system of the image that is open."""

    part: Part
    tree: Tree


@dataclass(frozen=True, slots=True)
class Piece:
    """An identified part that is no file system, with its bytes."""

    part: Part
    source: Source


@dataclass(frozen=True, slots=True)
class Image:
    """An opened image.

    `roots` are the distinct systems to audit (an equal one is only listed, its part says `same_as`); `trees` all file
    systems, boot and data partitions among them; `blobs` kernels, device trees, kernel configurations, boot loaders.
    `budget` says whether all was looked at; `sources` has the bytes of every part that has any, by id, and `whole` for
    those that stand in no other part their bytes with what lies behind the format that they begin with.
    """

    name: str
    digest: str | None
    parts: tuple[Part, ...]
    roots: tuple[Root, ...]
    trees: tuple[Root, ...]
    blobs: tuple[Piece, ...]
    budget: report.Budget
    sources: Mapping[str, Source] = field(default_factory=dict)
    whole: Mapping[str, Source] = field(default_factory=dict)


def open_image(
    path: Path | None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    watcher: Watcher | None = None,
    avoided: Mapping[str, str] = NONE,
    foreign: Foreign | None = None,
    given: Sequence[Given] = (),
    without: Collection[str] = (),
) -> Image:
    """Open a file, block device or folder, this one `without` some of its paths. Raises InputError when there is
    nothing there that could be read.

    `avoided` are parts, by id, that are not to be read, with what became of their reader before; `foreign` is asked
    for what stays unknown. `given` are parts that join the image, and make it up where there is no path; one that is
    not what it is said to be raises InputError.
    """
    watcher = watcher or Nobody()
    budget = Budget(limits or Limits(), beat=watcher.beat)
    opening = Opening(budget, progress or _silent, watcher, avoided, foreign, given)
    if path is None:
        return opening.alone()
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        return opening.folder(path, without)
    return opening.file(path.name, _written(path))


def _written(path: Path) -> Source:
    source = open_file(path)
    if source.size == 0:
        raise InputError(f"{path}: the file is empty")
    return source


def open_machine(path: Path) -> Image:
    """The running machine, whose root is at `path`: its files are read where they are asked for and none is opened.

    Raises InputError when no Linux system is there.
    """
    if not path.is_dir():
        raise InputError(f"{path}: --live wants the root folder of a running machine")
    tree = FolderTree(path, Mounts.WALK)
    if not is_root(tree, FOLDER):
        raise InputError(f"{path}: there is no Linux system here (no etc beside bin, sbin, usr or lib)")
    root = Root(Part(TOP, FOLDER, role=Role.ROOT), tree)
    return Image(str(path.resolve()), None, (root.part,), (root,), (root,), (), report.Budget())


def _unwrapped(wrapper: str) -> str:
    """What a wrapper holds is called as the wrapper without its suffix: `initramfs.cpio` in `initramfs.cpio.gz`."""
    name = wrapper.rpartition("/")[2]
    return name.rpartition(".")[0] if name.endswith(WRAPPER_SUFFIXES) else CONTENT


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a part was met: its id, and what its parent said of it."""

    id: str
    child: Child
    parent: str | None
    depth: int


class Opening:
    """One image being opened: what was found so far, by part id."""

    def __init__(
        self,
        budget: Budget,
        progress: Progress,
        watcher: Watcher | None = None,
        avoided: Mapping[str, str] = NONE,
        foreign: Foreign | None = None,
        given: Sequence[Given] = (),
    ) -> None:
        self._budget = budget
        self._given = given
        self._progress = progress
        self._watcher = watcher or Nobody()
        self._avoided = avoided
        self._foreign = foreign
        self._parts: dict[str, Part] = {}
        self._trees: dict[str, Tree] = {}
        self._sources: dict[str, Source] = {}
        self._whole: dict[str, Source] = {}
        """The bytes of parts that stand in no other, with what lies behind the format that they begin with."""
        self._pieces: list[str] = []
        self._namesakes: dict[str, int] = {}
        """By an id that was wanted more than once, the number that its last bearer was given."""
        self._comparison = Comparison(budget, progress)

    def file(self, name: str, source: Source) -> Image:
        with ThreadPoolExecutor(1, "digest") as beside:
            digest = beside.submit(self._digest, source)
            self._visit(_Place(TOP, Child(TOP, source), None, 0))
            return self._finish(name, digest.result())

    def folder(self, path: Path, without: Collection[str] = ()) -> Image:
        tree = FolderTree(path, Mounts.WALK, without)
        self._parts[TOP] = Part(TOP, FOLDER)
        self._watcher.enter(TOP)
        self._guard(TOP, lambda: self._open_tree(_Place(TOP, Child(TOP, None), None, 0), FOLDER, tree))
        self._watcher.leave(self._parts[TOP])
        return self._finish(path.resolve().name or str(path.resolve()), None)

    def alone(self) -> Image:
        """The image that is made of given parts."""
        self._parts[TOP] = Part(TOP, GIVEN)
        return self._finish(ALONE, None)

    def _give(self, one: Given) -> None:
        """Open a part that was given. Raises InputError when it is something else than was said."""
        claim = CLAIMS[one.claim]
        id_ = self._unique(GIVEN, one.claim)
        if claim.role is Role.ROOT and os.path.isdir(one.path):  # noqa: PTH112 - as in open_image
            tree = FolderTree(one.path, Mounts.WALK)
            self._parts[id_] = Part(id_, FOLDER, TOP)
            self._watcher.enter(id_)
            self._guard(id_, lambda: self._open_tree(_Place(id_, Child(one.claim, None), TOP, 1), FOLDER, tree))
            self._watcher.leave(self._parts[id_])
        else:
            source = _written(one.path)
            if as_claimed(claim, source):
                self._parts[id_] = Part(id_, claim.kind, TOP, size=source.size, role=claim.role)
                self._sources[id_] = self._whole[id_] = source
                self._pieces.append(id_)
            else:
                self._visit(_Place(id_, Child(one.claim, source), TOP, 1))
            self._parts[id_] = replace(self._parts[id_], digest=self._digest(source))
        if id_ not in self._avoided and not self._budget.exhausted:
            self._settle(one, id_)

    def _settle(self, one: Given, id_: str) -> None:
        held = [part for part in self._parts.values() if part.id == id_ or part.id.startswith(f"{id_}/")]
        for part in settled(one, held, self._trees, self._sources):
            self._parts[part.id] = part
            if part.id not in self._trees and part.id not in self._pieces:
                self._pieces.append(part.id)

    def _visit(self, place: _Place) -> None:
        """Record the part at a place, and open it."""
        source = place.child.source
        self._parts[place.id] = Part(
            place.id,
            place.child.kind or UNKNOWN,
            place.parent,
            place.child.offset,
            None if source is None else source.size,
            role=place.child.role or Role.OTHER,
            problem=place.child.problem,
        )
        if source is not None:
            self._sources[place.id] = source
            if place.child.offset is None:
                self._whole[place.id] = source
        if place.id in self._avoided:
            reason = f"its reader {self._avoided[place.id]}"
            self._note(place.id, reason)
            self._budget.leave_out(f"{place.id}: {reason}")
        elif source is not None:
            self._watcher.enter(place.id)
            self._guard(place.id, lambda: self._open(place, source))
            self._watcher.leave(self._parts[place.id])

    def _guard(self, part: str, step: Callable[[], None]) -> None:
        """Do a step; what goes wrong is the part's problem."""
        try:
            step()
        except (BudgetExceeded, Damaged, ToolError, Unavailable) as told:
            self._note(part, str(told))
        except MemoryError:
            reason = f"its reader needs more than {self._budget.limits.memory >> 20} MiB of memory (--memory-mib)"
            self._note(part, reason)
            self._budget.leave_out(f"{part}: {reason}")
        except Exception as error:
            # Readers meet bytes that nobody foresaw, and one part must not cost the report of all others. It is told as
            # what it is, and the fuzzer takes it for a failure.
            self._note(part, f"internal error: {type(error).__name__}: {error}")

    def _note(self, part: str, problem: str) -> None:
        known = self._parts[part].problem
        if known is not None and problem in known.split("; "):
            return
        self._parts[part] = replace(self._parts[part], problem=f"{known}; {problem}" if known else problem)

    def _open(self, place: _Place, source: Source) -> None:
        self._budget.add_part(place.depth)
        found = catalogue.identify(source, catalogue.kinds())
        if found is None:
            self._open_raw(place, source)
            return
        kind, size = found
        part = replace(self._parts[place.id], kind=kind.name, size=source.size if place.parent is None else size)
        self._parts[place.id] = part
        self._progress(f"{place.id}: {kind.name}, {size} bytes")
        window = source.slice(0, size)
        if isinstance(kind, Blob):
            self._open_blob(place, window, kind.role, kind.holds)
        else:
            self._open_format(place, window, kind)
        self._visit_all(place, rest(source, size))

    def _open_format(self, place: _Place, source: Source, kind: Format) -> None:
        self._sources[place.id] = source

        def step() -> None:
            opened = kind.open(source, self._budget)
            if isinstance(opened, Tree):
                self._open_tree(place, kind.name, opened)
            else:
                self._visit_all(place, opened)

        self._guard(place.id, step)

    def _open_blob(self, place: _Place, source: Source, role: Role, holds: int) -> None:
        self._parts[place.id] = replace(self._parts[place.id], role=place.child.role or role)
        self._sources[place.id] = source
        self._pieces.append(place.id)
        if holds:
            found = carve.carve(source, self._budget, holds)
            self._guard(place.id, lambda: self._visit_all(place, (one.child(source) for one in found)))

    def _open_raw(self, place: _Place, source: Source) -> None:
        """Bytes that nothing identifies at their start: what lies in them, and what they say."""
        if bill.is_bill(source.read(0, bill.HEAD)):
            self._parts[place.id] = replace(self._parts[place.id], kind=bill.KIND)
            self._open_blob(place, source, Role.OTHER, 0)
            return
        found = tuple(carve.carve(source, self._budget))
        content = None if unclaimed.is_dump(found, source) else blob.by_content(source)
        if content is not None:
            self._parts[place.id] = replace(self._parts[place.id], kind=content.name)
            self._open_blob(place, source, content.role, content.holds)
            return
        between = tuple(unclaimed.between(found, source))
        if found or between:
            self._parts[place.id] = replace(self._parts[place.id], kind=RAW)
        elif place.child.kind is None and not source.read(0, SNIFFED).startswith(MEDIA):
            if is_random(source):
                self._note(place.id, OPAQUE)
            self._ask(place, source)
            return
        gaps = tuple(unclaimed.unexplained(found, between, source)) if self._foreign and (found or between) else ()
        children = [*(one.child(source) for one in found), *between, *gaps]
        self._visit_all(place, sorted(children, key=lambda child: child.offset or 0))

    def _ask(self, place: _Place, source: Source) -> None:
        """Have another program look at what is unknown, where there is one and the bytes may hold something."""
        if self._foreign is None or source.size <= SNIFFED or source.first_written(0) is None:
            return
        if blob.is_text(source.read(0, BINARY)):
            return
        self._progress(f"{place.id}: {self._foreign.name} looks at {source.size} bytes")
        unpacked = self._foreign.unpack(source, self._budget)
        if unpacked.folder is not None:
            kinds = ", ".join(unpacked.kinds)
            self._parts[place.id] = replace(self._parts[place.id], kind=FOREIGN, problem=None)
            self._note(place.id, f"opened by {self._foreign.name} as {kinds}: {UNOWNED}")
        for problem in unpacked.problems:
            self._note(place.id, problem)
        if unpacked.folder is not None:
            self._open_tree(place, FOREIGN, UnpackedTree(unpacked.folder))

    def _open_tree(self, place: _Place, kind: str, tree: Tree) -> None:
        role = role_of(tree, kind)
        self._parts[place.id] = replace(self._parts[place.id], role=role)
        self._trees[place.id] = tree
        for problem in _problems(tree):
            self._note(place.id, problem)
        self._visit_all(place, carried(tree, kind, role, self._budget))

    def _visit_all(self, place: _Place, children: Iterable[Child]) -> None:
        for child in children:
            if self._budget.is_spent or child.source is None:
                self._budget.add_part(place.depth)
            name = self._unique(place.id, self._name(place, child))
            self._visit(_Place(name, child, place.id, place.depth + 1))

    def _name(self, place: _Place, child: Child) -> str:
        """What was given is called as it was given, packed or not: the name in a wrapper is that of somebody's file."""
        wrapped = child.offset is None and self._parts[place.id].kind in {kind.name for kind in catalogue.wrappers()}
        if wrapped and place.id.startswith(f"{GIVEN}/"):
            return place.id.rpartition("/")[2]
        return _unwrapped(place.id) if child.name == CONTENT else child.name

    def _unique(self, parent: str, name: str) -> str:
        """An id for a child: printable, short, and not given yet."""
        plain = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        plain = "".join(sign if sign.isprintable() else "?" for sign in plain).strip("/")
        plain = plain if len(plain) <= NAME_LIMIT else f"{plain[:NAME_LIMIT]}…"
        wanted = f"{parent}/{plain or 'part'}"
        number = self._namesakes.get(wanted, 2)
        unique = wanted
        while unique in self._parts:
            unique = f"{wanted}~{number}"
            number += 1
        if unique != wanted:
            self._namesakes[wanted] = number
        return unique

    def _finish(self, name: str, digest: str | None) -> Image:
        for one in self._given:
            self._give(one)
        if TOP in self._parts and digest is not None:
            self._parts[TOP] = replace(self._parts[TOP], digest=digest)
        distinct = self._distinct_roots()
        self._survey()
        return Image(
            name,
            digest,
            paired(self._parts.values()),
            tuple(Root(self._parts[id_], self._trees[id_]) for id_ in distinct),
            tuple(Root(self._parts[id_], tree) for id_, tree in self._trees.items()),
            tuple(Piece(self._parts[id_], self._sources[id_]) for id_ in self._pieces),
            report.Budget(not self._budget.exhausted, tuple(self._budget.exhausted)),
            self._sources | {id_: source for id_, source in self._whole.items() if id_ == TOP},
            self._whole,
        )

    def _survey(self) -> None:
        """Measure what a map shows of bytes that no reader explains: how random they are, where nothing was written."""
        taken: dict[str, list[tuple[int, int]]] = {}
        for part in self._parts.values():
            if part.parent is not None and part.offset is not None and part.size is not None:
                taken.setdefault(part.parent, []).append((part.offset, part.offset + part.size))
        for part in list(self._parts.values()):
            source = self._sources.get(part.id)
            unexplained = part.kind in UNEXPLAINED
            if source is None or not (unexplained or part.id in taken):
                continue
            try:
                self._budget.check_time()
                entropy = round(bits_per_byte(source), 3) if unexplained else None
                blank = blanks(self._whole.get(part.id, source), taken.get(part.id, ()), self._budget)
            except BudgetExceeded:
                return
            self._parts[part.id] = replace(self._parts[part.id], entropy=entropy, blank=blank)

    def _distinct_roots(self) -> list[str]:
        """The ids of the roots to audit; the parts of the others say which of them they equal."""
        distinct: list[str] = []
        for id_ in self._trees:
            if self._parts[id_].role not in (Role.ROOT, Role.INITRAMFS):
                continue
            self._watcher.enter(id_)
            source = self._sources.get(id_)
            if source is not None and self._parts[id_].digest is None:
                self._parts[id_] = replace(self._parts[id_], digest=self._digest(source))
            same = next((other for other in distinct if self._is_same(id_, other)), None)
            if same is None:
                distinct.append(id_)
            else:
                self._parts[id_] = replace(self._parts[id_], same_as=same)
            self._watcher.leave(self._parts[id_])
        return distinct

    def _is_same(self, id_: str, other: str) -> bool:
        part, known = self._parts[id_], self._parts[other]
        if part.digest is not None and part.digest == known.digest:
            return True
        if part.problem or known.problem or part.role is not known.role:
            return False
        try:
            return self._comparison.is_same(self._trees[id_], self._trees[other])
        except BudgetExceeded:
            return False

    def _digest(self, source: Source) -> str | None:
        """The SHA-256 of all bytes; None when time runs out."""
        digest = hashlib.sha256()
        try:
            for piece in source.chunks():
                self._budget.check_time()
                digest.update(piece)
        except BudgetExceeded:
            return None
        return f"sha256:{digest.hexdigest()}"


def _problems(tree: Tree) -> Iterator[str]:
    if isinstance(tree, Incomplete):
        yield from tree.problems
    if isinstance(tree, IndexedTree) and tree.refused:
        yield f"{tree.refused} names that lead outside, or cannot be names, were left out"
