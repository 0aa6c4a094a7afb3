"""Squashfs 4.0 in place: the listing is read at once, contents block by block when asked for.

docs/adr/002-squashfs-reader.md says why the reader is our own. What is damaged inside (a folder, an inode, a block)
does not lose the rest: `problems` tells what is missing from the listing, `chunks` raises for contents.

Makers changed compressors and left the superblock as it was. Where the root folder cannot be read by what the
superblock names, the other ways are tried on it, and the first by which it can be is the whole image's.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import NamedTuple

from firmward.formats.malformed import Malformed
from firmward.formats.squashfs import (
    COMPRESSORS,
    MAGIC,
    NO_XATTR,
    SUPERBLOCK_SIZE,
    Block,
    Inode,
    Reference,
    Squashfs,
    Superblock,
    Unpack,
    parse_superblock,
)
from firmward.image.block_codecs import CODECS, STARTS, unpack_xz
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Format, Magic
from firmward.image.source import Source
from firmward.image.vendor_lzma import UNPACKS
from firmward.image.walk import Walk
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, IndexedTree, Kind, Needed

AHEAD = 16 << 20
"""Bytes that `read_all` unpacks before they are asked for."""
AHEAD_PIECES = 4096
"""The same in pieces, since many files may share one block."""
CHOOSY, CHOOSY_LIMIT = 2, 256 << 20
"""Blocks from which on, and bytes up to which, a file is looked into for what of it is needed."""
LOOK = 4096
"""Bytes that a look into a block unpacks at least, so that the next look finds them."""
FRAGMENT_CACHE = 4 << 20
"""Bytes of fragment blocks kept unpacked: neighbours in a folder mostly share one."""
WITNESSES = 256
"""Names in the root folder that are read before a compressor is believed."""
PACKED_WITNESSES = 5
"""Blocks of contents that are, where the names tell nothing."""


def measure(source: Source) -> int | None:
    try:
        return min(parse_superblock(source.read(0, SUPERBLOCK_SIZE)).size, source.size)
    except Malformed:
        return None


def open_squashfs(source: Source, budget: Budget) -> "SquashfsTree":
    try:
        superblock = parse_superblock(source.read(0, SUPERBLOCK_SIZE))
        make = partial(Squashfs, superblock, source.read)
        # where none holds, the root may be damaged in part: then as much is read as the named compressor can
        image = first_that_holds(make, unpacks(superblock)) or make(next(unpacks(superblock)))
        if image.inode(superblock.root).kind is not Kind.DIRECTORY:
            raise Malformed("the root is not a folder")
        image.owner(0)
    except Malformed as error:
        raise Damaged(f"squashfs: {error}") from None
    return SquashfsTree(image, budget)


def unpacks(superblock: Superblock) -> Iterator[Unpack]:
    """What the superblock names, then what makers put in its place."""
    yield CODECS[COMPRESSORS[superblock.compressor]]
    yield unpack_xz
    yield from UNPACKS


def first_that_holds(make: Callable[[Unpack], Squashfs], unpacks: Iterable[Unpack]) -> Squashfs | None:
    """The image by the first compressor that makes sense of it.

    Its root's names are what noise does not bring about. Where they are stored as they are, only contents tell.
    """
    stored = make(_nothing)
    if not _is_listed(stored):
        return next((image for image in map(make, unpacks) if _is_listed(image) and _is_owned(image)), None)
    blocks = _packed(stored)
    return next((image for image in map(make, unpacks) if _is_owned(image) and _expands_most(image, blocks)), None)


def _nothing(data: bytes, limit: int) -> bytes:
    raise Malformed("a block is compressed")


def _is_listed(image: Squashfs) -> bool:
    """Whether the root is a folder whose names can be read, and the first file in it too.

    An empty root is believed where nothing else is said to be there.
    """
    try:
        root = image.inode(image.superblock.root)
        if root.kind is not Kind.DIRECTORY:
            return False
        listed = list(islice(image.listing(root), WITNESSES))
        if listed:
            image.inode(listed[0][1])
    except Malformed:
        return False
    if not listed:
        return image.superblock.inodes == 1
    return all(b"/" not in name and b"\0" not in name for name, _ in listed)


def _is_owned(image: Squashfs) -> bool:
    try:
        image.owner(image.inode(image.superblock.root).uid_index)
    except Malformed:
        return False
    return True


class _Packed(NamedTuple):
    """A compressed block, how much it must hold, and the most that may be asked of it."""

    block: Block
    length: int
    limit: int


def _expands_most(image: Squashfs, blocks: tuple[_Packed, ...]) -> bool:
    """Whether most of the blocks hold what they must; one of them may be damaged."""
    return 2 * sum(_expands(image, one) for one in blocks) > len(blocks) or not blocks


def _expands(image: Squashfs, packed: _Packed) -> bool:
    try:
        return len(image.content(packed.block, packed.limit)) >= packed.length
    except Malformed:
        return False


def _packed(image: Squashfs) -> tuple[_Packed, ...]:
    """The compressed first blocks of some files near the root of an image whose tables are stored."""
    found: list[_Packed] = []
    waiting = deque([image.superblock.root])
    for _ in range(WITNESSES):
        if not waiting or len(found) == PACKED_WITNESSES:
            break
        with suppress(Malformed):
            reference = waiting.popleft()
            inode = image.inode(reference)
            if inode.kind is Kind.DIRECTORY:
                waiting.extend(child for _, child in islice(image.listing(inode), WITNESSES))
            elif inode.kind is Kind.FILE and inode.size:
                first = _first(image, reference, inode)
                if first.block.size and not first.block.is_stored:
                    found.append(first)
    return tuple(found)


def _first(image: Squashfs, reference: Reference, file: Inode) -> _Packed:
    size = image.superblock.block_size
    block = next(image.blocks(reference, file), None)
    if block is None:
        return _Packed(image.fragment(file.fragment), file.offset + file.size, size)
    return _Packed(block, min(size, file.size), min(size, file.size))


class SquashfsTree(IndexedTree):
    """A squashfs. `problems` says what could not be listed, `superblock` what its header says."""

    def __init__(self, image: Squashfs, budget: Budget) -> None:
        self._image = image
        self._fragments = _Fragments(image)
        walk = _Walk(image, budget)
        super().__init__(walk.entries(image.superblock.root))
        self._inodes = walk.references
        self.superblock: Superblock = image.superblock
        self.problems = walk.problems.told

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        try:
            for piece in self._pieces(entry):
                yield piece.content(self._image, self._fragments)
        except Malformed as error:
            raise Unavailable(f"{entry.path} is damaged: {error}") from None

    def identity(self, path: str) -> Hashable | None:
        return self._inodes.get(path)

    def _pieces(self, entry: Entry) -> Iterator["_Piece"]:
        """How a file's content is put together. Raises Malformed where its block list is damaged."""
        reference = self._inodes.get(entry.path)
        if reference is None or entry.kind is not Kind.FILE:
            raise Unavailable(f"{entry.path} is not a regular file of this image")
        inode = self._image.inode(reference)
        size = self._image.superblock.block_size
        left = inode.size
        for block in self._image.blocks(reference, inode):
            length = min(size, left)
            yield _Piece(block, length, 0, is_fragment=False)
            left -= length
        if left:
            yield _Piece(self._image.fragment(inode.fragment), left, inode.offset, is_fragment=True)

    def read_all(
        self, entries: Iterable[Entry], jobs: int = 2, needed: Needed | None = None
    ) -> Iterator[tuple[Entry, Iterator[bytes]]]:
        """The contents of many regular files in the order given, unpacked ahead by `jobs` threads.

        Each content is to be used, as far as it is wanted, before the next file is asked for; it raises Unavailable as
        `chunks` does. The order of `entries()` is near that on disk, so that files find their shared block unpacked.
        """
        if jobs < 2:
            yield from ((entry, self.chunks(entry)) for entry in entries)
            return
        with ThreadPoolExecutor(jobs, "squashfs") as pool:
            ahead = _Ahead(self._image, pool, self._pieces, entries, needed)
            try:
                while (entry := ahead.next_entry()) is not None:
                    yield entry, ahead.content(entry)
            finally:
                pool.shutdown(cancel_futures=True)


