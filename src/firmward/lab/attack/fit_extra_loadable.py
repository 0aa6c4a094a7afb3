"""One image more, beside all that the maker signed."""

from firmward.formats.device_tree import Node
from firmward.formats.fit import CONFIGURATIONS, IMAGES
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit, fit_tree, loader_memory
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.means.loader_memory import Overlay
from firmward.lab.plain.fit import CONFIGURATION
from firmward.lab.target import Target
from firmward.model.chain import KERNEL
from firmward.signing.fit import strings

HIS = "another"
"""The image that he adds."""


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: with_another(tree.of_one_slot(), loader_memory.overlay(target)).to_bytes(),
        "left all that the maker signed, and had one image more loaded, to where the boot loader itself lies in memory",
    )
    return target.withstands(ATTACK.within)


def with_another(tree: FitTree, over: Overlay) -> FitTree:
    """What is loaded comes last, when all that the maker signed was read and verified."""
    about = {"type": strings("firmware"), "compression": strings("none"), "load": over.cell}
    image = fit_tree.with_content(Node(HIS, about, (Node("hash-1", {"algo": strings("sha256")}),)), over.content)
    added = tree.changed(lambda images: fit_tree.with_child(images, image), IMAGES)
    return added.changed(
        lambda one: fit_tree.with_properties(one, loadables=strings(HIS)), CONFIGURATIONS, CONFIGURATION
    )


ATTACK = Attack(
    id="fit-extra-loadable",
    title="One image more",
    does="adds one more image to a signed kernel's configuration, which is loaded beside what is verified",
    position=Position.BENCH,
    link=KERNEL,
    case="CVE-2018-18440: U-Boot loads an image over itself; mkimage signs kernel and device tree unless told more",
    foretold=("fit-unsigned",),
    run=run,
    within=120,
)
