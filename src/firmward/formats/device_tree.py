"""Device trees as what they say: nodes with the values of their properties (Devicetree specification 0.4, chapter 2).

The rules this file holds:

- A value is bytes; what it means is known by who asks: strings that end with zeros, or cells of 32 bits, big endian.
- The first of two properties or nodes of one name is the one that counts, as for those who boot with the tree.
- A step of a path without `@` finds the node with that name and any unit address; a path may begin with an alias.
- A node without `status`, or with `ok` or `okay`, is in use. What lies in a node that is not in use is not either.
- No reference is followed by itself, so that phandles that point in circles cost nothing.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field

from firmward.formats import fdt
from firmward.formats.fdt import Reservation
from firmward.formats.malformed import Malformed

SIZE_LIMIT = 16 << 20
"""Bytes of a tree that is read at once; the largest of Debian's has some 300 KiB."""


@dataclass(frozen=True, slots=True)
class Node:
    """`name` with its unit address, empty for the root."""

    name: str
    properties: Mapping[str, bytes] = field(default_factory=dict)
    children: tuple["Node", ...] = ()

    def child(self, name: str) -> "Node | None":
        """By its whole name, or else by its name without the unit address."""
        exact = next((one for one in self.children if one.name == name), None)
        if exact is not None or "@" in name:
            return exact
        return next((one for one in self.children if one.name.partition("@")[0] == name), None)

    def text(self, name: str) -> str | None:
        """A value as text, its first string; None when the property is not there."""
        value = self.properties.get(name)
        return None if value is None else value.partition(b"\0")[0].decode("utf-8", "replace")

    def texts(self, name: str) -> tuple[str, ...]:
        """A value as strings; empty when the property is not there or has no value."""
        return strings(self.properties.get(name, b""))

    def cells(self, name: str) -> tuple[int, ...]:
        """A value as numbers of 32 bits; empty when it is not there, or no row of cells."""
        return cells(self.properties.get(name, b""))

    def number(self, name: str) -> int | None:
        """A value as one number of 32 or 64 bits; None when it is none."""
        value = self.properties.get(name, b"")
        return int.from_bytes(value, "big") if len(value) in (4, 8) else None

    @property
    def phandle(self) -> int | None:
        """The number by which others refer to this node."""
        found = self.number("phandle")
        return self.number("linux,phandle") if found is None else found

    @property
    def status(self) -> str:
        return self.text("status") or "okay"

    @property
    def is_enabled(self) -> bool:
        """By its own status; those above are not asked."""
        return self.status in ("okay", "ok")

    def walk(self, path: str = "/") -> "Iterator[tuple[str, Node]]":
        """This node and all below it with their paths, in order."""
        waiting = [(path, self)]
        while waiting:
            path, node = waiting.pop()
            yield path, node
            base = path if path.endswith("/") else path + "/"
            waiting.extend((base + one.name, one) for one in reversed(node.children))


@dataclass(frozen=True, slots=True)
class Tree:
    root: Node
    reservations: tuple[Reservation, ...] = ()

    def node(self, path: str) -> Node | None:
        """By its path from the root, or from an alias: `/soc/serial@7e201000`, `serial0`. Options behind a colon, as
        in `stdout-path`, are left out."""
        path = path.partition(":")[0]
        if not path.startswith("/"):
            first, _, rest = path.partition("/")
            path = f"{self.aliases.get(first) or ''}/{rest}" if first in self.aliases else ""
        found: Node | None = self.root if path.startswith("/") else None
        for step in filter(None, path.split("/")):
            found = None if found is None else found.child(step)
        return found

    @property
    def aliases(self) -> dict[str, str]:
        """Paths by their short names."""
        node = self.root.child("aliases")
        return {name: node.text(name) or "" for name in node.properties} if node is not None else {}

    @property
    def symbols(self) -> dict[str, str]:
        """Paths by the labels of the source, where it was compiled to keep them."""
        node = self.root.child("__symbols__")
        return {name: node.text(name) or "" for name in node.properties} if node is not None else {}

    def phandles(self) -> dict[int, str]:
        """Paths by phandle; the first counts where two nodes claim one."""
        found: dict[int, str] = {}
        for path, node in self.root.walk():
            number = node.phandle
            if number is not None:
                found.setdefault(number, path)
        return found

    def enabled(self) -> Iterator[tuple[str, Node]]:
        """The nodes in use with their paths: not those within one that is not."""
        waiting = [("/", self.root)]
        while waiting:
            path, node = waiting.pop()
            if node.is_enabled:
                yield path, node
                base = path if path == "/" else path + "/"
                waiting.extend((base + one.name, one) for one in reversed(node.children))


def strings(value: bytes) -> tuple[str, ...]:
    """Strings that each end with a zero."""
    return tuple(value.removesuffix(b"\0").decode("utf-8", "replace").split("\0")) if value else ()


def cells(value: bytes) -> tuple[int, ...]:
    """Numbers of 32 bits; empty when the value is no row of them."""
    if len(value) % 4:
        return ()
    return tuple(int.from_bytes(value[at : at + 4], "big") for at in range(0, len(value), 4))


def parse(data: bytes, only: Container[str] | None = None) -> Tree:
    """The tree that the bytes begin with; with `only` no other properties than these, and the aliases. Raises
    Malformed.
    """
    header = fdt.parse_header(data[: fdt.HEADER_SIZE])
    if header.total > min(len(data), SIZE_LIMIT):
        raise Malformed(f"a device tree of {header.total} bytes, of which {len(data)} are there")

    def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    root = _root(data, header, fdt.Names(read, header), read, only)
    return Tree(root, fdt.reservations(read, header))


def _root(data: bytes, header: fdt.Header, names: fdt.Names, read: fdt.Read, only: Container[str] | None) -> Node:
    above: list[tuple[str, dict[str, bytes], list[Node], int]] = []
    length = 0  # of the names of the nodes that are open
    properties: dict[str, bytes] = {}
    children: list[Node] = []
    known, property_kind, begin = names.known, fdt.PROPERTY, fdt.BEGIN_NODE
    for kind, start, end, name, place, size in fdt.tokens(read, header):
        if kind == property_kind:
            key = known.get(place) or names.at(place)
            kept = only is None or key in only or (above and above[-1][0] == "aliases")
            if kept and key not in properties:
                properties[key] = data[start + 12 : start + 12 + size]
        elif kind == begin:
            length += len(name)
            fdt.check_path(len(above), length)
            properties, children = {}, []
            above.append((name.decode("utf-8", "replace"), properties, children, len(name)))
        elif kind == fdt.END_NODE and above:
            own, _, _, added = above.pop()
            node = Node(own, properties, tuple(children))
            if not above:
                return node
            length -= added
            _, properties, children, _ = above[-1]
            children.append(node)
        elif kind == fdt.END:
            break
        if not above and kind != fdt.NOP:
            raise Malformed(f"a device tree that does not begin with a node, at byte {end}")
    raise Malformed("the device tree ends before its root does")
