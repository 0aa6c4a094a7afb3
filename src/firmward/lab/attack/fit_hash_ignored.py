"""An image whose checksum the boot loader is told to pass over."""

from firmward.formats.fit import IMAGES
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit, fit_tree
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.target import Target
from firmward.model.chain import KERNEL


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: unchecked(tree.of_one_slot(), fit.his_initramfs(target, tree)).to_bytes(),
        "put an initramfs of his own under the maker's checksum, and marked the checksum as one to be ignored",
    )
    return target.withstands(ATTACK.within)


def unchecked(tree: FitTree, content: bytes) -> FitTree:
    """All that the maker wrote is there still, his checksum as well."""
    return tree.changed(
        lambda image: fit_tree.with_unchecked_content(image, content), IMAGES, tree.image_of("ramdisk").name
    )


ATTACK = Attack(
    id="fit-hash-ignored",
    title="A checksum that is passed over",
    does="changes the initramfs and leaves the maker's checksum, with a mark by which U-Boot does not look at it",
    position=Position.BENCH,
    link=KERNEL,
    case="U-Boot, FIT_IGNORE_PROP (uboot-ignore, for its own tests): a checksum that says that it does not count",
    foretold=("fit-unsigned", "fit-hash-mismatch"),
    run=run,
    within=120,
)
