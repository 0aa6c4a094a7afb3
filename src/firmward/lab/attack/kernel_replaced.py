"""A program of the attacker's in place of the kernel, with nothing below it."""

from firmward.formats.fit import IMAGES
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import bare_program, fit, fit_tree
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.target import Target
from firmward.model.chain import KERNEL
from firmward.signing.fit import strings


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: _made(target, tree),
        "put a program of his own in the kernel's place, which has the processor to itself, and mended its checksum",
    )
    return target.withstands(ATTACK.within)


def _made(target: Target, tree: FitTree) -> bytes:
    program = bare_program.as_kernel(target.challenge, bare_program.serial_of(target))
    own = tree.of_one_slot().with_content("kernel", program)
    bare = {"compression": strings("none")}
    return own.changed(
        lambda image: fit_tree.with_properties(image, **bare), IMAGES, own.image_of("kernel").name
    ).to_bytes()


ATTACK = Attack(
    id="kernel-replaced",
    title="A program below all others",
    does="has the boot loader start a program of his own instead of a kernel, which then owns all that runs later",
    position=Position.BENCH,
    link=KERNEL,
    case="Szymaniak (NCC Group), Depthcharge (hardwear.io 2020): programs of one's own, started by U-Boot",
    foretold=("fit-unsigned",),
    run=run,
    within=120,
)
