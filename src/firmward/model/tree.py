"""A file system as firmward sees it: read-only, in place, and closed.

Every file system driver, folder and test fixture gives the same interface. Paths are relative to the root, separated by
`/`, without a leading slash; the root itself is the empty string. A name that is not UTF-8 carries surrogate escapes
(PEP 383), so that it can be told apart and printed safely. Links are followed inside the tree only: an absolute target
starts at the tree's root, and `..` at the root stays there, as in a chroot.
"""

import fnmatch
import stat
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from posixpath import join

from firmward.model.facts import Unavailable

READ_LIMIT = 4 << 20
"""Bytes that `Tree.read` takes of one file unless told otherwise; configuration is far below."""

CACHE_LIMIT = 64 << 20
"""Bytes of file contents kept, so that a file is read once however many collectors look at it."""

LINK_LIMIT = 40
"""Symbolic links followed in one look-up, as Linux does (MAXSYMLINKS)."""


class Kind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    CHARACTER = "character"
    BLOCK = "block"
    FIFO = "fifo"
    SOCKET = "socket"


KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.CHARACTER,
    stat.S_IFBLK: Kind.BLOCK,
    stat.S_IFIFO: Kind.FIFO,
    stat.S_IFSOCK: Kind.SOCKET,
}
"""By the file type bits of a mode, which every format of Unix took from it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a tree.

    `mode` holds the permission bits with setuid, setgid and sticky (0o7777); `size` is in bytes; `target` is a symbolic
    link's text; `device` the major and minor number of a device node; `xattrs` the extended attributes by full name.
    """

    path: str
    kind: Kind
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    target: str | None = None
    device: tuple[int, int] | None = None
    xattrs: tuple[tuple[str, bytes], ...] = ()

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


ReadAt = Callable[[int, int], bytes]
"""The bytes of a content at an offset, of a length; fewer where it ends."""
Needed = Callable[[int, ReadAt], Sequence[tuple[int, int]]]
"""Start and end of the runs of a content that matter, told from its size and a few looks at it."""


class Tree(ABC):
    """The read-only interface. A driver gives the four abstract methods; the rest follows from them."""

    def __init__(self) -> None:
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._cached = 0

    @abstractmethod
    def entries(self) -> Iterator[Entry]:
        """Every entry but the root, parents before children, in the same order every time."""

    @abstractmethod
    def lstat(self, path: str) -> Entry | None:
        """The entry at this very path, its last link not followed and none before it either."""

    @abstractmethod
    def names(self, path: str) -> tuple[str, ...]:
        """The sorted names in the folder at this very path; empty when there is no such folder."""

    @abstractmethod
    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """A regular file's content, piece by piece. Raises Unavailable when it cannot be read."""

    def read_all(
        self, entries: Iterable[Entry], jobs: int = 2, needed: Needed | None = None
    ) -> Iterator[tuple[Entry, Iterator[bytes]]]:
        """The contents of many regular files in the order given; a driver that can unpack ahead does so by `jobs`
        threads, and gives zeros for what is not `needed` where that spares it work. Each content is to be used, as far
        as it is wanted, before the next file is asked for; it raises Unavailable as `chunks` does."""
        return ((entry, self.chunks(entry)) for entry in entries)

    def identity(self, path: str) -> Hashable | None:
        """What the names of one file, its hard links, have in common; None where that is not known."""
        return None

    def resolve(self, path: str) -> Entry | None:
        """The entry that a path leads to, links followed; None when it leads nowhere or in circles."""
        pending = [step for step in reversed(path.split("/")) if step not in ("", ".")]
        here = ""
        links = 0
        while pending:
            step = pending.pop()
            if step == "..":
                here = here.rpartition("/")[0]
                continue
            entry = self.lstat(join(here, step))
            if entry is None:
                return None
            if entry.kind is not Kind.SYMLINK:
                here = entry.path
                continue
            links += 1
            if links > LINK_LIMIT or entry.target is None:
                return None
            if entry.target.startswith("/"):
                here = ""
            pending.extend(part for part in reversed(entry.target.split("/")) if part not in ("", "."))
        return self.lstat(here) if here else ROOT

    def exists(self, path: str) -> bool:
        return self.resolve(path) is not None

    def is_file(self, path: str) -> bool:
        entry = self.resolve(path)
        return entry is not None and entry.kind is Kind.FILE

    def is_directory(self, path: str) -> bool:
        entry = self.resolve(path)
        return entry is not None and entry.kind is Kind.DIRECTORY

    def read(self, path: str, limit: int = READ_LIMIT) -> bytes | None:
        """The content of the regular file that a path leads to; None when there is none.

        Raises Unavailable when it is there and cannot be read, or is larger than `limit` bytes.
        """
        entry = self.resolve(path)
        if entry is None or entry.kind is not Kind.FILE:
            return None
        content = self._cache.get(entry.path)
        if content is None:
            content = self._load(entry, limit)
        else:
            self._cache.move_to_end(entry.path)
        if len(content) > limit:
            raise Unavailable(f"{entry.path} is larger than {limit} bytes")
        return content

    def text(self, path: str, limit: int = READ_LIMIT) -> str | None:
        """Like `read`, as text: UTF-8, any other byte kept as a surrogate escape, line ends as they are."""
        content = self.read(path, limit)
        return None if content is None else content.decode("utf-8", "surrogateescape")

    def list(self, path: str) -> tuple[str, ...]:
        """The sorted paths in the folder that a path leads to, under the path as it was given."""
        entry = self.resolve(path)
        if entry is None or entry.kind is not Kind.DIRECTORY:
            return ()
        return tuple(join(path, name) for name in self.names(entry.path))

    def glob(self, pattern: str) -> tuple[str, ...]:
        """The sorted paths that a shell pattern names (`*`, `?`, `[]`; no `**`), hidden names only if it says so."""
        found = [""]
        for step in pattern.strip("/").split("/"):
            if any(sign in step for sign in "*?["):
                found = [path for folder in found for path in self.list(folder) if _matches(path, step)]
            else:
                found = [join(folder, step) for folder in found]
        return tuple(path for path in found if self.lstat_through(path) is not None)

    def lstat_through(self, path: str) -> Entry | None:
        """The entry at a path whose folders may be links, its own last link not followed."""
        folder, _, name = path.rpartition("/")
        parent = self.resolve(folder)
        return None if parent is None or not name else self.lstat(join(parent.path, name))

    def _load(self, entry: Entry, limit: int) -> bytes:
        if entry.size > limit:
            raise Unavailable(f"{entry.path} is larger than {limit} bytes")
        pieces = []
        length = 0
        for chunk in self.chunks(entry):
            pieces.append(chunk)
            length += len(chunk)
            if length > limit:
                raise Unavailable(f"{entry.path} is larger than {limit} bytes")
        content = b"".join(pieces)
        self._cache[entry.path] = content
        self._cached += length
        while self._cached > CACHE_LIMIT:
            _, dropped = self._cache.popitem(last=False)
            self._cached -= len(dropped)
        return content


