"""FIT images (U-Boot's doc/usage/fit): a device tree whose node `images` holds kernels, ramdisks, device trees.

`formats.fit` says where the bytes of each are. Hashes and signatures are not looked at here.
"""

from collections.abc import Iterator

from firmward.formats import fit
from firmward.formats.fdt import MAGIC
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


def parse(source: Source) -> fit.Fit | None:
    """None when there is no whole tree, or it is not a FIT."""
    head = source.read(4, 4)
    total = int.from_bytes(head, "big")
    if total > source.size or source.find(MARK, 0, min(total, SEARCHED)) < 0:
        return None
    try:
        found = fit.parse(source.read, source.size)
    except Malformed:
        return None
    return found if found.images else None


def measure(source: Source) -> int | None:
    found = parse(source)
    return None if found is None else min(found.end, source.size)


def open_fit(source: Source, budget: Budget) -> Iterator[Child]:
    found = parse(source)
    if found is None:
        raise Damaged("no device tree with images")
    for image in found.images:
        yield _child(source, image, budget)


def _child(source: Source, image: fit.Image, budget: Budget) -> Child:
    role, place = _role(image.kind, image.system), image.place
    if place is None:
        return Child(image.name, None, None, image.kind, "says neither data nor where they are", role)
    if image.cipher is not None:
        problem = f"encrypted with {image.cipher}; the key is not known"
        return Child(image.name, None, place.offset, image.kind, problem, role)
    child = placed(source, image.name, place.offset, place.size, image.kind, role)
    return opened(child, image.compression, budget)


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
