"""FIT images (U-Boot's doc/usage/fit): a device tree whose node `images` holds kernels, ramdisks, device trees.

The bytes of an image are a property (`data`), or lie behind the tree (`mkimage -E`): `data-offset` counts from the end
of the tree, rounded up to four bytes, `data-position` from its start. Hashes and signatures are not looked at here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats.fdt import MAGIC, DeviceTree, Node
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import opened, placed, role_of
from firmward.image.source import Source
from firmward.model.report import Role

MARK = b"\0\0\0\x01images\0\0"
"""How the node begins; looked for before the tree is read."""
SEARCHED = 1 << 20
"""Bytes searched for the node: descriptions and, in some, configurations come first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of an image are; `external` when they lie behind the tree."""

    offset: int
    size: int
    external: bool


def parse(source: Source) -> tuple[DeviceTree, Node] | None:
    """The tree and its node `images`; None when there is no whole tree, or it is not a FIT."""
    head = source.read(4, 4)
    total = int.from_bytes(head, "big")
    if total > source.size or source.find(MARK, 0, min(total, SEARCHED)) < 0:
        return None
    try:
        tree = DeviceTree(source.read)
    except Malformed:
        return None
    images = tree.root.child("images")
    return (tree, images) if images is not None and images.children else None


def place_of(tree: DeviceTree, image: Node) -> Place | None:
    """None when the image says of no bytes."""
    data = image.property("data")
    if data is not None:
        return Place(data.offset, data.size, external=False)
    size = tree.number(image, "data-size")
    position = tree.number(image, "data-position")
    offset = tree.number(image, "data-offset")
    if size is None or (position is None and offset is None):
        return None
    start = tree.header.total + -tree.header.total % 4
    return Place(position if position is not None else start + (offset or 0), size, external=True)


def measure(source: Source) -> int | None:
    found = parse(source)
    if found is None:
        return None
    tree, images = found
    places = [place_of(tree, image) for image in images.children]
    ends = [place.offset + place.size for place in places if place is not None and place.external]
    return min(max([tree.header.total, *ends]), source.size)


def open_fit(source: Source, budget: Budget) -> Iterator[Child]:
    found = parse(source)
    if found is None:
        raise Damaged("no device tree with images")
    tree, images = found
    for image in images.children:
        yield _child(source, tree, image, budget)


def _child(source: Source, tree: DeviceTree, image: Node, budget: Budget) -> Child:
    kind = tree.text(image, "type") or "unknown"
    role = _role(kind, tree.text(image, "os"))
    place = place_of(tree, image)
    if place is None:
        return Child(image.name, None, None, kind, "says neither data nor where they are", role)
    cipher = image.child("cipher")
    if cipher is not None:
        algorithm = tree.text(cipher, "algo") or "an unnamed cipher"
        return Child(image.name, None, place.offset, kind, f"encrypted with {algorithm}; the key is not known", role)
    child = placed(source, image.name, place.offset, place.size, kind, role)
    return opened(child, tree.text(image, "compression"), budget)


def _role(kind: str, system: str | None) -> Role | None:
    """Firmware without an operating system is what U-Boot's SPL starts: U-Boot itself, or what comes before it."""
    return Role.BOOT_LOADER if kind == "firmware" and system is None else role_of(kind, system)


ABOUT = About(
    title="FIT: flattened image tree of U-Boot",
    reads=(
        "Each image by its name with what it is for, inside the tree or behind it (external data by offset or by "
        "position); LZMA that only the tree tells."
    ),
    limits=(
        "Hashes, signatures and configurations are not checked here. An encrypted image says so. A tree that is cut "
        "off names no images."
    ),
    witness="mkimage",
)

FORMAT = Format("fit", (Magic(MAGIC),), measure, open_fit, ABOUT)
