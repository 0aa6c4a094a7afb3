"""Device tree overlays (`.dtbo`): merged into a base tree as U-Boot, the kernel and `fdtoverlay` do it.

The rules this file holds (dtc's Documentation/dt-object-internal.txt):

- A fragment is a child of the root with a node `__overlay__`; `target` (a phandle) or `target-path` says where it goes.
- Phandles of the overlay begin behind the largest of the base: each is raised by it, and so is every place that
  `__local_fixups__` names, by the same path and property, with offsets in bytes.
- `__fixups__` names, by a label of the base, places as `path:property:offset` that take that node's phandle; the base
  gives labels in `__symbols__`.
- A property replaces the one of its name, a node joins the one of its name. Labels of the overlay join the base's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from firmward.formats.device_tree import Node, Tree, cells, strings
from firmward.formats.fdt import DEPTH
from firmward.formats.malformed import Malformed

CONTENT, LOCAL, OUTER, LABELS = "__overlay__", "__local_fixups__", "__fixups__", "__symbols__"
PHANDLES = ("phandle", "linux,phandle")
PHANDLES_END = 0xFFFFFFFF
PLACES_LIMIT = 1 << 16
"""Places that are filled in; the largest overlays have some hundred."""


def is_overlay(tree: Tree) -> bool:
    return any(one.child(CONTENT) is not None for one in tree.root.children)


def merge(base: Tree, overlay: Tree) -> Tree:
    """The base with the overlay in it. Raises Malformed when they do not fit together."""
    merged, added = _Draft.of(base.root), _Draft.of(overlay.root)
    aliases = base.aliases
    largest = max(base.phandles(), default=0)
    _renumber(added, largest)
    _fill_local(added, largest)
    _fill_outer(added, merged, base.symbols, aliases)
    targets = {fragment.name: target for fragment, target in _targets(added, base, aliases)}
    for name, target in targets.items():
        place = merged.at(target)
        content = added.children[name].children[CONTENT]
        if place is None:
            raise Malformed(f"the target {target} of {name} is not in the base")
        place.join(content, target.count("/"))
    _join_labels(merged, added, targets)
    return Tree(merged.closed(), base.reservations)


@dataclass(slots=True)
class _Draft:
    """A node that can still be changed. Overlays name thousands of places, so that a node is found by its name and a
    value is changed where it lies."""

    name: str
    properties: dict[str, bytes | bytearray]
    children: dict[str, "_Draft"] = field(default_factory=dict)
    bare: dict[str, "_Draft"] = field(default_factory=dict)
    """The first child of each name without its unit address."""

    @classmethod
    def of(cls, root: Node) -> "_Draft":
        made = cls(root.name, dict(root.properties))
        waiting = [(root, made)]
        while waiting:
            node, draft = waiting.pop()
            for one in node.children:
                if one.name not in draft.children:
                    waiting.append((one, draft.add(cls(one.name, dict(one.properties)))))
        return made

    def add(self, one: "_Draft") -> "_Draft":
        self.children[one.name] = one
        self.bare.setdefault(one.name.partition("@")[0], one)
        return one

    def child(self, name: str) -> "_Draft | None":
        """By its whole name, or else by its name without the unit address."""
        exact = self.children.get(name)
        if exact is not None or "@" in name:
            return exact
        return self.bare.get(name)

    def at(self, path: str) -> "_Draft | None":
        found: _Draft | None = self
        for step in filter(None, path.split("/")):
            found = None if found is None else found.child(step)
        return found

    def nodes(self) -> "Iterator[_Draft]":
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(node.children.values())

    def join(self, other: "_Draft", depth: int) -> None:
        """Take over what another node says, `depth` being one's own."""
        waiting = [(self, other, depth)]
        while waiting:
            mine, theirs, depth = waiting.pop()
            if depth >= DEPTH:
                raise Malformed("nodes are nested too deep")
            mine.properties.update(theirs.properties)
            for name, one in theirs.children.items():
                found = mine.child(name)
                if found is None:
                    found = mine.add(_Draft(name, {}))
                waiting.append((found, one, depth + 1))

    def raise_cell(self, name: str, offset: int, by: int) -> None:
        number = int.from_bytes(self.properties.get(name, b"")[offset : offset + 4], "big")
        self.set_cell(name, offset, number + by)

    def set_cell(self, name: str, offset: int, number: int) -> None:
        value = self.properties.get(name, bytearray())
        if not isinstance(value, bytearray):
            value = self.properties[name] = bytearray(value)
        if not 0 <= offset <= len(value) - 4:
            raise Malformed(f"a place outside the property {name} of {self.name}")
        if not 0 < number < PHANDLES_END:
            raise Malformed(f"the phandle {number} in {name} of {self.name}")
        value[offset : offset + 4] = number.to_bytes(4, "big")

    @property
    def phandle(self) -> int | None:
        numbers = {name: self.properties[name] for name in PHANDLES if name in self.properties}
        return Node(self.name, {name: bytes(value) for name, value in numbers.items() if len(value) in (4, 8)}).phandle

    def closed(self) -> Node:
        """The finished node. The order is such that children are closed before what holds them."""
        ready: dict[int, Node] = {}
        for node in reversed(list(self.nodes())):
            children = tuple(ready.pop(id(one)) for one in node.children.values())
            properties = {name: bytes(value) for name, value in node.properties.items()}
            ready[id(node)] = Node(node.name, properties, children)
        return ready[id(self)]


