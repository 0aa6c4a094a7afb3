"""An update on a stick, which the attacker signed himself."""

from firmward.lab.attack.usb_script import NAMES
from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.means import memory_card, offered_update, update_stick
from firmward.lab.means.forged_repository import SIZE, Forged, forged
from firmward.lab.means.program import script
from firmward.lab.means.update_server import serving
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import UPDATES

ASKED = 64 << 10
"""Bytes: who has read no more has looked for partitions, and asked nothing of the repository."""


def run(target: Target) -> Result:
    own = forged(target.updates)
    scripts = dict.fromkeys(NAMES, script(target.challenge).encode())
    plugged = memory_card.plugged(update_stick.written(scripts, {**_metadata(target), **own.files}, target.work))
    with (
        serving(offered_update.honest(target.updates)) as server,
        target.power(station=server.station, attached=plugged) as powered,
    ):
        target.note(Witness.ATTACKER, ATTACK.does)
        powered.until(lambda: powered.answers() or powered.is_healthy, ATTACK.within)
        if target.is_plain:
            return offered_update.twin(powered, server)
        # the stick is looked at before the server is asked
        offered_update.until_asked(powered, server)
        return _device(powered, own) or offered_update.leaves(powered, server, frozenset())


def _metadata(target: Target) -> dict[str, bytes]:
    """What the maker has published: the roots, above all."""
    folder = target.updates.place("current") / "metadata"
    return {f"/metadata/{path.name}": path.read_bytes() for path in folder.iterdir() if path.is_file()}


def _device(powered: Powered, own: Forged) -> Result | None:
    """None where it looked at the repository and did not read the payload. Raises Unseen where it did not look."""
    size = sum(len(own.files[path]) for path in own.payloads)
    read = powered.bytes_read(memory_card.DRIVE)
    powered.target.note(
        Witness.MACHINE, f"the device has read {read >> 10} KiB of the stick, whose payload has {SIZE >> 10}"
    )
    if read >= size:
        return Result.SUCCEEDED
    if read < ASKED:
        raise Unseen("the device did not look at the repository on the stick")
    return None


ATTACK = Attack(
    id="update-stick-forged",
    title="An update on a stick, signed by the attacker",
    does="puts a stick into the device, with scripts that devices look for, and a repository that he signed himself",
    position=Position.HAND,
    link=UPDATES,
    case="CVE-2024-8356: Mazda's Connectivity Master Unit takes an unsigned update for its controller from a USB stick",
    foretold=("removable-media-executed",),
    run=run,
    within=120.0,
    needs=(Need.NETWORK, Need.UPDATES),
)
