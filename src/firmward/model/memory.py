"""A tree written down: the fixtures of checks and tests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmward.model.tree import Entry, IndexedTree, Kind


@dataclass(frozen=True, slots=True)
class Node:
    """A file, folder, link or device with more than a content. A `target` makes it a link."""

    content: str | bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    target: str | None = None
    kind: Kind = Kind.FILE
    xattrs: tuple[tuple[str, bytes], ...] = ()


Content = str | bytes | Node


def link(target: str) -> Node:
    return Node(target=target, kind=Kind.SYMLINK, mode=0o777)


def executable(content: str | bytes, mode: int = 0o755) -> Node:
    return Node(content, mode=mode)


class MemoryTree(IndexedTree):
    """A tree from a mapping of path to content."""

    def __init__(self, files: Mapping[str, Content]) -> None:
        nodes = {
            path.strip("/"): content if isinstance(content, Node) else Node(content) for path, content in files.items()
        }
        self._contents = {path: _bytes(node.content) for path, node in nodes.items()}
        super().__init__(self._entry(path, node) for path, node in nodes.items())

    def _entry(self, path: str, node: Node) -> Entry:
        size = len(self._contents[path])
        return Entry(path, node.kind, node.mode, node.uid, node.gid, size, target=node.target, xattrs=node.xattrs)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        yield self._contents[entry.path]


def _bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
