"""Two images of one name: what is verified, and what is booted."""

from dataclasses import replace

from firmward.formats.device_tree import Node
from firmward.formats.fit import IMAGES
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit, fit_tree
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.target import Target
from firmward.model.chain import KERNEL


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: doubled(tree.of_one_slot(), fit.his_initramfs(target, tree)).to_bytes(),
        "put an initramfs of his own before the maker's, by the same name, and left the maker's signature as it was",
    )
    return target.withstands(ATTACK.within)


def doubled(tree: FitTree, content: bytes) -> FitTree:
    """Who looks for a name takes the first. The maker's stays for who verifies, with its checksum."""
    signed = tree.image_of("ramdisk")
    pair = (fit_tree.with_content(signed, content), fit_tree.without_content(signed))
    return tree.changed(lambda images: _with_pair(images, signed.name, pair), IMAGES)


def _with_pair(images: Node, name: str, pair: tuple[Node, Node]) -> Node:
    kept = ((one,) if one.name != name else pair for one in images.children)
    return replace(images, children=tuple(one for ones in kept for one in ones))


ATTACK = Attack(
    id="fit-two-of-a-name",
    title="Two images of one name",
    does="adds an initramfs of his own by the name of the maker's, so that one is verified and the other is booted",
    position=Position.BENCH,
    link=KERNEL,
    case="CVE-2013-4787 (Android's Master Key); in U-Boot CVE-2021-27138: of two nodes the wrong one is verified",
    foretold=("fit-unsigned",),
    run=run,
    within=120,
)
