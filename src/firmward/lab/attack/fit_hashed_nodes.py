"""A signature that holds, for nodes that lie elsewhere: the list of what it is over is not signed itself."""

from dataclasses import replace

from firmward.formats.device_tree import Node
from firmward.formats.fit import CONFIGURATIONS, IMAGES
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit, fit_tree
from firmward.lab.means.fit_tree import SIGNATURE, FitTree
from firmward.lab.plain.fit import CONFIGURATION
from firmward.lab.target import Target
from firmward.model.chain import KERNEL
from firmward.signing.fit import strings

ASIDE = "aside"
"""The node that the maker's image is moved to; the signature is over the tokens of listed nodes, not over where they
stand."""
BEHIND = Node("behind")
"""U-Boot counts the end of a node as well that comes straight behind what is listed, so something else has to."""


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: relisted(tree.of_one_slot(), fit.his_initramfs(target, tree)).to_bytes(),
        "moved the maker's initramfs aside, put his own in its place, and changed the list of what is signed",
    )
    return target.withstands(ATTACK.within)


def relisted(tree: FitTree, content: bytes) -> FitTree:
    """The maker's signature holds for what the list names now, and the image that is booted is none of it."""
    signed = tree.image_of("ramdisk")
    aside = Node(ASIDE, children=(fit_tree.without_content(signed), BEHIND))
    own = fit_tree.with_content(signed, content)
    others = tuple(one for one in fit_tree.at(tree.root, IMAGES).children if one.name != signed.name)
    before, behind = f"/{IMAGES}/{signed.name}", f"/{IMAGES}/{ASIDE}/{signed.name}"
    return tree.changed(lambda images: replace(images, children=(*others, aside, own)), IMAGES).changed(
        lambda node: _relisted(node, before, behind), CONFIGURATIONS, CONFIGURATION
    )


def _relisted(configuration: Node, before: str, behind: str) -> Node:
    children = (
        fit_tree.with_properties(one, hashed_nodes=strings(*(_moved(path, before, behind) for path in _listed(one))))
        if one.name.startswith(SIGNATURE)
        else one
        for one in configuration.children
    )
    return replace(configuration, children=tuple(children))


def _listed(signature: Node) -> tuple[str, ...]:
    return signature.texts("hashed-nodes")


def _moved(path: str, before: str, behind: str) -> str:
    return behind + path.removeprefix(before) if path == before or path.startswith(f"{before}/") else path


ATTACK = Attack(
    id="fit-hashed-nodes",
    title="Another list of what is signed",
    does="has the maker's signature verified over the maker's nodes, which he moved aside, and boots images of his own",
    position=Position.BENCH,
    link=KERNEL,
    case="CVE-2026-46728 (U-Boot), CVE-2026-33243 (barebox): the list hashed-nodes was believed",
    foretold=("fit-unsigned",),
    run=run,
    within=120,
)
