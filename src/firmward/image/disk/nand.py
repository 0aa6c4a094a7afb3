"""Raw NAND flash read with its out-of-band bytes: behind each page stand its spare bytes, and both are in the dump.

Nothing in such a dump says so, and every header in it still begins with its magic. It is proven by content alone: a
UBI, squashfs, uImage or device tree that does not read right as the bytes stand, and does once the spare bytes of a
known kind of flash are left out. Of several that fit, the one whose spares begin with the mark of good blocks counts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.formats import fdt, squashfs, ubi, uimage
from firmward.formats.malformed import Malformed
from firmward.formats.yaffs2 import SHAPES
from firmward.image.block_codecs import CODECS
from firmward.image.budget import Budget, Damaged
from firmward.image.carve import carve
from firmward.image.filesystem import yaffs2
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import CHUNK, Source
from firmward.model.tree import Kind

SEARCHED = 64 << 20
"""Bytes of a dump that are searched for something that proves it."""
TRIED = 4
"""Hits of one magic that are tried."""
IMAGE_LIMIT = 8 << 20
"""Bytes of a uImage whose checksum is computed."""
ERASE_BLOCKS = tuple(1 << power for power in range(13, 23))
"""Bytes that an erase block may have without its spares."""
MARKED = 64
"""Pages whose mark of good blocks is looked at."""

_FREE = b"\xff" * 8
"""What the spare of a page begins with where Linux lays out the spare: the mark, then bytes that nobody uses."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Bytes of a page and of the spare behind it."""

    page: int
    spare: int

    @property
    def step(self) -> int:
        return self.page + self.spare


