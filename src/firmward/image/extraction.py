"""Copy the files of an image into a new folder, harmless: plain files, folders, and links that stay inside.

What the host could not hold, or had better not, is changed or left out, and told in the manifest beside the files:
owners, modes, extended attributes, devices, links that were written anew, and what could not be read.
"""

import base64
import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from firmward.image.budget import Budget, BudgetExceeded
from firmward.image.inner_link import inner_target
from firmward.image.new_folder import Steps
from firmward.image.source import Source
from firmward.model.facts import Unavailable
from firmward.model.report import Part
from firmward.model.tree import Entry, Kind, Tree

MANIFEST = "firmward-extract.json"
SCHEMA = "firmward.extract/1"
DEPTH_LIMIT = 128
"""Folders within folders; what lies deeper could hardly be removed again."""
NAME_LIMIT = 255
"""Bytes of a name on nearly every file system."""
CUT = 180
"""Bytes kept of a longer one."""
RENAMES = 100
"""Other names tried where one is taken."""


class Links(StrEnum):
    """What becomes of symbolic links."""

    KEEP_INSIDE = "keep-inside"
    """Links that stay inside the folder; those to absolute paths are written anew, relative."""
    TEXT = "text"
    """Small text files with the target."""
    SKIP = "skip"


class Store(Protocol):
    """Where files are put: a new folder, or nowhere."""

    def add_folder(self, path: Steps) -> None: ...

    def add_link(self, path: Steps, target: bytes) -> None: ...

    def add_file(self, path: Steps, pieces: Iterable[bytes], *, mode: int, mtime: int | None = None) -> None: ...


class Nowhere:
    """The store of a dry run: nothing is read and nothing written."""

    place: tuple[Path, ...] = ()

    def __init__(self) -> None:
        self._taken: set[Steps] = set()

    def add_folder(self, path: Steps) -> None:
        self._take(path)

    def add_link(self, path: Steps, target: bytes) -> None:
        self._take(path)

    def add_file(self, path: Steps, pieces: Iterable[bytes], *, mode: int, mtime: int | None = None) -> None:
        self._take(path)

    def _take(self, path: Steps) -> None:
        if path in self._taken:
            raise FileExistsError(path[-1])
        self._taken.add(path)


@dataclass(slots=True)
class Written:
    """One name of the image, and what became of it. `at` is where it stands below the new folder, None: left out."""

    entry: Entry
    at: Steps | None = None
    digest: str | None = None
    changes: list[str] = field(default_factory=list)
    lost: str | None = None
    """Why something that should be there is not: it could not be read, or a budget ran out."""


@dataclass(slots=True)
class Tally:
    """What was done so far."""

    files: int = 0
    bytes: int = 0
    changed: int = 0
    left_out: int = 0
    lost: list[str] = field(default_factory=list)


Tell = Callable[[Tally], None]


