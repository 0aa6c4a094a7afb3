"""cpio archives, read as the kernel reads an initramfs.

An initramfs is a row of archives, plain or compressed, with zeros between them; each is unpacked over the ones before.
So the parts behind the first archive (the system behind the processor's microcode) belong to the same tree.
"""

import stat
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice

from firmward.formats import cpio
from firmward.image import catalogue
from firmward.image.archive import MEASURED, NAME_LIMIT, REFUSED, ArchiveTree, Member, Stored, tree_path
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.problems import Problems
from firmward.image.source import Source
from firmward.model.tree import KINDS, Entry, Kind, Tree

PADDING = 16 << 20
"""Zero bytes looked through between two archives."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One archive or compressed stream of the row, by where it begins and ends."""

    start: int
    end: int
    compression: Format | None = None
    whole: bool = True


def segments(source: Source) -> Iterator[Segment]:
    """The row, as far as headers tell: a stream without a length is taken to run to the end."""
    start: int | None = 0
    while start is not None:
        segment = _segment(source, start)
        if segment is None:
            return
        yield segment
        start = _written(source, segment.end)


def _segment(source: Source, start: int) -> Segment | None:
    end, whole = start, False
    for member in cpio.members(source.read, start):
        end, whole = member.end, member.name == cpio.TRAILER
    if end > start:
        return Segment(start, min(end, source.size), whole=whole and end <= source.size + 3)
    window = source.slice(start)
    found = catalogue.identify(window, catalogue.wrappers()) if start else None
    return None if found is None else Segment(start, start + found[1], found[0])


def _written(source: Source, end: int) -> int | None:
    """Where the next archive may begin behind zeros; None at the end."""
    for offset in range(end, min(end + PADDING, source.size), 1 << 16):
        piece = source.read(offset, 1 << 16)
        written = piece.lstrip(b"\0")
        if written:
            return offset + len(piece) - len(written)
    return None


def _begins(source: Source) -> bool:
    """Whether an archive begins here; two bytes of magic are too common, so that the old form needs two members."""
    start = list(islice(cpio.members(source.read, 0), 2))
    if not start or any(stat.S_IFMT(one.mode) not in KINDS and one.name != cpio.TRAILER for one in start):
        return False
    return len(start) == 2 or start[0].name == cpio.TRAILER or source.read(0, 2) not in cpio.BINARY


def measure(source: Source) -> int | None:
    if not _begins(source):
        return None
    if next(islice(cpio.members(source.read, 0), MEASURED, None), None) is not None:
        return source.size
    end = 0
    for segment in segments(source):
        end = segment.end
    return end or None


def end(source: Source, budget: Budget) -> int:
    """Like `measure`, but compressed streams without a length are read through."""
    finish = 0
    for segment in segments(source):
        budget.check_time()
        finish = segment.end
        if segment.compression is not None and segment.compression.end is not None:
            return segment.start + segment.compression.end(source.slice(segment.start), budget)
    return finish


def open_cpio(source: Source, budget: Budget) -> ArchiveTree:
    problems = Problems()
    return ArchiveTree(_members(source, budget, problems), budget, problems)


def _members(source: Source, budget: Budget, problems: Problems) -> Iterator[Member]:
    start: int | None = 0
    while start is not None:
        end, whole = yield from _archive(source, start, own=True)
        if end == start:
            segment = _segment(source, start)
            if segment is None:
                return
            end = segment.end
            if segment.compression is not None:
                packed = source.slice(start, end - start)
                yield from _packed(packed, start, segment.compression, budget, problems)
        elif not whole:
            problems.add(f"the archive at byte {start} is cut off or damaged")
        start = _written(source, end)


def _packed(packed: Source, start: int, compression: Format, budget: Budget, problems: Problems) -> Iterator[Member]:
    """The members of the archives in a compressed part of the row."""
    inner = _expanded(packed, compression, budget, problems)
    for part in segments(inner):
        if part.compression is None:
            yield from _archive(inner, part.start, own=False)
        if not part.whole or part.compression is not None:
            problems.add(f"the archive inside the compressed part at byte {start} cannot be read wholly")


def _expanded(packed: Source, compression: Format, budget: Budget, problems: Problems) -> Source:
    """What a compressed part of the row holds. Raises Damaged when nothing comes out."""
    opened = compression.open(packed, budget)
    child = None if isinstance(opened, Tree) else next(opened, None)
    if child is None or child.source is None:
        raise Damaged(f"the {compression.name} part holds nothing")
    if child.problem:
        problems.add(f"the {compression.name} part is {child.problem}")
    return child.source


def _archive(source: Source, start: int, *, own: bool) -> Generator[Member, None, tuple[int, bool]]:
    """The members of one archive; returns where it ends and whether it is whole.

    Hard links come last, since the data may stand at any one of them.
    """
    linked: dict[tuple[int, int, int], list[cpio.Member]] = {}
    end, whole = start, False
    for member in cpio.members(source.read, start):
        end, whole = member.end, member.name == cpio.TRAILER and member.size == 0
        if whole:
            break
        if member.links > 1 and stat.S_ISREG(member.mode):
            linked.setdefault(member.inode, []).append(member)
        else:
            yield _member(source, member, member, own)
    for links in linked.values():
        holder = max(links, key=lambda link: link.size)
        for link in links:
            yield _member(source, link, holder, own)
    return min(end, source.size), whole and end <= source.size + 3


def _member(source: Source, member: cpio.Member, holder: cpio.Member, own: bool) -> Member:
    """`holder` is the member that has the data: itself, or the one of its hard links that carries it."""
    kind = KINDS.get(stat.S_IFMT(member.mode))
    path = tree_path(member.name)
    entry = Entry(
        REFUSED if kind is None else path,
        kind or Kind.FILE,
        stat.S_IMODE(member.mode),
        member.uid,
        member.gid,
        holder.size if kind is Kind.FILE else 0,
        member.mtime,
        _target(source, member) if kind is Kind.SYMLINK else None,
        member.device if kind in (Kind.CHARACTER, Kind.BLOCK) else None,
    )
    return Member(entry, Stored(source, holder.data, holder.size, own) if kind is Kind.FILE else None)


def _target(source: Source, member: cpio.Member) -> str:
    return source.read(member.data, min(member.size, NAME_LIMIT)).rstrip(b"\0").decode("utf-8", "surrogateescape")


ABOUT = About(
    title="cpio archive",
    reads="newc, newc with checksum, odc and both old binary orders; several archives behind each other.",
    limits="Checksums are not verified; no extended attributes.",
    witness="GNU cpio",
)

FORMAT = Format(
    "cpio",
    tuple(Magic(magic) for magic in (cpio.NEWC, cpio.CRC, cpio.ODC, *cpio.BINARY)),
    measure,
    open_cpio,
    ABOUT,
    end=end,
)
