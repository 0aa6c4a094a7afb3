"""A stick or a card with a script that the device runs."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import memory_card
from firmward.lab.means.program import script
from firmward.lab.target import Target, Witness
from firmward.model.chain import PLUG_INS

NAMES = ("factory.sh", "autorun.sh", "update.sh", "equip.sh")
"""What devices in the field look for on a medium."""


def run(target: Target) -> Result:
    own = script(target.challenge).encode()
    image = memory_card.written(dict.fromkeys(NAMES, own), target.work)
    target.note(Witness.ATTACKER, f"put a card with {', '.join(NAMES)} into the device")
    return target.withstands(ATTACK.within, attached=memory_card.plugged(image))


ATTACK = Attack(
    id="usb-script",
    title="A script on a card or stick",
    does="puts a memory card into the device, with scripts under the names that devices look for",
    position=Position.HAND,
    link=PLUG_INS,
    case="TALOS-2018-0584: the Yi Home Camera runs what a card brings as an update",
    foretold=("removable-media-executed",),
    run=run,
)