def _renumber(added: _Draft, by: int) -> None:
    for node in added.nodes():
        for name in PHANDLES:
            if name in node.properties:
                node.raise_cell(name, 0, by)


def _fill_local(added: _Draft, by: int) -> None:
    fixups = added.children.get(LOCAL)
    waiting = [] if fixups is None else [(fixups, added)]
    places = 0
    while waiting:
        node, target = waiting.pop()
        for name, value in node.properties.items():
            offsets = cells(bytes(value))
            places += len(offsets)
            if places > PLACES_LIMIT:
                raise Malformed("an overlay with too many references")
            for offset in offsets:
                target.raise_cell(name, offset, by)
        for name, one in node.children.items():
            found = target.child(name)
            if found is None:
                raise Malformed(f"{LOCAL} names {name}, which is not in the overlay")
            waiting.append((one, found))


def _fill_outer(added: _Draft, base: _Draft, labels: dict[str, str], aliases: dict[str, str]) -> None:
    fixups = added.children.get(OUTER)
    if fixups is None or not fixups.properties:
        return
    places = 0
    for label, value in fixups.properties.items():
        path = _whole(aliases, labels[label].partition(":")[0]) if label in labels else None
        node = base.at(path) if path is not None else None
        phandle = node.phandle if node is not None else None
        if phandle is None:
            raise Malformed(f"the overlay refers to {label}, which the base does not have")
        for words in strings(bytes(value)):
            places += 1
            path, _, rest = words.partition(":")
            name, _, offset = rest.partition(":")
            target = added.at(path)
            if target is None or not (offset.isascii() and offset.isdecimal() and len(offset) < 10):
                raise Malformed(f"{OUTER} names no place: {words[:80]}")
            if places > PLACES_LIMIT:
                raise Malformed("an overlay with too many references")
            target.set_cell(name, int(offset), phandle)


def _targets(added: _Draft, base: Tree, aliases: dict[str, str]) -> Iterator[tuple[_Draft, str]]:
    """The fragments and the paths in the base that they go to."""
    by_phandle = base.phandles()
    for fragment in added.children.values():
        if CONTENT not in fragment.children:
            continue
        phandle = fragment.properties.get("target")
        if phandle is not None:
            path = by_phandle.get(int.from_bytes(phandle[:4], "big"))
        else:
            named = (strings(bytes(fragment.properties.get("target-path", b""))) or ("",))[0]
            path = _whole(aliases, named)
        if path is None:
            raise Malformed(f"the target of {fragment.name} is not in the base")
        yield fragment, path


def _whole(aliases: dict[str, str], path: str) -> str | None:
    """A path that begins with an alias, from the root."""
    if path.startswith("/"):
        return path
    first, mark, rest = path.partition("/")
    known = aliases.get(first)
    return None if known is None else known + mark + rest


def _join_labels(merged: _Draft, added: _Draft, targets: dict[str, str]) -> None:
    labels = added.children.get(LABELS)
    if labels is None:
        return
    own = merged.children.get(LABELS) or merged.add(_Draft(LABELS, {}))
    for label, value in labels.properties.items():
        steps = bytes(value).partition(b"\0")[0].decode("utf-8", "replace").split("/")
        target = targets.get(steps[1]) if len(steps) > 2 and steps[2] == CONTENT else None
        if target is not None:
            path = "/".join((target.rstrip("/"), *steps[3:])) or "/"
            own.properties[label] = path.encode() + b"\0"
