"""YAFFS2: a log of chunks on raw NAND, each a page with its tags in the spare bytes behind it.

The rules this file holds:

- The tags say sequence number, object, chunk and bytes. Chunk 0 of an object is its header (type, parent, name, owner,
  times, size); chunk n is the nth page of a file's content.
- Nothing is written over: of two chunks with the same number the one with the higher sequence number counts, of equal
  ones that which lies later. Sequence numbers are given to erase blocks, and an image maker gives all the lowest.
- A header may carry a copy of its facts in the tags: the top bits of chunk and object number are then flags and type.
- An object in folder 3 or 4 was unlinked or deleted. A header that shrinks its file takes off older chunks behind its
  size; one that shadows another object takes that off.
- The page size, the spare size, where in the spare the tags lie and the byte order are written nowhere: they are found
  by looking for tags that hold at the period of a known kind of flash.
- Extended attributes lie behind the header in its page: length, name, NUL, value.

An image does not say where it ends: it is as long as its flash partition. It is taken to end behind the last chunk that
is followed by GAP bytes of something else, or where the root's first header comes again: another image.
"""

import re
import stat
import struct
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

Charge = Callable[[int], None]
"""Told of bytes of memory before they are taken."""

HEADER_SIZE = 512
TAGS_SIZE = 16
GAP = 1 << 20
"""Bytes that are neither chunks nor erased, behind which an image is taken to have ended: more than an erase block."""
WINDOW = 1 << 20
"""Bytes read at once by the scan."""
HOLE = 1 << 20
"""Bytes of a hole given at a time."""
LOOKED_AT = 16
"""Chunks that geometries are held against."""
PROVEN = 3
"""Chunks whose tags must hold, unless there are fewer: a folder, something in it, and what that holds."""
OBJECT_COST, CHUNK_COST = 600, 8
"""Bytes of memory that one object and one chunk take."""

FILE, SYMLINK, FOLDER, HARD_LINK, SPECIAL = range(1, 6)
ROOT, LOST, UNLINKED, DELETED = range(1, 5)
"""Objects that there are without a header."""

LOWEST, HIGHEST = 0x1000, 0xEFFFFF00
"""Sequence numbers of chunks that hold files."""
_CHECKPOINT = 0x21
_SUMMARY = 0x10
_EXTRA = 0x80000000
_OBJECT_LIMIT = 1 << 20
_CHUNK_LIMIT = 1 << 28
_NUMBER = 0x0FFFFFFF
_NAME = re.compile(rb"[^\0-\x1f/\x7f\xff]*")
"""What the first name of an image looks like: text in no encoding has an 0xff, or control characters."""

_FORMATS = {
    FILE: (stat.S_IFREG,),
    SYMLINK: (stat.S_IFLNK,),
    FOLDER: (stat.S_IFDIR,),
    SPECIAL: (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK),
}
"""What a mode may say for a type; a hard link's mode says nothing."""

SHAPES = (
    (2048, 64),
    (4096, 128),
    (512, 16),
    (1024, 32),
    (2048, 128),
    (4096, 218),
    (4096, 224),
    (4096, 256),
    (8192, 256),
    (8192, 448),
    (8192, 512),
    (16384, 512),
)
"""Bytes of page and spare of the flash there is."""
_TAG_OFFSETS = (0, 2)
"""Where in the spare tags lie: at once, as image makers do, or behind the mark of bad blocks."""


