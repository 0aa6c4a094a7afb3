"""A root with the parts of the image that lie beside it, for the facts that look at more than one tree."""

from firmward.model.memory import MemoryTree
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role

ROOT = OpenPart(Part("image/root", "squashfs", "image", role=Role.ROOT), None, MemoryTree({}))


def around(*others: OpenPart, root: OpenPart = ROOT) -> Parts:
    return Parts(root.part.id, {one.part.id: one for one in (root, *others)})
