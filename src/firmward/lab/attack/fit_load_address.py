"""An image that the boot loader copies over itself."""

from firmward.formats.device_tree import Node
from firmward.formats.fit import IMAGES
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit, fit_tree, loader_memory
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.means.loader_memory import Overlay
from firmward.lab.target import Target
from firmward.model.chain import KERNEL


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: elsewhere(tree.of_one_slot(), loader_memory.overlay(target)).to_bytes(),
        "had the initramfs, which is a program of his own, loaded to where the boot loader itself lies in memory",
    )
    return target.withstands(ATTACK.within)


def elsewhere(tree: FitTree, over: Overlay) -> FitTree:
    """The initramfs, as the first thing that the boot loader copies itself."""

    def change(image: Node) -> Node:
        return fit_tree.with_content(fit_tree.with_properties(image, load=over.cell), over.content)

    return tree.changed(change, IMAGES, tree.image_of("ramdisk").name)


ATTACK = Attack(
    id="fit-load-address",
    title="An image over the boot loader",
    does="names the boot loader's own memory as the place of an image, so that loading it replaces who verifies",
    position=Position.BENCH,
    link=KERNEL,
    case="CVE-2018-18440, CVE-2018-18439: U-Boot loads an image over itself",
    foretold=("fit-unsigned",),
    run=run,
    within=120,
)
