"""FIT images (U-Boot's doc/usage/fit): a device tree with images, and configurations of those that boot together.

The rules this file holds:

- The bytes of an image are its property `data`, or lie in the file outside the tree: `data-position` counts from the
  start of the file, `data-offset` from the end of the tree, rounded up to four bytes. U-Boot looks for the position
  first, then for the offset, then for the property.
- Children of an image or a configuration whose names begin with `hash` or `signature` are what the names say.
- Names say which image a configuration means. Two nodes of one name, or a name with `@`, which some readers match with
  a name without it, let two readers see two images; so they are told.
- What is told here is what the tree says. Whether hashes and signatures hold is the question of `fit_check`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats.fdt import DeviceTree, Node, Read
from firmward.formats.malformed import Malformed

IMAGES, CONFIGURATIONS = "images", "configurations"
ROLES = ("kernel", "fdt", "ramdisk", "firmware", "loadables", "fpga", "script", "setup")
"""Properties of a configuration that name images whether or not these are there."""
NOT_IMAGES = frozenset(("description", "compatible", "default"))
SKIPPED_HASH = "uboot-ignore"
HASHED_NODES = 2048
"""Nodes of a signature's list; U-Boot refuses more than 100 (IMAGE_MAX_HASHED_NODES). A longer one is over none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of an image are in the file; `external` when they lie outside the tree."""

    offset: int
    size: int
    external: bool

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class Hash:
    """`ignored` says that U-Boot is told not to look at it."""

    name: str
    algorithm: str
    value: bytes
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """`algorithm` as written, `sha256,rsa2048`; `signs` are the roles that the signer was told to sign, empty for its
    own choice; `hashed_strings` is how many bytes of the names of properties were signed, None for none of them."""

    name: str
    algorithm: str
    padding: str
    key_hint: str | None
    value: bytes
    hashed_nodes: tuple[str, ...]
    hashed_strings: int | None
    signs: tuple[str, ...] = ()

    @property
    def digest_name(self) -> str:
        return self.algorithm.partition(",")[0]

    @property
    def scheme(self) -> str:
        """The kind of key with its size: `rsa2048`, `ecdsa256`."""
        return self.algorithm.partition(",")[2]


