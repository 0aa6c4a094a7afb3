"""A kernel that nobody signed, where the device looks for its own."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit
from firmward.lab.target import Target, Witness
from firmward.model.chain import KERNEL


def run(target: Target) -> Result:
    made = fit.unsigned(target)
    target.write("boot_a", made.read_bytes())
    target.note(Witness.ATTACKER, "put a FIT without a signature, with his own first program, into slot a")
    return target.withstands(ATTACK.within)


ATTACK = Attack(
    id="fit-unsigned",
    title="A kernel that nobody signed",
    does="takes the storage out and puts a kernel with an initramfs of his own in place of the device's",
    position=Position.BENCH,
    link=KERNEL,
    case="CVE-2018-18440, CVE-2018-18439: U-Boot starts an image without having verified it",
    foretold=("fit-unsigned", "fit-key-not-required"),
    run=run,
)
