"""An image of the old form, which has checksums alone, where a signed FIT lies."""

from pathlib import Path

from firmward.build.program import run as run_program
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.plain.fit import EPOCH, ROLES, WORDS
from firmward.lab.target import Target
from firmward.model.chain import KERNEL


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: _made(target, tree).read_bytes(),
        "put the maker's kernel and an initramfs of his own into an image of the old form, where no signature goes",
    )
    return target.withstands(ATTACK.within)


def _made(target: Target, tree: FitTree) -> Path:
    contents = {"ramdisk": fit.his_initramfs(target, tree)}
    for role in ROLES:
        (target.work / role).write_bytes(contents.get(role) or tree.content_of(role))
    made = target.work / "legacy.img"
    # the three in this order are kernel, initramfs and device tree to whoever boots it
    parts = ":".join(("kernel", "ramdisk", "fdt"))
    command = ("mkimage", *described(tree), "-T", "multi", "-n", "legacy", "-d", parts, made.name)
    run_program(command, epoch=EPOCH, package="u-boot-tools", cwd=target.work)
    return made


def described(tree: FitTree) -> tuple[str, ...]:
    """The maker's kernel as mkimage is told of it. What is no word of mkimage's is left out."""
    kernel = tree.image_of("kernel")
    words = {"-A": kernel.text("arch"), "-O": kernel.text("os"), "-C": kernel.text("compression")}
    places = {"-a": kernel.number("load"), "-e": kernel.number("entry")}
    told = [(key, word) for key, word in words.items() if word is not None and WORDS.issuperset(word)]
    told += [(key, f"{place:#x}") for key, place in places.items() if place is not None]
    return tuple(word for pair in told for word in pair)


ATTACK = Attack(
    id="legacy-image",
    title="An image of the old form",
    does="boots an initramfs of his own from a uImage, a form in which U-Boot can verify nothing",
    position=Position.BENCH,
    link=KERNEL,
    case="U-Boot, doc/usage/fit/signature: legacy images are not verified, and undo verified boot where they are taken",
    foretold=("uboot-legacy-image-accepted", "fit-unsigned"),
    run=run,
    within=120,
)
