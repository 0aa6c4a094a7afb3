"""Reading a daemon's configuration with the files that it includes: each look bounded, each loss told."""

from collections.abc import Callable, Iterable, Iterator
from posixpath import dirname, join, normpath
from typing import TypeVar

from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

FILES_LIMIT = 200
"""Files that one daemon's configuration may include; more is a loop or a trap."""

DEPTH_LIMIT = 16
"""Includes within includes."""


Parsed = TypeVar("Parsed")


def each_file(
    tree: Tree,
    first: str,
    parse: Callable[[str], Parsed],
    leads_to: Callable[[Parsed], Iterable[str]],
    limit: int = FILES_LIMIT,
) -> Iterator[tuple[str, Parsed]]:
    """Path and content of the first file and of all that it leads to, each once, in the order in which they are named.

    Files that name each other come to an end. Raises Unavailable for one that cannot be read, or over `limit` files.
    """
    pending = [first]
    seen = {first}
    for path in pending:  # which grows meanwhile
        text = tree.text(path)
        if text is None:
            continue
        parsed = parse(text)
        yield path, parsed
        for found in leads_to(parsed):
            if found not in seen:
                seen.add(found)
                pending.append(found)
            if len(seen) > limit:
                raise Unavailable(f"{path} leads to more than {limit} files")


class ConfigurationFiles:
    """The files of one configuration. `unread` says what could not be read, one sentence each."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._read = 0
        self._open: list[str] = []
        self.unread: list[str] = []

    def main(self, path: str) -> str | None:
        """The text of the first file."""
        text = "" if inside(path) == "dev/null" else self._text(inside(path))
        if text is None:
            self.unread.append(f"{inside(path)} is not there")
        return text

    def included(self, pattern: str, by: Location, base: str) -> Iterator[tuple[str, str]]:
        """Path and text of each file that an include names; `base` is the folder of relative names.

        A pattern that matches nothing is no loss, a plain name that leads nowhere is.
        """
        name = inside(join("/" + base, pattern))
        paths = self._tree.glob(name)
        if not paths and not any(sign in pattern for sign in "*?["):
            self.unread.append(f"{name}, included at {by}, is not there")
        for path in paths:
            yield from self._enter(path, by)

    def folder(self, path: str, by: Location) -> Iterator[tuple[str, str]]:
        """Path and text of each file in a folder, hidden ones left out."""
        if not self._tree.is_directory(inside(path)):
            self.unread.append(f"{inside(path)}, included at {by}, is not there")
        for name in self._tree.list(inside(path)):
            if not name.rpartition("/")[2].startswith(".") and self._tree.is_file(name):
                yield from self._enter(name, by)

    def has_folder(self, path: str) -> bool:
        return self._tree.is_directory(inside(path))

    def lose(self, what: str) -> None:
        self.unread.append(what)

    def _enter(self, path: str, by: Location) -> Iterator[tuple[str, str]]:
        if path in self._open or len(self._open) >= DEPTH_LIMIT or self._read >= FILES_LIMIT:
            self.unread.append(f"{path}, included at {by}, goes in circles or too deep")
            return
        text = self._text(path)
        if text is None:
            return
        self._open.append(path)
        try:
            yield path, text
        finally:
            self._open.remove(path)

    def _text(self, path: str) -> str | None:
        self._read += 1
        try:
            return self._tree.text(path)
        except Unavailable as reason:
            self.unread.append(str(reason))
            return None


def inside(path: str) -> str:
    """A path as the tree knows it."""
    return normpath(path.strip().lstrip("/")).lstrip("/") if path.strip("/ ") else ""


def folder_of(path: str) -> str:
    return dirname(path)


def lines(text: str, comment: str = "#") -> Iterator[tuple[int, str]]:
    """The lines that say something, stripped, without whole-line comments."""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith(tuple(comment)):
            yield number, stripped


def unquoted(word: str) -> str:
    """A word without the quotes around it."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word
