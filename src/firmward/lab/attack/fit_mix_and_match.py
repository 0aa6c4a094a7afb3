"""The maker's signature of one configuration, borne by another."""

from dataclasses import replace

from firmward.formats.device_tree import Node
from firmward.formats.fit import CONFIGURATIONS, IMAGES
from firmward.formats.malformed import Malformed
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit, fit_tree
from firmward.lab.means.fit_tree import SIGNATURE, FitTree
from firmward.lab.plain.fit import CONFIGURATION
from firmward.lab.target import Target
from firmward.model.chain import KERNEL
from firmward.signing.fit import strings

HIS = "another"
"""The image that he adds."""


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: mixed(tree, fit.his_initramfs(target, tree)).to_bytes(),
        "gave the first slot's configuration an initramfs of his own, and the maker's signature of the other slot's",
    )
    return target.withstands(ATTACK.within)


def mixed(tree: FitTree, content: bytes) -> FitTree:
    """All that the borrowed signature is over stays as it was: the configuration that it was made for, and the images
    of that one with their checksums. Raises Malformed for a FIT with one configuration alone."""
    other = _other(tree)
    own, booted = tree.image_of("ramdisk"), {tree.image_of(role).name for role in ("kernel", "fdt")}
    images = fit_tree.at(tree.root, IMAGES).children
    kept = tuple(one if one.name in booted else fit_tree.without_content(one) for one in images)
    his = fit_tree.with_content(replace(own, name=HIS), content)
    signed = tuple(one for one in other.children if one.name.startswith(SIGNATURE))
    chosen = replace(fit_tree.with_properties(tree.configuration, ramdisk=strings(HIS)), children=signed)
    return tree.changed(lambda node: replace(node, children=(*kept, his)), IMAGES).changed(
        lambda _: chosen, CONFIGURATIONS, CONFIGURATION
    )


def _other(tree: FitTree) -> Node:
    found = next((one for one in fit_tree.at(tree.root, CONFIGURATIONS).children if one.name != CONFIGURATION), None)
    if found is None:
        raise Malformed("the maker signed one configuration alone: there is no signature to borrow")
    return found


ATTACK = Attack(
    id="fit-mix-and-match",
    title="The signature of another configuration",
    does="boots an initramfs of his own in a configuration that bears the maker's signature of another one",
    position=Position.BENCH,
    link=KERNEL,
    case="CVE-2020-10648: U-Boot did not look whether a signature was over the configuration that bears it",
    foretold=("fit-unsigned", "fit-mix-and-match"),
    run=run,
    within=120,
)
