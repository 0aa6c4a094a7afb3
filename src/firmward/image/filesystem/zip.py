"""zip archives as trees: stored, deflated and bzip2 members, read in place.

Members whose data overlap are how zip bombs are made; of those only the first is readable.
"""

import bz2
import stat
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats import zip as container
from firmward.image import inflate, stream
from firmward.image.archive import NAME_LIMIT, ArchiveTree, Content, Member, Missing, Stored, tree_path
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.problems import Problems
from firmward.image.source import Source
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind

STORED, DEFLATED, BZIP2 = 0, 8, 12


CODECS = {
    DEFLATED: stream.Codec(lambda: stream.Inflate(inflate.BARE), inflate.ERRORS, lambda _: False),
    BZIP2: stream.Codec(bz2.BZ2Decompressor, (OSError, ValueError, EOFError), lambda _: False),
}


@dataclass(frozen=True, slots=True)
class Packed(Content):
    """Compressed bytes; never more come out than the archive says."""

    source: Source
    codec: stream.Codec
    size: int

    def chunks(self) -> Iterator[bytes]:
        left = self.size
        try:
            for piece in stream.pieces(self.source, self.codec):
                if len(piece) > left:
                    raise Unavailable(f"expands to more than the {self.size} bytes the archive says")
                left -= len(piece)
                yield piece
        except self.codec.errors as error:
            raise Unavailable(f"damaged: {error}") from error
        if left:
            raise Unavailable(f"cut off: {self.size - left} of {self.size} bytes are there")


def _directory(source: Source) -> container.Directory | None:
    return container.find_directory(source.read, source.find_last, source.size)


def measure(source: Source) -> int | None:
    if source.read(0, 4) not in (container.LOCAL, container.END):
        return None
    directory = _directory(source)
    return None if directory is None else directory.end


def open_zip(source: Source, budget: Budget) -> ArchiveTree:
    directory = _directory(source)
    if directory is None:
        raise Damaged("the directory at the end of the archive is missing")
    problems = Problems()
    return ArchiveTree(_members(source, directory, problems), budget, problems)


def _members(source: Source, directory: container.Directory, problems: Problems) -> Iterator[Member]:
    listed = 0
    taken = _Taken()
    for stored in container.members(source.read, directory):
        listed += 1
        yield _member(source, stored, taken)
    if listed < directory.count:
        problems.add(f"the directory is damaged: {listed} of {directory.count} names are there")


def _member(source: Source, stored: container.Member, taken: "_Taken") -> Member:
    mode = stored.unix or (0o755 | stat.S_IFDIR if stored.name.endswith(b"/") else 0o644 | stat.S_IFREG)
    kind = _kind(mode, stored.name)
    content = _content(source, stored, taken)
    target = None
    if kind is Kind.SYMLINK:
        target = _target(content, stored)
    entry = Entry(
        tree_path(stored.name),
        kind,
        stat.S_IMODE(mode),
        size=stored.size if kind is Kind.FILE else 0,
        target=target,
    )
    return Member(entry, content if kind is Kind.FILE else None)


def _kind(mode: int, name: bytes) -> Kind:
    if stat.S_ISLNK(mode):
        return Kind.SYMLINK
    return Kind.DIRECTORY if stat.S_ISDIR(mode) or name.endswith(b"/") else Kind.FILE


def _target(content: Content, stored: container.Member) -> str | None:
    if stored.size > NAME_LIMIT:
        return None
    try:
        return b"".join(content.chunks()).decode("utf-8", "surrogateescape")
    except Unavailable:
        return None


def _content(source: Source, stored: container.Member, taken: "_Taken") -> Content:
    start = container.data_offset(source.read, stored)
    if stored.encrypted:
        return Missing("encrypted")
    if start is None:
        return Missing("its header in the archive is missing")
    if not taken.claim(stored.header, start + stored.packed):
        return Missing("its data overlaps another file's")
    if stored.method == STORED:
        return Stored(source, start, min(stored.size, stored.packed))
    codec = CODECS.get(stored.method)
    if codec is None:
        return Missing(f"compressed with method {stored.method}, which is not supported")
    return Packed(source.slice(start, stored.packed), codec, stored.size)


class _Taken:
    """The byte ranges that members have claimed."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def claim(self, start: int, end: int) -> bool:
        """Whether the range was free; it is taken from now on."""
        place = bisect_right(self._starts, start)
        if (place and self._ends[place - 1] > start) or (place < len(self._starts) and self._starts[place] < end):
            return False
        self._starts.insert(place, start)
        self._ends.insert(place, end)
        return True


ABOUT = About(
    title="zip archive",
    reads="Stored and deflated members, modes and links as Info-ZIP writes them.",
    limits="Encrypted members and other compressions are unreadable; no 64-bit archives split over files.",
    witness="Info-ZIP",
)

FORMAT = Format("zip", (Magic(container.LOCAL), Magic(container.END)), measure, open_zip, ABOUT, carve=False)
