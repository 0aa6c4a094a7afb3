"""Two releases of the same maker with their roots exchanged: each part is signed, and they do not belong together."""

from firmward.build import built
from firmward.build.built import STATE
from firmward.formats.boot_state import Records, Request, State
from firmward.lab import device as parts
from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.means import exposed_shell, outcome
from firmward.lab.means.exposed_shell import PORT
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import ROOT

ROOT_IMAGE = "slot/root.img"
EACH_ONCE = Records((State(8, a_left=1, b_left=1), State(9, a_left=1, b_left=1)), Request())
"""One try for each slot, so that the device comes to both soon."""


def run(target: Target) -> Result:
    older = built.read(target.older).version
    target.write("root_a", (target.older / ROOT_IMAGE).read_bytes())
    target.note(Witness.ATTACKER, f"put the root of {older} beside the kernel of {target.device.said.version}")
    if target.is_plain:
        with target.power(ports=ATTACK.ports) as powered:
            return exposed_shell.awaited(powered, older, ATTACK.within)
    target.write("boot_b", (target.older / parts.FIT).read_bytes())
    target.write(STATE, EACH_ONCE.to_bytes())
    target.note(Witness.ATTACKER, f"put the kernel of {older} beside the root of {target.device.said.version}")
    with target.power() as powered:
        return _device(powered)


def _device(powered: Powered) -> Result:
    """Both slots are tried, and each of them has to end by itself."""
    powered.until(lambda: powered.is_healthy or powered.resets >= len(built.SLOTS), ATTACK.within)
    if powered.is_healthy:
        return outcome.seen(powered, ATTACK.within, spoilt="ab")
    if powered.resets < len(built.SLOTS):
        raise Unseen(f"neither service nor a reset of each slot was seen within {ATTACK.within:g} s")
    powered.target.note(Witness.MACHINE, "the device ended both mixtures by a reset, and neither served")
    return Result.DETECTED


ATTACK = Attack(
    id="slot-swap",
    title="The roots of two releases exchanged",
    does="puts the system of one release beside the kernel of another, each as the maker signed it",
    position=Position.BENCH,
    link=ROOT,
    case="U-Boot, doc/usage/fit/signature.rst, and TUF (Samuel and others, 2010): mix-and-match attacks",
    foretold=("verity-root-hash-untrusted",),
    run=run,
    within=150.0,
    ports=(PORT,),
    needs=(Need.OLDER, Need.BEFORE),
)
