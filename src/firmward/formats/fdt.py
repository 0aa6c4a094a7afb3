"""Flattened device trees (Devicetree specification 0.4, chapter 5): a board's description, and the frame of a FIT.

The rules this file holds:

- All numbers are big endian. The structure block is a row of tokens, each at a multiple of four bytes.
- Values are not read, only placed: a FIT keeps whole kernels in them. Every node and property knows where its tokens
  begin and end, since a FIT's signature is made over such ranges and not over what they mean.
- The tree is built without recursion, and every token is counted, so that neither depth nor size runs away.

`device_tree` reads the values of a small tree all at once; both go through `tokens` here.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"\xd0\x0d\xfe\xed"
HEADER_SIZE = 40

TOKENS = 1 << 15
"""Tokens of one tree; the largest boards and FITs have some thousands."""
DEPTH = 64
"""Nodes within nodes."""
PATH_LIMIT = 1024
"""Characters of the names of a node and of all above it: a path is made for each of thousands of nodes."""
NAME_LIMIT = 256
"""Bytes of a node's or a property's name; the specification allows 31, FITs take more."""
VALUE_LIMIT = 64 << 10
"""Bytes of a value that is read as text or numbers."""
TEXT_LIMIT = 4 << 20
"""Bytes that are read as text of one tree in all: each string of two letters takes twenty times as much."""

STRINGS_LIMIT = 1 << 20
"""Bytes of all names of properties."""
RESERVATIONS_LIMIT = 1024

BEGIN_NODE, END_NODE, PROPERTY, NOP, END = 1, 2, 3, 4, 9
_BARE = (END_NODE, NOP, END)
_HEAD = struct.Struct(">3I")
_HEADER = struct.Struct(">10I")
_RESERVATION = struct.Struct(">QQ")
_WINDOW = 64 << 10
"""Bytes of the structure that are read at once: of a value larger than that nothing is."""


@dataclass(frozen=True, slots=True)
class Header:
    """Offsets and sizes in bytes from the start of the tree."""

    total: int
    structure: int
    structure_size: int
    strings: int
    strings_size: int
    reserved: int
    """Where the memory reservations begin."""
    version: int


Token = tuple[int, int, int, bytes, int, int]
"""Kind, where it stands, where all ends that belongs to it; a node's name; the place of a property's name in the
strings block and the size of its value, in bytes. No class, as a tree has thousands."""


class Reservation(NamedTuple):
    """Memory that is kept free, in bytes."""

    address: int
    size: int


@dataclass(frozen=True, slots=True)
class Property:
    """`start` is where its token stands, `offset` where its value does."""

    name: str
    start: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """Behind the padding of its value."""
        return self.offset + self.size + -self.size % 4


@dataclass(frozen=True, slots=True)
class Node:
    """`start` is where its token stands, `end` is behind the token that closes it."""

    name: str
    start: int
    end: int
    properties: tuple[Property, ...]
    children: tuple["Node", ...]

    def property(self, name: str) -> Property | None:
        return next((one for one in self.properties if one.name == name), None)

    def child(self, name: str) -> "Node | None":
        return next((one for one in self.children if one.name == name), None)


def parse_header(head: bytes) -> Header:
    """Raises Malformed when the fields contradict each other."""
    if len(head) < HEADER_SIZE or head[:4] != MAGIC:
        raise Malformed("no header of a device tree")
    _, total, structure, strings, reserved, version, compatible, _, strings_size, size = _HEADER.unpack_from(head)
    if not compatible <= 17 <= version + 1:
        raise Malformed(f"version {version} of the format is not known")
    if version < 17:  # version 16 does not say how long the structure is: it ends with its own token
        size = (strings if structure < strings else total) - structure
    holds = (
        HEADER_SIZE <= structure <= total - 8
        and structure % 4 == 0
        and 8 <= size <= total - structure
        and HEADER_SIZE <= strings <= total
        and strings_size <= total - strings
        and HEADER_SIZE <= reserved < total
    )
    if not holds:
        raise Malformed("the blocks of the device tree lie outside it")
    return Header(total, structure, size, strings, strings_size, reserved, version)


def tokens(read: Read, header: Header) -> Iterator[Token]:
    """The tokens of the structure block, up to its end, each within it. Raises Malformed."""
    offset = header.structure
    end = offset + header.structure_size
    window, base, safe = b"", offset, 0
    unpack = _HEAD.unpack_from
    for _ in range(TOKENS):
        if offset >= safe:
            base, (window, safe) = offset, _filled(read, offset, end)
            if len(window) < 4 + _HEAD.size:
                yield END, offset, offset, b"", 0, 0
                return
        at = offset - base
        kind, size, place = unpack(window, at)
        if kind == PROPERTY:
            behind = offset + 12 + size + (-size & 3)
            if behind > end:
                raise Malformed("a node or a value that is longer than the device tree")
            yield PROPERTY, offset, behind, b"", place, size
        elif kind == BEGIN_NODE:
            mark = window.find(0, at + 4, at + 4 + NAME_LIMIT)
            behind = base + (mark + 4 & -4)
            if mark < 0 or behind > end:
                raise Malformed("a name without an end")
            yield BEGIN_NODE, offset, behind, window[at + 4 : mark], 0, 0
        elif kind in _BARE:
            behind = offset + 4
            yield kind, offset, behind, b"", 0, 0
            if kind == END:
                return
        else:
            raise Malformed(f"token {kind} is not known")
        offset = behind
    raise Malformed(f"a device tree of more than {TOKENS} tokens")


def _filled(read: Read, offset: int, end: int) -> tuple[bytes, int]:
    """A window from here, with zeros behind it, and up to where tokens in it are whole."""
    window = read(offset, min(_WINDOW, end - offset & -4))
    filled = offset + len(window)
    return window + bytes(_HEAD.size), end if filled >= end & -4 else filled - NAME_LIMIT - _HEAD.size


class Names:
    """The names of properties: the strings block holds each once for all of its uses."""

    def __init__(self, read: Read, header: Header) -> None:
        if header.strings_size > STRINGS_LIMIT:
            raise Malformed(f"names of {header.strings_size} bytes")
        self._block = read(header.strings, header.strings_size)
        self.known: dict[int, str] = {}
        """Those that were asked for, by their place."""

    def at(self, place: int) -> str:
        """Raises Malformed for a name that lies outside, or has no end."""
        known = self.known.get(place)
        if known is None:
            mark = self._block.find(0, place, place + NAME_LIMIT)
            if place >= len(self._block) or mark < 0:
                raise Malformed("the name of a property lies outside")
            known = self.known[place] = self._block[place:mark].decode("utf-8", "replace")
        return known


def reservations(read: Read, header: Header) -> tuple[Reservation, ...]:
    """The memory reservations before the structure; the list ends with an empty one. Raises Malformed."""
    found: list[Reservation] = []
    for number in range(RESERVATIONS_LIMIT):
        data = read(header.reserved + number * _RESERVATION.size, _RESERVATION.size)
        one = Reservation(*_RESERVATION.unpack(data)) if len(data) == _RESERVATION.size else None
        if one is None or header.reserved + (number + 1) * _RESERVATION.size > header.total:
            raise Malformed("memory reservations without an end")
        if one == (0, 0):
            return tuple(found)
        found.append(one)
    raise Malformed(f"more than {RESERVATIONS_LIMIT} memory reservations")


def check_path(depth: int, length: int) -> None:
    """For a node with `depth` above it, their names and its own having `length`. Raises Malformed."""
    if depth >= DEPTH:
        raise Malformed("nodes are nested too deep")
    if length > PATH_LIMIT:
        raise Malformed("nodes with names that are too long")


class DeviceTree:
    """A tree whose values are read when they are asked for. Raises Malformed."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._text_left = TEXT_LIMIT
        self.header = parse_header(read(0, HEADER_SIZE))
        self.root = self._build()

    def node(self, path: str) -> Node | None:
        """The node at a path from the root: `images/kernel-1`."""
        found: Node | None = self.root
        for step in filter(None, path.split("/")):
            found = None if found is None else found.child(step)
        return found

    def value(self, found: Property) -> bytes:
        """The bytes of a short value."""
        if found.size > VALUE_LIMIT:
            raise Malformed(f"{found.name} has a value of {found.size} bytes")
        return self._read(found.offset, found.size)

    def text(self, node: Node, name: str) -> str | None:
        """A value as text, its first string; None when there is none."""
        return next(iter(self.texts(node, name)), None)

    def texts(self, node: Node, name: str) -> tuple[str, ...]:
        """A value as a list of strings, each ending with a zero; empty when there is none."""
        found = node.property(name)
        if found is None or not 0 < found.size <= VALUE_LIMIT:
            return ()
        self._text_left -= found.size
        if self._text_left < 0:
            raise Malformed(f"a device tree with more than {TEXT_LIMIT} bytes of text")
        return tuple(self.value(found).removesuffix(b"\0").decode("utf-8", "replace").split("\0"))

    def number(self, node: Node, name: str) -> int | None:
        """A value as a number of 32 or 64 bits; None when there is none."""
        found = node.property(name)
        return int.from_bytes(self.value(found), "big") if found is not None and found.size in (4, 8) else None

    def _build(self) -> Node:
        names = Names(self._read, self.header)
        open_nodes: list[_Open] = []
        for kind, start, end, name, place, size in tokens(self._read, self.header):
            if kind == BEGIN_NODE:
                above = open_nodes[-1].length if open_nodes else 0
                check_path(len(open_nodes), above + len(name))
                open_nodes.append(_Open(name.decode("utf-8", "replace"), start, above + len(name)))
            elif kind == END:
                break
            elif kind != NOP and not open_nodes:
                raise Malformed("a device tree that does not begin with a node")
            elif kind == PROPERTY:
                open_nodes[-1].properties.append(Property(names.at(place), start, start + _HEAD.size, size))
            elif kind == END_NODE:
                node = open_nodes.pop().closed(end)
                if not open_nodes:
                    return node
                open_nodes[-1].children.append(node)
        raise Malformed("the device tree ends before its root does")


@dataclass(slots=True)
class _Open:
    """A node whose end was not met yet."""

    name: str
    start: int
    length: int
    """Of its name and those above."""
    properties: list[Property] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    def closed(self, end: int) -> Node:
        return Node(self.name, self.start, end, tuple(self.properties), tuple(self.children))
