"""Keys pressed from power on, to be there in the moment in which a boot loader listens."""

import time

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import KERNEL

EVERY = 0.1
KEYS = " \r\x03"
"""What boot loaders in the field listen to: any key, Enter, Ctrl-C."""


def run(target: Target) -> Result:
    target.note(Witness.ATTACKER, "presses keys on the serial line, ten times a second, from power on")
    with target.power() as powered:
        _spam(powered, ATTACK.within)
        return powered.verdict(ATTACK.within)


def _spam(powered: Powered, seconds: float) -> None:
    """Each time something like a prompt shows, ask the challenge there."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and not (powered.answers() or powered.is_healthy):
        prompted = powered.said.rstrip(" ").endswith("\n=>")
        powered.type(f"{powered.target.challenge.uboot}\r" if prompted else KEYS)
        powered.hear(EVERY)


ATTACK = Attack(
    id="prompt-by-key-spam",
    title="Keys for a boot loader's prompt",
    does="presses keys on the serial line while the device starts, and commands the boot loader at its prompt",
    position=Position.HAND,
    link=KERNEL,
    case="Viehboeck, Grand: U-Boot prompts on UART of routers and cameras, the way into most teardowns",
    foretold=("uboot-shell-reachable",),
    run=run,
)