@dataclass(frozen=True, slots=True)
class Image:
    """Addresses are None where the tree gives none. `cipher` names what the bytes are encrypted with; `verity` says
    that the image has a root hash of dm-verity."""

    name: str
    kind: str
    system: str | None
    architecture: str | None
    compression: str | None
    load: int | None
    entry: int | None
    place: Place | None
    cipher: str | None
    verity: bool
    hashes: tuple[Hash, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """An image that a configuration boots, and as what."""

    role: str
    image: str


@dataclass(frozen=True, slots=True)
class Configuration:
    name: str
    description: str | None
    compatible: tuple[str, ...]
    components: tuple[Component, ...]
    signatures: tuple[Signature, ...]


class Fault(StrEnum):
    """What is wrong with a FIT whatever its hashes say."""

    MISSING_IMAGE = "missing-image"
    MISSING_DEFAULT = "missing-default"
    NO_DATA = "no-data"
    OUTSIDE = "outside"
    OVERLAP = "overlap"
    SAME_NAME = "same-name"
    UNIT_ADDRESS = "unit-address"


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is the node, `message` says what is wrong with it."""

    fault: Fault
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Fit:
    """`total` is the size of the tree, `end` the end of all that belongs to it, in bytes; `default` is the name of the
    configuration that boots when none is asked for."""

    total: int
    end: int
    default: str | None
    images: tuple[Image, ...]
    configurations: tuple[Configuration, ...]
    problems: tuple[Problem, ...]

    def image(self, name: str) -> Image | None:
        return next((one for one in self.images if one.name == name), None)

    def configuration(self, name: str | None) -> Configuration | None:
        return next((one for one in self.configurations if one.name == name), None)


def parse(read: Read, size: int) -> Fit:
    """The FIT that a file of `size` bytes begins with. Raises Malformed for a tree without images."""
    return describe(DeviceTree(read), size)


def describe(tree: DeviceTree, size: int) -> Fit:
    """The FIT in a tree that was read already, of a file of `size` bytes. Raises Malformed."""
    if tree.header.total > size:
        raise Malformed(f"a device tree of {tree.header.total} bytes, of which {size} are there")
    holder = tree.root.child(IMAGES)
    if holder is None:
        raise Malformed("a device tree without images")
    images = tuple(_image(tree, node) for node in holder.children)
    chooser = tree.root.child(CONFIGURATIONS)
    known = frozenset(one.name for one in images)
    configurations = () if chooser is None else tuple(_configuration(tree, node, known) for node in chooser.children)
    default = None if chooser is None else tree.text(chooser, "default")
    ends = [one.place.end for one in images if one.place is not None]
    problems = (
        *_misnamed(tree.root),
        *_missing(configurations, default, known),
        *_misplaced(images, tree.header.total, size),
    )
    return Fit(tree.header.total, max([tree.header.total, *ends]), default, images, configurations, problems)


def _image(tree: DeviceTree, node: Node) -> Image:
    cipher = node.child("cipher")
    return Image(
        node.name,
        tree.text(node, "type") or "unknown",
        tree.text(node, "os"),
        tree.text(node, "arch"),
        tree.text(node, "compression"),
        tree.number(node, "load"),
        tree.number(node, "entry"),
        _place(tree, node),
        None if cipher is None else tree.text(cipher, "algo") or "an unnamed cipher",
        node.child("dm-verity") is not None,
        tuple(_hash(tree, one) for one in node.children if one.name.startswith("hash")),
        tuple(_signature(tree, one) for one in node.children if one.name.startswith("signature")),
    )


def _place(tree: DeviceTree, node: Node) -> Place | None:
    size = tree.number(node, "data-size")
    position = tree.number(node, "data-position")
    offset = tree.number(node, "data-offset")
    if size is not None and position is not None:
        return Place(position, size, external=True)
    if size is not None and offset is not None:
        return Place((tree.header.total + 3 & -4) + offset, size, external=True)
    data = node.property("data")
    return None if data is None else Place(data.offset, data.size, external=False)


def _hash(tree: DeviceTree, node: Node) -> Hash:
    ignored = bool(tree.number(node, SKIPPED_HASH))
    return Hash(node.name, tree.text(node, "algo") or "", _bytes(tree, node, "value"), ignored)


def _signature(tree: DeviceTree, node: Node) -> Signature:
    strings = _bytes(tree, node, "hashed-strings")
    nodes = tree.texts(node, "hashed-nodes")
    return Signature(
        node.name,
        tree.text(node, "algo") or "",
        tree.text(node, "padding") or "pkcs-1.5",
        tree.text(node, "key-name-hint"),
        _bytes(tree, node, "value"),
        nodes if len(nodes) <= HASHED_NODES else (),
        int.from_bytes(strings[4:8], "big") if len(strings) >= 8 else None,
        tree.texts(node, "sign-images"),
    )


def _bytes(tree: DeviceTree, node: Node, name: str) -> bytes:
    found = node.property(name)
    return b"" if found is None else tree.value(found)


def _configuration(tree: DeviceTree, node: Node, known: frozenset[str]) -> Configuration:
    return Configuration(
        node.name,
        tree.text(node, "description"),
        tree.texts(node, "compatible"),
        tuple(_components(tree, node, known)),
        tuple(_signature(tree, one) for one in node.children if one.name.startswith("signature")),
    )


def _components(tree: DeviceTree, node: Node, known: frozenset[str]) -> Iterator[Component]:
    """Any property that names images is taken for what boots: loaders have many words for the roles."""
    for one in node.properties:
        names = () if one.name in NOT_IMAGES else tree.texts(node, one.name)
        for name in names:
            if name and (one.name in ROLES or name in known):
                yield Component(one.name, name)


def _misnamed(root: Node) -> Iterator[Problem]:
    for name in (IMAGES, CONFIGURATIONS):
        holders = [one for one in root.children if one.name == name]
        if len(holders) > 1:
            yield Problem(Fault.SAME_NAME, f"/{name}", f"{len(holders)} nodes are named {name}")
        for holder in holders:
            for child, count in Counter(one.name for one in holder.children).items():
                path = f"/{name}/{child}"
                if count > 1:
                    yield Problem(Fault.SAME_NAME, path, f"{count} nodes are named {child}")
                if "@" in child:
                    yield Problem(Fault.UNIT_ADDRESS, path, "a name with a unit address can be taken for another")


def _missing(
    configurations: tuple[Configuration, ...], default: str | None, known: frozenset[str]
) -> Iterator[Problem]:
    if configurations and default not in [one.name for one in configurations]:
        words = "no configuration is the default" if default is None else f"the default {default} is not there"
        yield Problem(Fault.MISSING_DEFAULT, f"/{CONFIGURATIONS}", words)
    for one in configurations:
        for component in one.components:
            if component.image not in known:
                words = f"its {component.role} {component.image} is not there"
                yield Problem(Fault.MISSING_IMAGE, f"/{CONFIGURATIONS}/{one.name}", words)


def _misplaced(images: tuple[Image, ...], total: int, size: int) -> Iterator[Problem]:
    outside: list[tuple[Place, str]] = []
    for one in images:
        if one.place is None:
            yield Problem(Fault.NO_DATA, f"/{IMAGES}/{one.name}", "says neither data nor where they are")
        elif one.place.end > size:
            words = f"its data end at byte {one.place.end}, the file at {size}"
            yield Problem(Fault.OUTSIDE, f"/{IMAGES}/{one.name}", words)
        elif one.place.external and one.place.size:
            outside.append((one.place, one.name))
    end, before = total, "the tree"
    for place, name in sorted(outside, key=lambda one: (one[0].offset, one[0].size)):
        if place.offset < end:
            yield Problem(Fault.OVERLAP, f"/{IMAGES}/{name}", f"its data begin in those of {before}")
        if place.end > end:
            end, before = place.end, name
