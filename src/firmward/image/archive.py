"""Archives as trees: what tar, zip and cpio have in common.

An archive names its files in any spelling; here `./etc//passwd` and `/etc/passwd` are `etc/passwd`, and a name with
`..` in it is refused, since it could only be meant to leave the tree.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.problems import Problems
from firmward.image.source import Source
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, IndexedTree

NAME_LIMIT = 4096
"""Bytes of a path, as Linux has it (PATH_MAX)."""

MEASURED = 200_000
"""Members stepped over to find where an archive ends; a larger one is taken to reach to the end of the bytes."""

ATTRIBUTE_COST = 200
"""Bytes charged for an extended attribute, besides its value."""


class Content(ABC):
    """Where a file's bytes come from."""

    @abstractmethod
    def chunks(self) -> Iterator[bytes]:
        """The bytes. Raises Unavailable when they cannot be read."""

    def placed(self) -> tuple[Source, int | None] | None:
        """The bytes as they stand in the archive, and at which offset of it; None when they are not there as such."""
        return None


@dataclass(frozen=True, slots=True)
class Stored(Content):
    """Bytes that stand in the archive as they are; `own` says whether `source` is the archive itself."""

    source: Source
    offset: int
    size: int
    own: bool = True

    def chunks(self) -> Iterator[bytes]:
        window = self.source.slice(self.offset, self.size)
        yield from window.chunks()
        if window.size < self.size:
            raise Unavailable(f"cut off: {window.size} of {self.size} bytes are there")

    def placed(self) -> tuple[Source, int | None] | None:
        return self.source.slice(self.offset, self.size), self.offset if self.own else None


@dataclass(frozen=True, slots=True)
class Missing(Content):
    """Bytes that cannot be had, and why."""

    reason: str

    def chunks(self) -> Iterator[bytes]:
        raise Unavailable(self.reason)


@dataclass(frozen=True, slots=True)
class Member:
    """One name in an archive. `content` is None for what has none: folders, links, devices."""

    entry: Entry
    content: Content | None = None


class ArchiveTree(IndexedTree):
    """A tree over the members of an archive. What their reader cannot read it adds to the same `problems`."""

    def __init__(self, members: Iterable[Member], budget: Budget, problems: Problems) -> None:
        self._budget = budget
        self._problems = problems
        self._contents: dict[str, Content] = {}
        self._folder = ""
        super().__init__(self._entries_of(members))

    @property
    def problems(self) -> tuple[str, ...]:
        return self._problems.told

    def _entries_of(self, members: Iterable[Member]) -> Iterator[Entry]:
        try:
            for member in members:
                if not member.entry.path:  # the root itself, which a tree does not list
                    continue
                self._charge(member.entry)
                if member.content is not None:
                    self._contents[member.entry.path] = member.content
                yield member.entry
        except (BudgetExceeded, Damaged) as stop:  # what was listed until then is still worth judging
            self._problems.add(str(stop))

    def _charge(self, entry: Entry) -> None:
        """An entry's path and attributes, and the folders that the path implies, as the memory that they take."""
        self._budget.add_entry()
        path = entry.path
        folder = path.rpartition("/")[0]
        if folder != self._folder:  # neighbours share theirs
            self._folder = folder
            self._budget.expand(len(folder) * (folder.count("/") + 1) // 2)
        attributes = sum(len(name) + len(value) + ATTRIBUTE_COST for name, value in entry.xattrs)
        self._budget.expand(len(path) + attributes)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        content = self._contents.get(entry.path)
        if content is None:
            raise Unavailable(f"{entry.path} has no content")
        yield from content.chunks()

    def identity(self, path: str) -> Hashable | None:
        content = self._contents.get(path)
        return None if content is None else id(content)

    def placed(self, entry: Entry) -> tuple[Source, int | None] | None:
        content = self._contents.get(entry.path)
        return None if content is None else content.placed()


REFUSED = ".."
"""The path given to a name that cannot be one: a tree leaves it out and counts it."""


def tree_path(name: bytes) -> str:
    """A stored name as a path of the tree: "" for the root itself, REFUSED when it leads out or is no name."""
    if len(name) > NAME_LIMIT or b"\0" in name:
        return REFUSED
    steps = [step for step in name.decode("utf-8", "surrogateescape").split("/") if step not in ("", ".")]
    return REFUSED if ".." in steps else "/".join(steps)
