"""Device trees written as bytes, version 17 of the format (Devicetree specification 0.4, chapter 5).

What `device_tree` reads comes out as it was, order and all; the same tree gives the same bytes. The blocks stand in the
order that the specification recommends: memory reservations, structure, names. NOP tokens, and what two properties of
one name hide, are not kept.
"""

import struct
from collections.abc import Iterator

from firmward.formats import fdt
from firmward.formats.device_tree import Node, Tree

VERSION, COMPATIBLE = 17, 16
ALIGNED = 8
"""A tree's size is a multiple of it, so that trees one behind the other are all aligned."""

_WORD = struct.Struct(">I")


def write(tree: Tree, *, processor: int = 0, room: int = 0, names_before: bytes = b"") -> bytes:
    """`processor` is the number of the one that boots; `room` are bytes left free behind all, for who adds to it.
    `names_before` is a block of names that is kept, with more behind it: a FIT's signature is over their places."""
    names = _Names(names_before)
    structure = b"".join(_tokens(tree.root, names)) + _WORD.pack(fdt.END)
    reserved = b"".join(struct.pack(">QQ", *one) for one in (*tree.reservations, (0, 0)))
    at = fdt.HEADER_SIZE + len(reserved)
    used = at + len(structure) + len(names.block) + room
    total = used + -used % ALIGNED
    head = struct.pack(
        ">4s9I", fdt.MAGIC, total, at, at + len(structure), fdt.HEADER_SIZE, VERSION, COMPATIBLE, processor,
        len(names.block), len(structure),
    )  # fmt: skip
    return (head + reserved + structure + names.block).ljust(total, b"\0")


def processor_of(data: bytes) -> int:
    """The number of the processor that boots, by the header of a tree that was read already."""
    return int.from_bytes(data[28:32], "big")


class _Names:
    """The block of the names of properties, each in it once."""

    def __init__(self, before: bytes) -> None:
        self.block = bytearray(before)
        self._places: dict[str, int] = {}

    def place(self, name: str) -> int:
        if name not in self._places:
            self._places[name] = self._found(name.encode() + b"\0")
        return self._places[name]

    def _found(self, name: bytes) -> int:
        # dtc and libfdt take the end of a longer name for a name as well, and the first that there is
        place = self.block.find(name)
        if place < 0:
            place = len(self.block)
            self.block += name
        return place


def _tokens(node: Node, names: _Names) -> Iterator[bytes]:
    yield _WORD.pack(fdt.BEGIN_NODE) + _padded(node.name.encode() + b"\0")
    for name, value in node.properties.items():
        yield struct.pack(">3I", fdt.PROPERTY, len(value), names.place(name)) + _padded(value)
    for child in node.children:
        yield from _tokens(child, names)
    yield _WORD.pack(fdt.END_NODE)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