class Extraction:
    """One run: entries go in, records of what became of them come out."""

    def __init__(self, store: Store, links: Links, budget: Budget, limit: int) -> None:
        """`limit` is in bytes of all files together."""
        self.tally = Tally()
        self._store = store
        self._links = links
        self._budget = budget
        self._limit = limit
        self._folders: dict[tuple[Steps, str], Steps] = {}
        """The folders that were made: where each stands, by its top and its path in the tree."""

    def tree(self, top: Steps, tree: Tree, start: str = "") -> Iterator[Written]:
        """The entries of a tree at `start` and below, in the folder `top`, which must be new."""
        self._store.add_folder(top)
        self._folders[(top, "")] = top
        for folder in _folders_above(start):
            yield self._one(top, tree, tree.lstat(folder) or Entry(folder, Kind.DIRECTORY, mode=0o755))
        for entry in entries_below(tree, start):
            yield self._one(top, tree, entry)

    def bytes_of(self, at: Steps, part: Part, source: Source) -> Written:
        """A part that holds no files, as one file."""
        written = Written(Entry(part.id, Kind.FILE, size=source.size))
        self._file(written, at, source.chunks(), 0o644, None)
        return self._counted(written)

    def _one(self, top: Steps, tree: Tree, entry: Entry) -> Written:
        written = Written(entry)
        try:
            self._place(written, top, tree)
        except Unavailable as reason:
            written.lost = str(reason)
        return self._counted(written)

    def _counted(self, written: Written) -> Written:
        if written.lost is not None:
            self.tally.lost.append(f"/{written.entry.path}: {written.lost}")
        elif written.at is None:
            self.tally.left_out += 1
        else:
            self.tally.files += 1
            self.tally.changed += 1 if written.changes else 0
        return written

    def _place(self, written: Written, top: Steps, tree: Tree) -> None:
        entry = written.entry
        if entry.path.count("/") >= DEPTH_LIMIT:
            written.lost = f"nested more than {DEPTH_LIMIT} deep"
            return
        folder, _, name = entry.path.rpartition("/")
        above = self._folders.get((top, folder))
        if above is None:  # an archive may list a folder and later a link of the same name
            written.lost = "what it stands in is no folder"
            return
        at = (*above, self._fitting(written, name))
        match entry.kind:
            case Kind.DIRECTORY:
                placed = self._put(written, at, self._store.add_folder)
                if placed is not None:
                    self._folders[(top, entry.path)] = placed
            case Kind.FILE:
                mode = 0o755 if entry.mode & 0o111 else 0o644
                self._file(written, at, tree.chunks(entry), mode, entry.mtime)
            case Kind.SYMLINK:
                self._link(written, at, tree)
            case _:
                written.changes.append(f"left out: a {entry.kind.value} is no file")

    def _fitting(self, written: Written, name: str) -> bytes:
        """The name as bytes, cut where no file system would take it."""
        data = _encoded(name)
        if len(data) <= NAME_LIMIT:
            return data
        written.changes.append(f"name cut from {len(data)} bytes")
        return data[:CUT] + b"~" + hashlib.sha256(data).hexdigest()[:16].encode()

    def _file(self, written: Written, at: Steps, pieces: Iterable[bytes], mode: int, mtime: int | None) -> None:
        size = max(written.entry.size, 0)
        if self.tally.bytes + size > self._limit:
            written.lost = f"more than {self._limit} bytes in all (--budget-mib)"
            return
        if written.entry.mode & 0o7000:
            written.changes.append(f"mode {written.entry.mode:04o} made {mode:04o}")
        meter = _Meter(pieces, self._budget, self._limit - self.tally.bytes)
        try:
            self._put(written, at, lambda place: self._store.add_file(place, meter, mode=mode, mtime=mtime))
        except (BudgetExceeded, Unavailable) as reason:
            written.at, written.lost = None, str(reason)
            return
        self.tally.bytes += meter.size if meter.started else size
        written.digest = meter.digest

    def _link(self, written: Written, at: Steps, tree: Tree) -> None:
        target = written.entry.target or ""
        if self._links is Links.SKIP:
            written.changes.append("left out: a link")
            return
        kept = inner_target(tree, written.entry.path, target) if self._links is Links.KEEP_INSIDE else None
        if kept is None:
            written.changes.append("a link, written as a text that says its target")
            text = _encoded(target)
            self._put(written, at, lambda place: self._store.add_file(place, iter((text,)), mode=0o644))
            return
        if kept != target:
            written.changes.append(f"link written anew, to {_printable(kept)}")
        self._put(written, at, lambda place: self._store.add_link(place, _encoded(kept)))

    def _put(self, written: Written, at: Steps, make: Callable[[Steps], None]) -> Steps | None:
        """Make something at a place, or, where the host takes that name for another's or for none, at one beside it."""
        for place in _alternatives(at):
            try:
                make(place)
            except FileExistsError:
                continue
            except OSError as error:
                if error.errno not in _UNFIT or place[-1] == _escaped(at[-1]):
                    raise
                continue
            written.at = place
            if place != at:
                written.changes.append(f"named {_printable(place[-1].decode('utf-8', 'surrogateescape'))} here")
            return place
        written.lost = "the host has no name for it"
        return None


