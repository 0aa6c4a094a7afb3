"""A maker's signed FIT, as an attacker takes it apart and puts it together again.

What he does not change stays as it was, bit by bit, the places of names included: a signature that is refused in the
end is refused for what he changed, and not for how he wrote it. The checksums that lie beside what he changes he mends.
"""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from firmward.formats import fdt, fdt_writer
from firmward.formats.device_tree import Node, Tree
from firmward.formats.fit import CONFIGURATIONS, IMAGES, SKIPPED_HASH
from firmward.formats.malformed import Malformed
from firmward.lab.plain.fit import CONFIGURATION, ROLES

DATA, HASH, SIGNATURE = "data", "hash", "signature"

Change = Callable[[Node], Node]


@dataclass(frozen=True, slots=True)
class FitTree:
    """`names` is the block of the names of properties as the maker wrote it."""

    root: Node
    names: bytes

    def to_bytes(self) -> bytes:
        return fdt_writer.write(Tree(self.root), names_before=self.names)

    @property
    def configuration(self) -> Node:
        """What the boot loader asks for. Raises Malformed."""
        return at(self.root, CONFIGURATIONS, CONFIGURATION)

    def image_of(self, role: str) -> Node:
        """What it boots in a role: kernel, fdt, ramdisk. Raises Malformed."""
        return at(self.root, IMAGES, self.configuration.text(role) or "")

    def of_one_slot(self) -> "FitTree":
        """Without what other slots boot: the signature of this one is not over it, and it takes room."""
        booted = {name for role in ROLES for name in self.configuration.texts(role)}
        cut = self.changed(lambda images: _with_children(images, booted), IMAGES)
        return cut.changed(lambda configurations: _with_children(configurations, {CONFIGURATION}), CONFIGURATIONS)

    def changed(self, change: Change, *path: str) -> "FitTree":
        """With another node at this path."""
        return replace(self, root=changed(self.root, change, *path))

    def content_of(self, role: str) -> bytes:
        """Raises Malformed."""
        content = self.image_of(role).properties.get(DATA)
        if content is None:
            raise Malformed(f"no FIT of a build: the bytes of its {role} lie elsewhere")
        return content

    def with_content(self, role: str, content: bytes) -> "FitTree":
        """With other bytes in the image of a role, and its checksums mended."""
        return self.changed(lambda image: with_content(image, content), IMAGES, self.image_of(role).name)


def opened(data: bytes) -> FitTree:
    """Raises Malformed."""

    def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    tree = fdt.DeviceTree(read)
    return FitTree(_filled(tree.root, data), read(tree.header.strings, tree.header.strings_size))


def _filled(node: fdt.Node, data: bytes) -> Node:
    values = {one.name: data[one.offset : one.offset + one.size] for one in node.properties}
    return Node(node.name, values, tuple(_filled(one, data) for one in node.children))


def _with_children(node: Node, names: set[str]) -> Node:
    return replace(node, children=tuple(one for one in node.children if one.name in names))


def at(node: Node, *path: str) -> Node:
    """Raises Malformed."""
    for name in path:
        found = next((one for one in node.children if one.name == name), None)
        if found is None:
            raise Malformed(f"no FIT of a build: it has no {'/'.join(path)}")
        node = found
    return node


def changed(node: Node, change: Change, *path: str) -> Node:
    if not path:
        return change(node)
    at(node, path[0])
    children = (changed(one, change, *path[1:]) if one.name == path[0] else one for one in node.children)
    return replace(node, children=tuple(children))


def with_properties(node: Node, **values: bytes) -> Node:
    """An underscore stands for a hyphen."""
    return replace(node, properties={**node.properties, **{key.replace("_", "-"): values[key] for key in values}})


def without_content(image: Node) -> Node:
    """The bytes of an image that is not booted are not missed: signatures are over its checksums."""
    return replace(image, properties={name: value for name, value in image.properties.items() if name != DATA})


def with_child(node: Node, child: Node) -> Node:
    """The last one."""
    return replace(node, children=(*node.children, child))


def with_content(image: Node, content: bytes) -> Node:
    """Other bytes, and each checksum made anew."""
    mended = tuple(
        with_properties(one, value=checksum(one.text("algo") or "", content)) if one.name.startswith(HASH) else one
        for one in image.children
    )
    return replace(with_properties(image, data=content), children=mended)


def with_unchecked_content(image: Node, content: bytes) -> Node:
    """Other bytes under the maker's checksums, which nobody is to look at."""
    skipped = tuple(
        with_properties(one, **{SKIPPED_HASH: (1).to_bytes(4, "big")}) if one.name.startswith(HASH) else one
        for one in image.children
    )
    return replace(with_properties(image, data=content), children=skipped)


def checksum(algorithm: str, content: bytes) -> bytes:
    """Raises Malformed for one that no attacker knows."""
    if algorithm == "crc32":
        return zlib.crc32(content).to_bytes(4, "big")
    if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
        raise Malformed(f"nobody knows a checksum called {algorithm!r}")
    return hashlib.new(algorithm, content, usedforsecurity=False).digest()
