"""How much room a build will take, told before it is begun: the least, so that none is refused which would fit."""

from firmward.build.data import least_size
from firmward.build.inputs import Inputs
from firmward.build.trees import Given
from firmward.model.tree import Kind

SQUASHFS = "squashfs"
PACKING = 4
"""Hardly a root file system gets smaller than this part of its files."""
ROOTS, KERNELS, DATA = 4, 3, 2
"""Copies: the root packed, with its tree, and in both slots; the signed kernel, and in both slots; the data twice."""


def needed(inputs: Inputs) -> int:
    """Bytes, for `space.require`."""
    kernel = inputs.kernel.stat().st_size + inputs.device_tree.stat().st_size
    return ROOTS * _packed(inputs.root) + KERNELS * kernel + DATA * least_size(inputs.data)


def _packed(given: Given) -> int:
    if given.kind == SQUASHFS and given.source is not None:
        return given.source.size
    return sum(entry.size for entry in given.tree.entries() if entry.kind is Kind.FILE) // PACKING
