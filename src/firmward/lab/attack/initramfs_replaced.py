"""An initramfs of the attacker's in the maker's signed FIT."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit
from firmward.lab.target import Target
from firmward.model.chain import KERNEL


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: tree.of_one_slot().with_content("ramdisk", fit.his_initramfs(target, tree)).to_bytes(),
        "left kernel and signature as they are, put a first program into the initramfs and mended its checksum",
    )
    return target.withstands(ATTACK.within)


ATTACK = Attack(
    id="initramfs-replaced",
    title="The initramfs alone",
    does="leaves the signed kernel as it is and puts a first program of his own into the initramfs beside it",
    position=Position.BENCH,
    link=KERNEL,
    case="Moch, Insecure Boot: Injecting initramfs from a debug shell (ERNW 2025): a signed kernel, and nothing else",
    foretold=("initramfs-unsigned", "fit-unsigned", "fit-component-uncovered"),
    run=run,
    within=120,
)