ROOT = Entry("", Kind.DIRECTORY, mode=0o755)
"""What `resolve` gives for the root of a tree, which `entries` does not list."""


def _matches(path: str, pattern: str) -> bool:
    name = path.rpartition("/")[2]
    return fnmatch.fnmatchcase(name, pattern) and (not name.startswith(".") or pattern.startswith("."))


class IndexedTree(Tree):
    """A tree whose entries are all known at once: what most file system drivers build on.

    Entries whose folder was not listed get it (an archive may leave folders out); a name listed twice is what was
    listed last, as when an archive is unpacked. Names `.` and `..` and empty ones are not names: such entries are left
    out and counted in `refused`.
    """

    def __init__(self, entries: Iterator[Entry]) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}
        self._names: dict[str, set[str]] = {"": set()}
        self.refused = 0
        for entry in entries:
            self._add(entry)
        # as by the list of its names, which no name can be below; the lists themselves would take gigabytes
        self._order = sorted(self._entries, key=lambda path: path.replace("/", "\0"))
        self._sorted_names: dict[str, tuple[str, ...]] = {}

    def _add(self, entry: Entry) -> None:
        folder, _, name = entry.path.rpartition("/")
        if folder in self._names and name not in ("", ".", "..") and "\0" not in name:  # so is nearly every entry
            self._names[folder].add(name)
            self._entries[entry.path] = entry
            if entry.kind is Kind.DIRECTORY:
                self._names.setdefault(entry.path, set())
            return
        steps = entry.path.split("/")
        if any(step in ("", ".", "..") or "\0" in step for step in steps):
            self.refused += 1
            return
        for depth in range(len(steps)):
            folder = "/".join(steps[:depth])
            if folder and folder not in self._entries:
                self._entries[folder] = Entry(folder, Kind.DIRECTORY, mode=0o755)
            self._names.setdefault(folder, set()).add(steps[depth])
        self._entries[entry.path] = entry
        if entry.kind is Kind.DIRECTORY:
            self._names.setdefault(entry.path, set())

    def entries(self) -> Iterator[Entry]:
        return (self._entries[path] for path in self._order)

    def lstat(self, path: str) -> Entry | None:
        return ROOT if path == "" else self._entries.get(path)

    def names(self, path: str) -> tuple[str, ...]:
        known = self._sorted_names.get(path)
        if known is None:
            known = tuple(sorted(self._names.get(path, ())))
            self._sorted_names[path] = known
        return known
