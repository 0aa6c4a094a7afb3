"""A version of the past that the maker signed himself, and whose holes are known."""

from firmward.build import built
from firmward.build.built import STATE
from firmward.formats import boot_state
from firmward.lab import device as parts
from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.means import exposed_shell, outcome
from firmward.lab.means.exposed_shell import PORT
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import UPDATES

ERASED = b"\xff" * 4
CONFIRMED = 60.0
"""Seconds until a boot loader has noted what runs."""
ROOT_IMAGE = "slot/root.img"


def run(target: Target) -> Result:
    older = built.read(target.older).version
    if older == target.device.said.version:
        raise Unseen(f"the older build says that it is {older}, as the newer one does")
    if not target.is_plain:
        _confirm(target)
    _bring_back(target)
    target.note(Witness.ATTACKER, f"put {older}, as its maker signed it, where the device starts from")
    with target.power(ports=ATTACK.ports) as powered:
        if target.is_plain:
            return exposed_shell.awaited(powered, older, ATTACK.within)
        return _device(powered, older)


def _confirm(target: Target) -> None:
    """Have the device use what it has, until its boot loader will take nothing older."""
    with target.power() as powered:
        powered.await_healthy(ATTACK.within)
    with target.power() as powered:
        if not powered.until(lambda: target.read_flash(len(ERASED)) != ERASED, CONFIRMED):
            raise Unseen("the boot loader did not note in its flash what runs")
    target.note(Witness.FLASH, f"the device has confirmed {target.device.said.version}")


def _bring_back(target: Target) -> None:
    """The twin starts whatever root lies there. On the device the state is put back to that of a new one besides."""
    target.write("root_a", (target.older / ROOT_IMAGE).read_bytes())
    if not target.is_plain:
        target.write("boot_a", (target.older / parts.FIT).read_bytes())
        target.write(STATE, boot_state.fresh().to_bytes())


def _device(powered: Powered, older: str) -> Result:
    result = outcome.seen(powered, ATTACK.within, spoilt="a")
    if exposed_shell.version(powered.address(PORT), powered.target.challenge) != older:
        return result
    powered.target.note(Witness.NETWORK, f"{older} answered the challenge at port {PORT}")
    return Result.SUCCEEDED


ATTACK = Attack(
    id="downgrade-to-old-signed",
    title="An older version that the maker signed",
    does="writes an older release of the same maker over the one that the device has confirmed, for its known holes",
    position=Position.BENCH,
    link=UPDATES,
    case="CVE-2022-21894: BlackLotus brings back a boot manager that is signed and has a known hole",
    foretold=("fit-unsigned", "update-downgrade-possible"),
    run=run,
    within=150.0,
    ports=(PORT,),
    needs=(Need.OLDER, Need.BEFORE),
)
