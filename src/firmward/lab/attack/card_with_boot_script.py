"""A card with a boot script, where the device's own storage gives nothing to start any more."""

from firmward.build.built import STATE
from firmward.formats.boot_state import SIZE
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import boot_card, environment, outcome
from firmward.lab.target import Target, Witness
from firmward.model.chain import KERNEL

HEAD = 4096
"""Bytes, at the start of what is started."""


def run(target: Target) -> Result:
    plugged = boot_card.plugged(boot_card.made(target.work, target.challenge))
    for place in ("boot_a", "boot_b"):
        target.write(place, bytes(HEAD))
    target.write(STATE, bytes(SIZE))
    target.write_flash(b"\xff" * environment.size_of(target))
    target.note(Witness.ATTACKER, "erased kernels, state and the flash's environment, and plugged in a storage card")
    with target.power(attached=plugged) as powered:
        return outcome.seen(powered, ATTACK.within, spoilt="ab")


ATTACK = Attack(
    id="card-with-boot-script",
    title="A card with a boot script",
    does="takes the boot loader back to its defaults, and plugs in a storage card with a script that these look for",
    position=Position.HAND,
    link=KERNEL,
    case="Barnes (MWR), Alexa, are you listening? (2017): an Amazon Echo starts from a card at its debug pads",
    foretold=("boot-mode-unverified", "uboot-environment-on-media"),
    run=run,
    within=120.0,
)
