"""A system that cannot start, so that the device starts it again, and again."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import outcome
from firmward.lab.target import Target, Witness
from firmward.model.chain import ROOT

HEAD = 4096
"""Bytes, in which a file system says what it is."""
PORT = 443


def run(target: Target) -> Result:
    target.write("root_a", bytes(HEAD))
    target.note(Witness.ATTACKER, "wiped the head of the root that starts, as programs that brick devices do")
    return _twin(target) if target.is_plain else _device(target)


def _twin(target: Target) -> Result:
    with target.power(ports=ATTACK.ports) as powered:
        return outcome.of_brick(powered, PORT, ATTACK.within)


def _device(target: Target) -> Result:
    with target.power() as powered:
        return outcome.seen(powered, ATTACK.within, spoilt="a")


ATTACK = Attack(
    id="reboot-loop",
    title="A system that cannot start, again and again",
    does="damages the system that is started, so that the device is restarted for ever and serves nobody",
    position=Position.BENCH,
    link=ROOT,
    case="ICS-ALERT-17-102-01A: BrickerBot overwrites storage, and the device never serves again",
    foretold=("verity-root-hash-untrusted",),
    run=run,
    within=180.0,
    takes=95.0,
    ports=(PORT,),
)
