"""An image that the boot loader copies over itself."""

from dataclasses import replace

from firmward.formats.device_tree import Node
from firmward.formats.fit import IMAGES
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit, fit_tree, loader_memory
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.target import Target
from firmward.model.chain import KERNEL


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: _made(target, tree),
        "had the initramfs, which is a program of his own, loaded to where the boot loader itself lies in memory",
    )
    return target.withstands(ATTACK.within)


def _made(target: Target, tree: FitTree) -> bytes:
    wanted, content = loader_memory.image(target, tree.image_of("ramdisk").name)
    return elsewhere(tree.of_one_slot(), wanted, content).to_bytes()


def elsewhere(tree: FitTree, wanted: Node, content: bytes) -> FitTree:
    """The image of the wanted name, with the properties of that one."""

    def change(image: Node) -> Node:
        moved = replace(image, properties={**image.properties, **wanted.properties})
        return fit_tree.with_content(moved, content)

    return tree.changed(change, IMAGES, wanted.name)


ATTACK = Attack(
    id="fit-load-address",
    title="An image over the boot loader",
    does="names the boot loader's own memory as the place of an image, so that loading it replaces who verifies",
    position=Position.BENCH,
    link=KERNEL,
    case="CVE-2018-18440, CVE-2018-18439: U-Boot loads an image over itself",
    foretold=("fit-unsigned",),
    run=run,
)
