"""A root with files put over it, read like any other tree. What lay at their places lies there no more."""

from collections.abc import Hashable, Iterator, Mapping
from posixpath import dirname

from firmward.model.errors import InputError
from firmward.model.tree import Entry, IndexedTree, Kind, Tree


class Over(IndexedTree):
    """`files` by path, with their mode, and root's; `owned` are folders of which nothing is kept that lies below."""

    def __init__(self, below: Tree, files: Mapping[str, tuple[bytes, int]], owned: tuple[str, ...], mtime: int) -> None:
        """Raises InputError where a file has no place."""
        self._below = below
        self._contents = {_place(below, path): content for path, (content, _) in files.items()}
        modes = {_place(below, path): mode for path, (_, mode) in files.items()}
        gone = tuple(f"{_place(below, path)}/" for path in owned)
        kept = [one for one in below.entries() if one.path not in self._contents and not one.path.startswith(gone)]
        known = {one.path for one in kept}
        folders = {folder for path in self._contents for folder in _above(path)} - known
        made = [Entry(path, Kind.DIRECTORY, 0o755, mtime=mtime) for path in sorted(folders)]
        made += [
            Entry(path, Kind.FILE, modes[path], size=len(data), mtime=mtime) for path, data in self._contents.items()
        ]
        super().__init__(iter([*kept, *made]))

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        content = self._contents.get(entry.path)
        return self._below.chunks(entry) if content is None else iter((content,))

    def identity(self, path: str) -> Hashable | None:
        return None if path in self._contents else self._below.identity(path)


def _place(below: Tree, path: str) -> str:
    """Where a path leads whose folders may be links, or may not be there yet."""
    folder, _, name = path.rpartition("/")
    while folder:
        found = below.resolve(folder)
        if found is not None and found.kind is not Kind.DIRECTORY:
            raise InputError(f"/{folder} is a {found.kind}, and the update client goes below it")
        if found is not None:
            return f"{found.path}/{name}".lstrip("/")
        if below.lstat_through(folder) is not None:
            raise InputError(f"/{folder} is a link that leads nowhere, and the update client goes below it")
        folder, _, last = folder.rpartition("/")
        name = f"{last}/{name}"
    return name


def _above(path: str) -> Iterator[str]:
    while path := dirname(path):
        yield path