class _Meter:
    """The pieces of a file on their way: counted, hashed, and held to the budget. Can be begun once."""

    def __init__(self, pieces: Iterable[bytes], budget: Budget, room: int) -> None:
        self.size = 0
        self.started = False
        self._pieces = pieces
        self._budget = budget
        self._room = room
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        if self.started:
            raise RuntimeError("a file's bytes are asked for twice")
        self.started = True
        for piece in self._pieces:
            self._budget.check_time()
            self.size += len(piece)
            if self.size > self._room:
                raise BudgetExceeded("holds more than its listing says (--budget-mib)")
            self._hash.update(piece)
            yield piece

    @property
    def digest(self) -> str | None:
        return f"sha256:{self._hash.hexdigest()}" if self.started else None


def entries_below(tree: Tree, start: str) -> Iterator[Entry]:
    """The entry at `start` and those below it; all, for the root."""
    first = tree.lstat(start) if start else None
    if first is not None and first.kind is not Kind.DIRECTORY:
        yield first
        return
    prefix = f"{start}/" if start else ""
    for entry in tree.entries():
        if entry.path == start or entry.path.startswith(prefix):
            yield entry


def _folders_above(path: str) -> Iterator[str]:
    place = path.find("/")
    while place >= 0:
        yield path[:place]
        place = path.find("/", place + 1)


def _alternatives(at: Steps) -> Iterator[Steps]:
    yield at
    plain = _escaped(at[-1])
    if plain != at[-1]:
        yield (*at[:-1], plain)
    for number in range(2, RENAMES):
        yield (*at[:-1], plain[:CUT] + f"~{number}".encode())


def _escaped(name: bytes) -> bytes:
    """A name for hosts that take only UTF-8."""
    return name.decode("utf-8", "backslashreplace").encode()


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


_UNFIT = frozenset({errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG})
"""What a host says that cannot hold such a name."""


def record(written: Written) -> dict[str, object]:
    """What became of one name, for the manifest. Bytes that are not UTF-8 are given in base64 besides."""
    entry = written.entry
    place = None if written.at is None else b"/".join(written.at)
    return {
        "path": _printable(entry.path),
        **({} if _is_unicode(entry.path) else {"path_base64": base64.b64encode(_encoded(entry.path)).decode()}),
        "kind": entry.kind.value,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "size": entry.size,
        "mtime": entry.mtime,
        "target": None if entry.target is None else _printable(entry.target),
        "device": list(entry.device) if entry.device else None,
        "xattrs": {_printable(name): base64.b64encode(value).decode() for name, value in entry.xattrs},
        "sha256": written.digest.removeprefix("sha256:") if written.digest else None,
        "written": None if place is None else place.decode("utf-8", "backslashreplace"),
        "changes": [*written.changes, *(["extended attributes left out"] if entry.xattrs else [])],
        "lost": written.lost,
    }


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def manifest(head: dict[str, object], parts: Iterable[tuple[dict[str, object], Iterable[Written]]]) -> Iterator[bytes]:
    """The manifest, piece by piece while the files are written: a header, then each part with a line for each name."""
    yield json.dumps({"schema": SCHEMA, **head}, indent=1)[:-2].encode() + b',\n "parts": ['
    for number, (part, entries) in enumerate(parts):
        yield (b",\n  " if number else b"\n  ") + json.dumps(part)[:-1].encode() + b', "entries": ['
        for count, written in enumerate(entries):
            yield (b",\n   " if count else b"\n   ") + json.dumps(record(written)).encode()
        yield b"\n  ]}"
    yield b"\n ]\n}\n"