class _Piece(NamedTuple):
    """A run of a file's content: `length` bytes from `offset` of a block's content; a hole when the block is empty.

    Of a block of its own no more than the first `wanted` bytes need be unpacked; the rest is then zeros.
    """

    block: Block
    length: int
    offset: int
    is_fragment: bool
    wanted: int = 1 << 62

    def up_to(self, wanted: int) -> "_Piece":
        """With no byte wanted a hole, and a fragment whole, since other files lie in it."""
        if not wanted:
            return self._replace(block=self.block._replace(size=0))
        return self if self.is_fragment else self._replace(wanted=wanted)

    def content(self, image: Squashfs, fragments: "_Fragments") -> bytes:
        if not self.block.size:
            return bytes(self.length)
        return self.cut(fragments.content(self.block) if self.is_fragment else self.unpacked(image))

    def unpacked(self, image: Squashfs) -> bytes:
        """All that a fragment's block holds; of any other no more than the piece, since what a maker's compressor gives
        behind its content is not told from it."""
        start = STARTS.get(image.unpack) if self.wanted < self.length else None
        if start is not None and not self.block.is_stored:
            return self._padded(image.content(self.block, self.wanted, start))
        return image.content(self.block, image.superblock.block_size if self.is_fragment else self.length)

    def _padded(self, start: bytes) -> bytes:
        if len(start) != self.wanted:
            raise Malformed(f"a block holds {len(start)} bytes where {self.wanted} and more were expected")
        return start + bytes(self.length - self.wanted)

    def cut(self, block: bytes) -> bytes:
        """The piece out of its block's content. Raises Malformed when the block is not as long as it must be."""
        data = block[self.offset : self.offset + self.length] if self.is_fragment else block
        if len(data) != self.length:
            raise Malformed(f"a block holds {len(data)} bytes where {self.length} were expected")
        return data