MAGICS = tuple(struct.pack(f"{order}IIH", kind, ROOT, 0xFFFF) for order in "<>" for kind in (FOLDER, FILE, SYMLINK))
"""How the first header of an image may begin: a type, the root as parent, and an old checksum left erased."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """`order` is `<` or `>`; `tags` is where in a chunk the tags begin; the others are bytes."""

    order: str
    page: int
    spare: int
    tags: int

    @property
    def chunk(self) -> int:
        return self.page + self.spare


class Tags(NamedTuple):
    sequence: int
    object: int
    number: int
    """0 for a header."""
    length: int


def parse_tags(data: bytes, geometry: Geometry) -> Tags | None:
    """None when these are no tags. What holds no file (a checkpoint, a summary) is object 0."""
    if len(data) < TAGS_SIZE:
        return None
    sequence, owner, number, length = struct.unpack_from(f"{geometry.order}IIII", data)
    if sequence == _CHECKPOINT or owner == _SUMMARY:
        return Tags(sequence, 0, number, length) if sequence == _CHECKPOINT or LOWEST <= sequence <= HIGHEST else None
    if number & _EXTRA:
        owner, number = owner & _NUMBER, 0
    holds = (
        LOWEST <= sequence <= HIGHEST
        and 0 < owner < _OBJECT_LIMIT
        and number < _CHUNK_LIMIT
        and (not number or 0 < length <= geometry.page)
    )
    return Tags(sequence, owner, number, length) if holds else None


@dataclass(frozen=True, slots=True)
class Header:
    """What an object is, by its newest header."""

    kind: int
    parent: int
    name: bytes
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int
    equivalent: int
    """The object that a hard link leads to."""
    target: bytes
    device: int
    shadows: int
    shrinks: bool


_LOST = Header(FOLDER, ROOT, b"lost+found", stat.S_IFDIR | 0o700, 0, 0, 0, 0, 0, b"", 0, 0, shrinks=False)
"""The folder of what was found again, which is there without a header."""


def parse_header(data: bytes, order: str) -> Header:
    """Raises Malformed."""
    if len(data) < HEADER_SIZE:
        raise Malformed("the image ends inside an object's header")
    kind, parent = struct.unpack_from(f"{order}II", data)
    name, ended, _ = data[10:266].partition(b"\0")
    mode, uid, gid, _atime, mtime, _ctime, low, equivalent = struct.unpack_from(f"{order}8I", data, 268)
    device, high, shadows, shrinks = (struct.unpack_from(f"{order}I", data, at)[0] for at in (460, 496, 504, 508))
    if not FILE <= kind <= SPECIAL or not 0 < parent < _OBJECT_LIMIT or not ended:
        raise Malformed("an object's header that contradicts itself")
    if kind != HARD_LINK and (mode >> 16 or stat.S_IFMT(mode) not in _FORMATS[kind]):
        raise Malformed(f"an object of type {kind} with a mode of {mode:#o}")
    size = low if high == 0xFFFFFFFF else high << 32 | low
    target = data[300:460].partition(b"\0")[0]
    return Header(
        kind, parent, name, mode, uid, gid, mtime, size, equivalent, target, device, shadows, shrinks=shrinks == 1
    )


def find_geometry(read: Read, size: int) -> Geometry | None:
    """The geometry under which an image begins here; None when there is none."""
    head = read(0, HEADER_SIZE)
    if head[: len(MAGICS[0])] not in MAGICS:
        return None
    order = "<" if head[0] else ">"
    try:
        header = parse_header(head, order)
    except Malformed:
        return None
    if not _NAME.fullmatch(header.name):
        return None
    fitting = [
        (score, geometry)
        for page, spare in SHAPES
        for offset in _TAG_OFFSETS
        if offset + TAGS_SIZE <= spare
        and (score := _score(read, size, geometry := Geometry(order, page, spare, page + offset), header))
    ]
    return max(fitting, key=lambda one: one[0])[1] if fitting else None


def _score(read: Read, size: int, geometry: Geometry, header: Header) -> tuple[int, bool] | None:
    """How well a geometry fits the first chunks, None when it does not."""
    first = parse_tags(read(geometry.tags, TAGS_SIZE), geometry)
    if first is None or first.number or not first.object or (first.object == ROOT) == bool(header.name):
        return None
    if size < geometry.chunk:
        return None
    places = range(geometry.tags, size, geometry.chunk)[:LOOKED_AT]
    found = sum(parse_tags(read(at, TAGS_SIZE), geometry) is not None for at in places)
    return (found, size % geometry.chunk == 0) if found >= min(PROVEN, len(places)) else None


@dataclass(slots=True)
class Object:
    """What the log says of one object; a key is sequence number and chunk index, so that the larger is the newer."""

    newest: int = -1
    header: Header | None = None
    chunks: "array[int]" = field(default_factory=lambda: array("Q"))
    """Keys of all its chunks of content."""
    shrinks: list[tuple[int, int]] = field(default_factory=list)
    """Key and size of the headers that cut it."""
    reach: int = -1
    """Bytes of content once they were found out: many names may lead here."""


class Yaffs2:
    """One file system, its tags read through once.

    `damaged` counts chunks whose tags or header do not hold, `torn` the objects with content but without a header;
    `end` is where the file system ends, and `is_followed` whether another YAFFS2 begins there.
    """

    def __init__(self, read: Read, size: int, geometry: Geometry, charge: Charge) -> None:
        self.geometry = geometry
        self._read = read
        self._size = size
        self._charge = charge
        self._objects: dict[int, Object] = {}
        self._children: dict[int, list[int]] = {}
        self._sizes: dict[int, int] = {}
        self.damaged = 0
        self.torn = 0
        self.end = 0
        self.is_followed = False
        self._scan()
        self._arrange()

    def _scan(self) -> None:
        doubtful = 0
        for index, data in self._spares():
            tags = parse_tags(data, self.geometry)
            if tags is None:
                doubtful += bool(data.strip(b"\xff"))
                if doubtful * self.geometry.chunk > GAP:
                    return
                continue
            if tags.object and not self._take(index, tags):
                self.is_followed = True
                return
            self.damaged += doubtful
            doubtful = 0
            self.end = (index + 1) * self.geometry.chunk

    def _spares(self) -> Iterator[tuple[int, bytes]]:
        """Index and tags of every whole chunk."""
        step, at = self.geometry.chunk, self.geometry.tags
        per_window = max(WINDOW // step, 1)
        for first in range(0, self._size // step, per_window):
            self._charge(0)
            data = self._read(first * step, per_window * step)
            for place in range(len(data) // step):
                begin = place * step + at
                yield first + place, data[begin : begin + TAGS_SIZE]

    def _take(self, index: int, tags: Tags) -> bool:
        """False for the root's first header when it comes again."""
        known = self._objects.get(tags.object)
        if known is None:
            self._charge(OBJECT_COST)
            known = self._objects[tags.object] = Object()
        key = tags.sequence << 32 | index
        self._charge(CHUNK_COST)
        if tags.number:
            known.chunks.append(key)
            return True
        if tags.object == ROOT and tags.sequence == LOWEST and known.newest >> 32 == LOWEST:
            return False
        try:
            header = parse_header(self._read(index * self.geometry.chunk, HEADER_SIZE), self.geometry.order)
        except Malformed:
            self.damaged += 1
            return True
        if header.shrinks and header.kind == FILE:
            self._charge(CHUNK_COST * 10)
            known.shrinks.append((key, header.size))
        if key > known.newest:
            known.newest, known.header = key, header
        return True

    def _arrange(self) -> None:
        """Put every object that is there into its folder."""
        shadowed = {
            known.header.shadows: known.newest
            for known in self._objects.values()
            if known.header is not None and known.header.shadows not in (0, 0xFFFFFFFF)
        }
        for number, known in self._objects.items():
            if known.header is None:
                self.torn += number not in (ROOT, LOST, UNLINKED, DELETED)
            elif number != ROOT and known.newest >= shadowed.get(number, -1):
                self._children.setdefault(known.header.parent, []).append(number)
        if LOST in self._children and not self._is_there(LOST):
            self._objects[LOST] = Object(header=_LOST)
            self._children.setdefault(ROOT, []).append(LOST)

    def _is_there(self, number: int) -> bool:
        known = self._objects.get(number)
        return known is not None and known.header is not None

    @property
    def orphans(self) -> int:
        """Objects that are in no folder that is there, and were not deleted."""
        pending = [ROOT, UNLINKED, DELETED]
        met = set(pending)
        while pending:
            inner = [number for number in self._children.get(pending.pop(), ()) if number not in met]
            met.update(inner)
            pending += inner
        return sum(number not in met for children in self._children.values() for number in children)

    def listing(self, folder: int) -> Iterator[tuple[bytes, int]]:
        for number in self._children.get(folder, ()):
            header = self._objects[number].header
            if header is not None:
                yield header.name, number

    def aim(self, number: int) -> int:
        """The object that a name leads to, which is another one for a hard link. Raises Malformed."""
        header = self.header(number)
        if header.kind != HARD_LINK:
            return number
        found = self._objects.get(header.equivalent)
        if found is None or found.header is None or found.header.kind in (HARD_LINK, FOLDER):
            raise Malformed(f"a hard link to object {header.equivalent}, which cannot be one's")
        if found.header.parent in (UNLINKED, DELETED):
            raise Malformed(f"a hard link to object {header.equivalent}, which was deleted")
        return header.equivalent

    def header(self, number: int) -> Header:
        """Raises Malformed when there is none."""
        known = self._objects.get(number)
        if known is None or known.header is None:
            raise Malformed(f"object {number} has no header")
        return known.header

    def size(self, number: int) -> int:
        """Bytes of a file: what its header says, or more when content was written after it. Raises Malformed.

        Kept, since an object may have as many names as it has chunks.
        """
        size = self._sizes.get(number)
        if size is None:
            size = self._sizes[number] = self._measured(number)
        return size

    def _measured(self, number: int) -> int:
        known = self._objects[number]
        if known.reach < 0:
            reach = [self.header(number).size]
            for key in known.chunks:
                if key > known.newest:
                    self._charge(0)
                    tags = self._tags(key)
                    reach.append((tags.number - 1) * self.geometry.page + tags.length)
            known.reach = max(reach)
        if known.reach > _CHUNK_LIMIT * self.geometry.page:
            raise Malformed(f"a file of {known.reach} bytes, more than chunks can be numbered")
        return known.reach

    def _tags(self, key: int) -> Tags:
        at = (key & 0xFFFFFFFF) * self.geometry.chunk + self.geometry.tags
        tags = parse_tags(self._read(at, TAGS_SIZE), self.geometry)
        if tags is None:
            raise Malformed("the image changed while it was read")
        return tags

    def content(self, number: int, size: int) -> Iterator[bytes]:
        """A file piece by piece. Raises Malformed."""
        page = self.geometry.page
        position = 0
        for place, (index, length) in sorted(self._newest(number).items()):
            start = (place - 1) * page
            if start >= size:
                break
            yield from _zeros(start - position)
            wanted = min(length, size - start)
            data = self._read(index * self.geometry.chunk, wanted)
            if len(data) < wanted:
                raise Malformed("the image ends inside a chunk")
            yield data
            position = start + wanted
        yield from _zeros(size - position)

    def _newest(self, number: int) -> dict[int, tuple[int, int]]:
        """By its number the index and length of each chunk of content that counts."""
        known = self._objects[number]
        cuts = sorted(known.shrinks)
        cut = _CHUNK_LIMIT * self.geometry.page
        found: dict[int, tuple[int, int]] = {}
        for key in sorted(known.chunks, reverse=True):
            while cuts and cuts[-1][0] > key:
                cut = min(cut, cuts.pop()[1])
            tags = self._tags(key)
            if tags.number not in found and (tags.number - 1) * self.geometry.page < cut:
                found[tags.number] = key & 0xFFFFFFFF, tags.length
        return found

    def xattrs(self, number: int) -> tuple[tuple[str, bytes], ...]:
        """Extended attributes by full name, sorted. Raises Malformed."""
        known = self._objects[number]
        if known.newest < 0:
            return ()
        at = (known.newest & 0xFFFFFFFF) * self.geometry.chunk + HEADER_SIZE
        data = self._read(at, self.geometry.page - HEADER_SIZE)
        found = {}
        position = 0
        while position + 4 <= len(data):
            (length,) = struct.unpack_from(f"{self.geometry.order}i", data, position)
            if length <= 0:
                break
            name, ended, value = data[position + 4 : position + length].partition(b"\0")
            if length < 6 or position + length > len(data) or not ended:
                raise Malformed("an extended attribute is damaged")
            found[name.decode("utf-8", "surrogateescape")] = value
            position += length
        return tuple(sorted(found.items()))


def _zeros(length: int) -> Iterator[bytes]:
    return (bytes(min(HOLE, length - at)) for at in range(0, length, HOLE))
