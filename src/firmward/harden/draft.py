"""A root file system with changes on top: read like any other tree, so that it can be judged before it is written.

Nothing is written anywhere, and what lies below stays as it is. A file that is changed loses what its content was
signed with (`security.ima`, `security.evm`) and the capabilities that were given to that content. What is added is
root's; where the owners of the tree were not kept, it is theirs who own all that is root's elsewhere.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from posixpath import join

from firmward.facts.writable import sole_owner
from firmward.model.tree import ROOT, Entry, Kind, Tree

CONTENT_LIMIT = 4 << 20
"""Bytes of one file that is written; configuration is far below."""
OF_CONTENT = "security."
FOLDER_MODE, FILE_MODE = 0o755, 0o644


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault of the program
    """A change that cannot be made here, with the reason, in words for whoever reads the report."""

    @property
    def reason(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Touched:
    """What became of one path: `before` is None for what was added, `after` for what was removed. Entries with other
    contents may be equal."""

    path: str
    before: Entry | None
    after: Entry | None


class Draft(Tree):
    """A tree over a tree."""

    def __init__(self, below: Tree) -> None:
        super().__init__()
        self.below = below
        self._root = sole_owner(below) or (0, 0)
        """User and group that stand for root."""
        self._above: dict[str, Entry | None] = {}
        """By path what stands there now; None for what was removed."""
        self._contents: dict[str, bytes] = {}
        self._razed: set[str] = set()
        """Folders that were removed: what lay in them stays gone when one of that name is made again."""

    def copy(self) -> "Draft":
        """One with the same changes, which goes its own way."""
        other = Draft(self.below)
        other._above, other._contents, other._razed = dict(self._above), dict(self._contents), set(self._razed)
        return other

    # ------------------------------------------------------------------ as a tree

    def entries(self) -> Iterator[Entry]:
        hiding = {path for path, entry in self._above.items() if _hides(entry)} | self._razed
        gone = tuple(f"{path}/" for path in hiding)
        found = {one.path: one for one in self.below.entries() if not one.path.startswith(gone)}
        for path, entry in self._above.items():
            if entry is None:
                found.pop(path, None)
            else:
                found[path] = entry
        return (found[path] for path in sorted(found, key=lambda path: path.replace("/", "\0")))

    def lstat(self, path: str) -> Entry | None:
        if path in self._above:
            return self._above[path]
        return None if self._is_gone(path) else self.below.lstat(path)

    def names(self, path: str) -> tuple[str, ...]:
        found = set() if self._is_hiding(path) or self._is_gone(path) else set(self.below.names(path))
        start = f"{path}/" if path else ""
        for one, entry in self._above.items():
            if one.startswith(start) and "/" not in one[len(start) :]:
                (found.discard if entry is None else found.add)(one[len(start) :])
        return tuple(sorted(found))

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        content = self._contents.get(entry.path)
        if content is not None:
            return iter((content,))
        lying = self.below.lstat(entry.path)
        return self.below.chunks(entry if lying is None else lying)

    def identity(self, path: str) -> Hashable | None:
        return None if path in self._contents else self.below.identity(path)

    def _is_gone(self, path: str) -> bool:
        """Whether a folder above it was removed, or is no folder any more."""
        steps = path.split("/")
        above = ("/".join(steps[:depth]) for depth in range(1, len(steps)))
        return any(self._is_hiding(folder) for folder in above)

    def _is_hiding(self, path: str) -> bool:
        """Whether what lies below at a path cannot be reached any more."""
        return path in self._razed or (path in self._above and _hides(self._above[path]))

    # ------------------------------------------------------------------ changes

    def write(
        self, path: str, content: str | bytes, mode: int | None = None, uid: int | None = None, gid: int | None = None
    ) -> None:
        """Give the file that a path leads to this content; a new one is root's, mode 0644, and so are its folders.
        Raises Refused."""
        data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        if len(data) > CONTENT_LIMIT:
            raise Refused(f"{path} would have more than {CONTENT_LIMIT} bytes")
        there = self.resolve(path)
        if there is not None and there.kind is not Kind.FILE:
            raise Refused(f"{path} is a {there.kind}")
        if there is not None and there.size == len(data) and self.read(there.path, len(data)) == data:
            self._owned(there, mode, uid, gid)
            return
        found = there or self._new(path, Kind.FILE, FILE_MODE)
        kept = tuple(one for one in found.xattrs if not one[0].startswith(OF_CONTENT))
        self._put(self._with_owner(replace(found, size=len(data), xattrs=kept), mode, uid, gid))
        self._contents[found.path] = data

    def link(self, path: str, target: str) -> None:
        """Raises Refused."""
        place = self.lstat_through(path)
        if place is not None and place.kind not in (Kind.SYMLINK, Kind.FILE):
            raise Refused(f"{path} is a {place.kind}")
        if place is not None and place.kind is Kind.SYMLINK and place.target == target:
            return
        found = self._new(path, Kind.SYMLINK, 0o777) if place is None else self._roots(place.path, Kind.SYMLINK, 0o777)
        self._contents.pop(found.path, None)
        self._put(replace(found, target=target))

    def folder(self, path: str, mode: int = FOLDER_MODE, uid: int = 0, gid: int = 0) -> None:
        """Make one that is not there, with those above it. Raises Refused."""
        there = self.resolve(path)
        if there is not None and there.kind is not Kind.DIRECTORY:
            raise Refused(f"{path} is a {there.kind}")
        if there is None:
            self._put(self._with_owner(self._new(path, Kind.DIRECTORY, mode), mode, uid, gid))

    def remove(self, path: str) -> None:
        """A file, a link itself, or a folder with all in it. Raises Refused where nothing is."""
        place = self.lstat_through(path)
        if place is None:
            raise Refused(f"{path} is not there")
        if place.path == "":
            raise Refused("the root itself is not removed")
        inside = f"{place.path}/"
        for path_above in [one for one in self._above if one.startswith(inside)]:
            del self._above[path_above]
            self._contents.pop(path_above, None)
        self._contents.pop(place.path, None)
        self._razed = {one for one in self._razed if not one.startswith(inside)}
        self._forget()
        if self.below.lstat(place.path) is None:
            del self._above[place.path]
        else:
            self._above[place.path] = None
            if place.kind is Kind.DIRECTORY:
                self._razed.add(place.path)

    def set_mode(self, path: str, mode: int, uid: int | None = None, gid: int | None = None) -> None:
        """Of what a path leads to. Raises Refused where nothing is."""
        there = self.resolve(path)
        if there is None:
            raise Refused(f"{path} is not there")
        self._owned(there, mode, uid, gid)

    def remove_attribute(self, path: str, name: str) -> None:
        """An extended attribute of what a path leads to. Raises Refused where nothing is."""
        there = self.resolve(path)
        if there is None:
            raise Refused(f"{path} is not there")
        kept = tuple(one for one in there.xattrs if one[0] != name)
        if kept != there.xattrs:
            self._put(replace(there, xattrs=kept))

    def _owned(self, entry: Entry, mode: int | None, uid: int | None, gid: int | None) -> None:
        changed = self._with_owner(entry, mode, uid, gid)
        if changed != entry:
            self._put(changed)

    def _with_owner(self, entry: Entry, mode: int | None, uid: int | None, gid: int | None) -> Entry:
        return replace(
            entry,
            mode=entry.mode if mode is None else mode,
            uid=entry.uid if uid is None else uid or self._root[0],
            gid=entry.gid if gid is None else gid or self._root[1],
        )

    def _roots(self, path: str, kind: Kind, mode: int) -> Entry:
        return Entry(path, kind, mode, *self._root)

    def _new(self, path: str, kind: Kind, mode: int) -> Entry:
        """An entry for a name that is not taken, its folders made. Raises Refused."""
        steps = [step for step in path.split("/") if step not in ("", ".")]
        if not steps or ".." in steps or "\0" in path:
            raise Refused(f"{path!r} is no place in the root")
        lying = self.lstat_through(path)
        if lying is not None and lying.kind is Kind.SYMLINK:
            raise Refused(f"{path} is a link to {lying.target}, which is not there")
        folder = ROOT
        for depth in range(1, len(steps)):
            inner = self.resolve(join(folder.path, steps[depth - 1]))
            if inner is None and self.lstat_through(join(folder.path, steps[depth - 1])) is not None:
                raise Refused(f"{join(folder.path, steps[depth - 1])} is a link to what is not there")
            if inner is None:
                inner = self._roots(join(folder.path, steps[depth - 1]), Kind.DIRECTORY, FOLDER_MODE)
                self._put(inner)
            if inner.kind is not Kind.DIRECTORY:
                raise Refused(f"{inner.path} is a {inner.kind}")
            folder = inner
        return self._roots(join(folder.path, steps[-1]), kind, mode)

    def _put(self, entry: Entry) -> None:
        self._above[entry.path] = entry
        dropped = self._cache.pop(entry.path, None)
        self._cached -= 0 if dropped is None else len(dropped)

    # ------------------------------------------------------------------ what was done

    def touched(self) -> Iterator[Touched]:
        """All paths that differ, in order; of a folder that was removed what was in it too."""
        for path in sorted(self._above, key=lambda path: path.replace("/", "\0")):
            before, after = self.below.lstat(path), self._above[path]
            if before is not None and before.kind is Kind.DIRECTORY and self._is_hiding(path):
                inside = f"{path}/"
                for one in self.below.entries():
                    if one.path.startswith(inside) and self.lstat(one.path) is None:
                        yield Touched(one.path, one, None)
            if before != after or path in self._contents:
                yield Touched(path, before, after)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """All that is changed within is taken back when something is refused."""
        above, contents, razed = dict(self._above), dict(self._contents), set(self._razed)
        try:
            yield
        except Refused:
            self._above, self._contents, self._razed = above, contents, razed
            self._forget()
            raise

    def _forget(self) -> None:
        """What was read of files is not kept: other files may stand there."""
        self._cache.clear()
        self._cached = 0


def _hides(entry: Entry | None) -> bool:
    """Whether what stood below a path cannot be reached there any more."""
    return entry is None or entry.kind is not Kind.DIRECTORY
