"""Flattened device trees (Devicetree specification 0.4, chapter 5): a board's description, and the frame of a FIT.

The rules this file holds:

- All numbers are big endian. The structure block is a row of tokens, each at a multiple of four bytes.
- Values are not read, only placed: a FIT keeps whole kernels in them. Every node and property knows where its tokens
  begin and end, since a FIT's signature is made over such ranges and not over what they mean.
- The tree is built without recursion, and every token is counted, so that neither depth nor size runs away.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"\xd0\x0d\xfe\xed"
HEADER_SIZE = 40

TOKENS = 1 << 15
"""Tokens of one tree; the largest boards and FITs have some thousands."""
DEPTH = 64
"""Nodes within nodes."""
NAME_LIMIT = 256
"""Bytes of a node's or a property's name; the specification allows 31, FITs take more."""
VALUE_LIMIT = 64 << 10
"""Bytes of a value that is read as text or numbers."""

_BEGIN_NODE, _END_NODE, _PROPERTY, _NOP, _END = 1, 2, 3, 4, 9
_WORD = struct.Struct(">I")
_PAIR = struct.Struct(">II")
_HEADER = struct.Struct(">10I")


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


class DeviceTree:
    """A tree whose values are read when they are asked for. Raises Malformed."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.header = parse_header(read(0, HEADER_SIZE))
        self._strings: dict[int, str] = {}
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
        found = node.property(name)
        if found is None or not 0 < found.size <= VALUE_LIMIT:
            return None
        return self.value(found).partition(b"\0")[0].decode("utf-8", "replace")

    def number(self, node: Node, name: str) -> int | None:
        """A value as a number of 32 or 64 bits; None when there is none."""
        found = node.property(name)
        return int.from_bytes(self.value(found), "big") if found is not None and found.size in (4, 8) else None

    def _build(self) -> Node:
        open_nodes: list[_Open] = []
        for token, start, offset in self._tokens():
            if token == _BEGIN_NODE:
                if len(open_nodes) >= DEPTH:
                    raise Malformed("nodes are nested too deep")
                open_nodes.append(_Open(self._text(offset), start))
            elif not open_nodes:
                raise Malformed("a device tree that does not begin with a node")
            elif token == _PROPERTY:
                size, name = _PAIR.unpack(self._read(offset, 8))
                open_nodes[-1].properties.append(Property(self._string(name), start, offset + 8, size))
            else:
                node = open_nodes.pop().closed(offset)
                if not open_nodes:
                    return node
                open_nodes[-1].children.append(node)
        raise Malformed("the device tree ends before its root does")

    def _tokens(self) -> Iterator[tuple[int, int, int]]:
        """Token, where it stands, and where what belongs to it begins; NOPs are left out."""
        offset = self.header.structure
        end = offset + self.header.structure_size
        for _ in range(TOKENS):
            data = self._read(offset, 4) if offset + 4 <= end else b""
            token = _WORD.unpack(data)[0] if len(data) == 4 else _END
            if token == _END:
                return
            start, offset = offset, self._behind(token, offset + 4, end)
            if token != _NOP:
                yield token, start, start + 4
        raise Malformed(f"a device tree of more than {TOKENS} tokens")

    def _behind(self, token: int, offset: int, end: int) -> int:
        if token == _BEGIN_NODE:
            size = len(self._name(offset)) + 1
        elif token == _PROPERTY:
            data = self._read(offset, 4)
            size = 8 + (_WORD.unpack(data)[0] if len(data) == 4 else end)
        elif token in (_END_NODE, _NOP):
            size = 0
        else:
            raise Malformed(f"token {token} is not known")
        offset += size + -size % 4
        if offset > end:
            raise Malformed("a node or a value that is longer than the device tree")
        return offset

    def _name(self, offset: int) -> bytes:
        name, mark, _ = self._read(offset, NAME_LIMIT).partition(b"\0")
        if not mark:
            raise Malformed("a name without an end")
        return name

    def _text(self, offset: int) -> str:
        return self._name(offset).decode("utf-8", "replace")

    def _string(self, place: int) -> str:
        """A property's name, which the strings block holds once for all of its uses."""
        if place >= self.header.strings_size and self.header.version >= 17:
            raise Malformed("the name of a property lies outside")
        if place not in self._strings:
            self._strings[place] = self._text(self.header.strings + place)
        return self._strings[place]


@dataclass(slots=True)
class _Open:
    """A node whose end was not met yet."""

    name: str
    start: int
    properties: list[Property] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    def closed(self, end: int) -> Node:
        return Node(self.name, self.start, end, tuple(self.properties), tuple(self.children))