class _Fragments:
    """The fragment blocks used last, unpacked."""

    def __init__(self, image: Squashfs) -> None:
        self._image = image
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._room = max(2, FRAGMENT_CACHE // image.superblock.block_size)

    def content(self, block: Block) -> bytes:
        known = self._kept.get(block.start)
        if known is None:
            known = self._kept[block.start] = self._image.content(block, self._image.superblock.block_size)
            if len(self._kept) > self._room:
                self._kept.popitem(last=False)
        return known


class _Step(NamedTuple):
    """What stands in the queue: a file's start, a piece of it and the block it comes from, or why it cannot be read."""

    entry: Entry | None = None
    piece: _Piece | None = None
    block: Future[bytes] | None = None
    cost: int = 0
    problem: Unavailable | None = None

    def content(self) -> bytes:
        """The piece's bytes. Raises Malformed."""
        if self.piece is None:
            return b""
        return bytes(self.piece.length) if self.block is None else self.piece.cut(self.block.result())


class _Ahead:
    """Contents of many files as one queue that threads work ahead on and one reader empties, in order."""

    def __init__(
        self,
        image: Squashfs,
        pool: ThreadPoolExecutor,
        pieces: Callable[[Entry], Iterator[_Piece]],
        entries: Iterable[Entry],
        needed: Needed | None,
    ) -> None:
        self._image = image
        self._pool = pool
        self._pieces = pieces
        self._needed = needed
        self._plan = self._steps(entries)
        self._queue: deque[_Step] = deque()
        self._cost = 0
        self._fragments: OrderedDict[int, Future[bytes]] = OrderedDict()
        self._room = max(2, FRAGMENT_CACHE // image.superblock.block_size)

    def next_entry(self) -> Entry | None:
        """The next file, what is left of the one before passed over; None at the end."""
        while (step := self._peek()) is not None:
            self._take()
            if step.entry is not None:
                return step.entry
        return None

    def content(self, entry: Entry) -> Iterator[bytes]:
        while (step := self._peek()) is not None and step.entry is None:
            self._take()
            if step.problem is not None:
                raise step.problem
            try:
                yield step.content()
            except Malformed as error:
                raise Unavailable(f"{entry.path} is damaged: {error}") from None

    def _peek(self) -> _Step | None:
        self._fill()
        return self._queue[0] if self._queue else None

    def _take(self) -> None:
        self._cost -= self._queue.popleft().cost

    def _fill(self) -> None:
        while self._cost < AHEAD and len(self._queue) < AHEAD_PIECES:
            step = next(self._plan, None)
            if step is None:
                return
            self._cost += step.cost
            self._queue.append(step)

    def _steps(self, entries: Iterable[Entry]) -> Iterator[_Step]:
        """Every file followed by its pieces, or by what keeps them from being read."""
        block = self._image.superblock.block_size
        for entry in entries:
            yield _Step(entry=entry)
            try:
                if self._needed is not None and CHOOSY * block <= entry.size <= CHOOSY_LIMIT:
                    yield from self._chosen(entry.size, tuple(self._pieces(entry)), self._needed)
                else:
                    yield from map(self._begun, self._pieces(entry))
            except Malformed as error:
                yield _Step(problem=Unavailable(f"{entry.path} is damaged: {error}"))
            except Unavailable as error:
                yield _Step(problem=error)

    def _chosen(self, size: int, pieces: tuple[_Piece, ...], needed: Needed) -> Iterator[_Step]:
        """The pieces of a file, holes in the place of those that are not needed. It is looked into here and now, since
        the threads have a queue to work on."""
        block = self._image.superblock.block_size
        looked: dict[int, _Step] = {}

        def read(offset: int, length: int) -> bytes:
            spans = tuple(_spans(((offset, offset + length),), block, pieces))
            for number, end in spans:
                known = looked.get(number)
                if known is None or known.piece is None or known.piece.wanted < end:
                    looked[number] = self._begun(pieces[number].up_to(max(end, LOOK)), at_once=True)
            skipped = offset - spans[0][0] * block if spans else 0
            return b"".join(looked[number].content() for number, _ in spans)[skipped : skipped + length]

        wanted: dict[int, int] = {}
        for number, end in _spans(needed(size, read), block, pieces):
            wanted[number] = max(wanted.get(number, 0), end)
        for number, piece in enumerate(pieces):
            known = looked.get(number)
            end = wanted.get(number, 0)
            is_known = known is not None and known.piece is not None and known.piece.wanted >= end
            yield known if known is not None and is_known else self._begun(piece.up_to(end))

    def _begun(self, piece: _Piece, *, at_once: bool = False) -> _Step:
        """A piece whose block is being unpacked, or is unpacked already."""
        block = piece.block
        if not block.size:
            return _Step(piece=piece)
        known = self._fragments.get(block.start) if piece.is_fragment else None
        if known is not None:
            return _Step(piece=piece, block=known)
        future = _done(piece.unpacked(self._image)) if at_once else self._pool.submit(piece.unpacked, self._image)
        if piece.is_fragment:
            self._fragments[block.start] = future
            if len(self._fragments) > self._room:
                self._fragments.popitem(last=False)
        return _Step(piece=piece, block=future, cost=self._image.superblock.block_size)


def _spans(ranges: Iterable[tuple[int, int]], block: int, pieces: Sequence[_Piece]) -> Iterator[tuple[int, int]]:
    """The numbers of the pieces that ranges of bytes touch, each with how far into the piece the range goes."""
    for start, end in ranges:
        for number in range(max(start, 0) // block, min(-(-end // block), len(pieces))):
            yield number, min(end - number * block, pieces[number].length)


def _done(content: bytes) -> Future[bytes]:
    future: Future[bytes] = Future()
    future.set_result(content)
    return future


class _Walk(Walk[Reference, Inode]):
    def __init__(self, image: Squashfs, budget: Budget) -> None:
        super().__init__(budget)
        self._image = image

    def load(self, reference: Reference) -> Inode:
        return self._image.inode(reference)

    def listing(self, folder: Inode) -> Iterator[tuple[bytes, Reference]]:
        return self._image.listing(folder)

    def describe(self, path: str, reference: Reference, node: Inode) -> Entry:
        image = self._image
        kind = node.kind
        uid = image.owner(node.uid_index)
        gid = image.owner(node.gid_index)
        target = None
        xattr = node.xattr
        if kind is Kind.SYMLINK:
            self.budget.expand(node.size)
            target = image.target(reference, node).decode("utf-8", "surrogateescape")
            xattr = image.xattr_index(reference, node)
        size = 0 if kind is Kind.DIRECTORY else node.size
        xattrs = () if xattr == NO_XATTR else self.xattrs(path, xattr, lambda: image.xattrs(xattr))
        return Entry(path, kind, node.mode, uid, gid, size, node.mtime, target, node.device, xattrs)


ABOUT = About(
    title="squashfs 4.0",
    reads="gzip, lzma, lzo, xz, lz4 and zstd, and makers' LZMA framings under any of these names; fragments, holes, "
    "extended attributes, export tables.",
    limits="Checksums there are none.",
    witness="mksquashfs, unsquashfs",
)

FORMAT = Format("squashfs", (Magic(MAGIC),), measure, open_squashfs, ABOUT)