class Pages(Source):
    """The pages of a dump one behind the other, read where they stand; an incomplete last page is left out."""

    def __init__(self, dump: Source, layout: Layout) -> None:
        self._dump = dump
        self._layout = layout
        self.size = dump.size // layout.step * layout.page

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        page, step = self._layout.page, self._layout.step
        end = min(offset + length, self.size)
        first = offset // page
        data = memoryview(self._dump.read(first * step, (-(-end // page) - first) * step))
        whole = b"".join(data[at : at + page] for at in range(0, len(data), step))
        return whole[offset - first * page : end - first * page]

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        stop = self.size if end is None else min(end, self.size)
        for offset in range(max(start, 0), stop, CHUNK):
            found = self.read(offset, min(CHUNK + len(needle) - 1, stop - offset)).find(needle)
            if found >= 0:
                return offset + found
        return -1


def _is_ubi(source: Source) -> bool:
    """Two counters at the distance of an erase block, and the first one's identifier unless the block is free.

    The table of volumes is many pages long, so that it tells apart kinds of flash with as much spare to a page.
    """
    block = ubi.parse_counter(source.read(0, ubi.HEADER_SIZE))
    sizes = (size for size in ERASE_BLOCKS if ubi.parse_counter(source.read(size, ubi.HEADER_SIZE)))
    size = next(sizes, None)
    if block is None or size is None:
        return False
    head = source.read(block.identifier, ubi.HEADER_SIZE)
    found = ubi.parse_identifier(head)
    if found is None:
        return not head.strip(b"\xff")
    if found.volume != ubi.LAYOUT:
        return True
    count = min(ubi.VOLUMES, max(size - block.data, 0) // ubi.RECORD_SIZE)
    table = source.read(block.data, count * ubi.RECORD_SIZE)
    rows = (table[at : at + ubi.RECORD_SIZE] for at in range(0, len(table), ubi.RECORD_SIZE))
    return all(ubi.checksum(row[:168]) == int.from_bytes(row[168:], "big") for row in rows)


def _is_squashfs(source: Source) -> bool:
    """The inode of the root and the table of owners, which stand at the end."""
    try:
        superblock = squashfs.parse_superblock(source.read(0, squashfs.SUPERBLOCK_SIZE))
        image = squashfs.Squashfs(superblock, source.read, CODECS[squashfs.COMPRESSORS[superblock.compressor]])
        image.owner(0)
        return image.inode(superblock.root).kind is Kind.DIRECTORY
    except Malformed:
        return False


def _is_uimage(source: Source) -> bool:
    try:
        header = uimage.parse_header(source.read(0, uimage.HEADER_SIZE))
        fits = 0 < header.size <= min(IMAGE_LIMIT, source.size - uimage.HEADER_SIZE)
        return fits and uimage.holds(source.read, header)
    except Malformed:
        return False


def _is_device_tree(source: Source) -> bool:
    try:
        return fdt.DeviceTree(source.read).header.total <= source.size
    except Malformed:
        return False


PROOFS: dict[bytes, Callable[[Source], bool]] = {
    ubi.COUNTER: _is_ubi,
    squashfs.MAGIC: _is_squashfs,
    uimage.MAGIC: _is_uimage,
    fdt.MAGIC: _is_device_tree,
}
"""By its magic, whether something reads right from its start to where pages long before its end do not help."""


def find_layout(source: Source) -> Layout | None:
    """The pages and spares that what lies in a dump proves; None when nothing does."""
    proof = PROOFS.get(source.read(0, 4))
    if proof is not None:
        return _proven(source, 0, proof)
    layouts = [layout for layout in LAYOUTS if source.size and not source.size % layout.step]
    for magic, later_proof in PROOFS.items() if layouts else ():
        for place in _places(source, magic):
            found = _proven(source, place, later_proof)
            if found is not None:
                return found
    return None


def _places(source: Source, magic: bytes) -> Iterator[int]:
    place = -1
    for _ in range(TRIED):
        place = source.find(magic, place + 1, min(source.size, SEARCHED))
        if place < 0:
            return
        yield place


def _proven(source: Source, place: int, proof: Callable[[Source], bool]) -> Layout | None:
    """The layout under which what begins at `place` reads right; None when it does as it stands."""
    window = source.slice(place)
    fitting = [layout for layout in LAYOUTS if place % layout.step == 0 and window.size >= 2 * layout.step]
    if not fitting or proof(window):
        return None
    proven = [layout for layout in fitting if proof(Pages(window, layout))]
    return max(proven, key=lambda layout: _marks(window, layout)) if proven else None


def _marks(source: Source, layout: Layout) -> int:
    """Written pages whose spare has the mark of a good block: its first byte, the sixth where pages are small."""
    at = 5 if layout.page == 512 else 0
    count = 0
    for start in range(0, source.size, layout.step)[:MARKED]:
        data = source.read(start, layout.step)
        count += bool(data[: layout.page].strip(b"\xff")) and data[layout.page + at : layout.page + at + 1] == b"\xff"
    return count


def measure(source: Source) -> int | None:
    layout = find_layout(source)
    return None if layout is None else source.size // layout.step * layout.step


def open_nand(source: Source, budget: Budget) -> Iterator[Child]:
    layout = find_layout(source)
    if layout is None:
        raise Damaged("nothing in it proves pages with spare bytes")
    yield Child("data", Pages(source, layout))
    yield from (one.child(source) for one in carve(source, budget, among=(yaffs2.FORMAT,)))  # needs the spares
    raise Damaged(
        f"raw NAND, pages of {layout.page} with {layout.spare} bytes of spare each; error correction is not applied"
    )


LAYOUTS = tuple(Layout(page, spare) for page, spare in SHAPES)

ABOUT = About(
    title="Raw NAND with its spare bytes",
    reads="Pages of 512 to 16384 bytes with 16 to 512 bytes of spare behind each, which are left out: the pages are "
    "read where they stand. A YAFFS2 is read with its spares.",
    limits="Known only where a UBI, squashfs, uImage (to 8 MiB) or device tree in it reads right without the spares "
    "and not with them: what fits into one page (the tree of a FIT whose images lie behind it) proves nothing. Error "
    "correction is not applied, and the part says so.",
    witness="ubinize, mksquashfs and mkimage make what the tests put into pages",
)

FORMAT = Format(
    "nand-with-oob",
    (
        Magic(ubi.COUNTER),
        Magic(squashfs.MAGIC),
        Magic(fdt.MAGIC + b"\0"),
        *(Magic(mark, page) for page in sorted({page for page, _ in SHAPES}) for mark in (_FREE, _FREE[:2])),
    ),
    measure,
    open_nand,
    ABOUT,
    carve=False,
)
