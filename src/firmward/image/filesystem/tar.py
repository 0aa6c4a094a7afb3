"""tar archives as trees."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.formats import tar
from firmward.formats.malformed import Malformed
from firmward.image.archive import MEASURED, REFUSED, ArchiveTree, Content, Member, Missing, Stored, tree_path
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.problems import Problems
from firmward.image.source import CHUNK, Source
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind

KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"S": Kind.FILE,
    b"1": Kind.FILE,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER,
    b"4": Kind.BLOCK,
    b"5": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}

PIECE_COST = 150
"""Bytes charged for a piece of a sparse file."""

SPARSE_FILE_LIMIT = 1 << 40
"""Bytes of a sparse file that is still read; a larger one only says so."""


@dataclass(frozen=True, slots=True)
class Sparse(Content):
    """A file whose zeros were left out."""

    source: Source
    pieces: tuple[tuple[int, int, int], ...]
    size: int

    def chunks(self) -> Iterator[bytes]:
        if self.size > SPARSE_FILE_LIMIT:
            raise Unavailable(f"a sparse file of {self.size} bytes")
        position = 0
        for offset, place, size in self.pieces:
            if offset < position or offset + size > self.size:
                raise Unavailable("the map of the sparse file makes no sense")
            yield from _zeros(offset - position)
            yield from Stored(self.source, place, size).chunks()
            position = offset + size
        yield from _zeros(self.size - position)


def _zeros(size: int) -> Iterator[bytes]:
    for offset in range(0, size, CHUNK):
        yield bytes(min(CHUNK, size - offset))


def measure(source: Source) -> int | None:
    if not tar.checksum_holds(source.read(0, tar.BLOCK)):
        return None
    end = tar.BLOCK
    try:
        for count, member in enumerate(tar.members(source.read, source.size)):
            end = member.data + member.stored
            if count > MEASURED:
                return source.size
    except Malformed:
        return source.size
    end += -end % tar.BLOCK
    padding = source.first_written(end)  # records of 10 KiB: what follows is zeros
    return source.size if padding is None else min(end + 2 * tar.BLOCK, source.size)


def open_tar(source: Source, budget: Budget) -> ArchiveTree:
    return ArchiveTree(_members(source, budget), budget, Problems())


def _members(source: Source, budget: Budget) -> Iterator[Member]:
    known: dict[str, Member] = {}
    try:
        for stored in tar.members(source.read, source.size):
            budget.expand(PIECE_COST * len(stored.pieces or ()))
            member = _member(source, stored, known)
            if member is not None:
                known[member.entry.path] = member
                yield member
    except Malformed as error:
        raise Damaged(f"cut off or damaged: {error}") from error


def _member(source: Source, stored: tar.Member, known: dict[str, Member]) -> Member | None:
    kind = KINDS.get(stored.type)
    if kind is None:  # a volume label, a GNU directory listing: names no file
        return None
    path = tree_path(stored.name)
    if kind is Kind.FILE and stored.name.endswith(b"/") and stored.type in b"\0" + b"0":  # how old tars write a folder
        kind = Kind.DIRECTORY
    entry = Entry(
        path,
        kind,
        stored.mode,
        stored.uid,
        stored.gid,
        stored.size if kind is Kind.FILE else 0,
        stored.mtime,
        stored.link.decode("utf-8", "surrogateescape") if kind is Kind.SYMLINK else None,
        stored.device if kind in (Kind.CHARACTER, Kind.BLOCK) else None,
        stored.xattrs,
    )
    if stored.type == b"1":
        return _hard_link(entry, tree_path(stored.link), known)
    return Member(entry, _content(source, stored) if kind is Kind.FILE else None)


def _hard_link(entry: Entry, target: str, known: dict[str, Member]) -> Member:
    """A hard link is another name of what was listed before."""
    original = known.get(target)
    if original is None or target == REFUSED:
        return Member(entry, Missing("a hard link to a file that is not in the archive"))
    return Member(replace(original.entry, path=entry.path), original.content)


def _content(source: Source, stored: tar.Member) -> Content:
    if stored.pieces is None:
        return Stored(source, stored.data, stored.size)
    return Sparse(source, stored.pieces, stored.size)


ABOUT = About(
    title="tar archive",
    reads="ustar, GNU and pax headers, extended attributes, sparse members, several archives behind each other.",
    limits="Members that were cut off are unreadable, the rest stays.",
    witness="GNU tar, Python's tarfile",
)

FORMAT = Format("tar", (Magic(b"ustar", 257),), measure, open_tar, ABOUT)
