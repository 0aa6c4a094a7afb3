"""A kernel that cannot be read, so that a boot loader has nothing to start: many wait for commands then."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import outcome, prompt
from firmward.lab.target import Target, Witness
from firmward.model.chain import KERNEL

HEAD = 4096
"""Bytes, at the start of what is started."""
SLOTS = ("boot_a", "boot_b")


def run(target: Target) -> Result:
    for place in SLOTS:
        target.write(place, bytes(HEAD))
    target.note(Witness.ATTACKER, "held down a data line of the storage, so that no kernel can be read")
    with target.power() as powered:
        powered.until(lambda: prompt.is_shown(powered) or powered.resets >= outcome.ENDLESS, ATTACK.within)
        if prompt.is_shown(powered):
            powered.type(f"{target.challenge.uboot}\r")
        return outcome.seen(powered, ATTACK.within, spoilt="ab")


ATTACK = Attack(
    id="prompt-by-damaged-kernel",
    title="A prompt where the kernel cannot be read",
    does="disturbs the storage while the kernel is read, and commands the boot loader that gives up",
    position=Position.HAND,
    link=KERNEL,
    case="Dixon, pin2pwn, DEF CON 24 (2016): a needle on the flash chip, and U-Boot falls back to its prompt",
    foretold=("uboot-shell-reachable",),
    run=run,
    within=120.0,
)
