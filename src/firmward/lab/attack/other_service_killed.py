"""A web server that was taken over, and ends another service: the one that would tell of it."""

from firmward.lab import reach
from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.links import RUNNING
from firmward.lab.means.taken_service import as_root, taken
from firmward.lab.network import Forward
from firmward.lab.target import Target, Witness

BROKER = 8883
SECONDS = 6.0


def run(target: Target) -> Result:
    with taken(target, (BROKER,)) as service:
        forward = Forward(BROKER, service.powered.address(BROKER)[1])
        if not _answers(forward):
            raise Unseen(f"port {BROKER} does not answer even before the attack")
        service.run(as_root("kill -9 $(pidof mosquitto)"))
        target.note(Witness.ATTACKER, "kills the broker, a service of another account")
        if not _answers(forward):
            target.note(Witness.NETWORK, f"port {BROKER} answered before, and does not any more")
            return Result.SUCCEEDED
        return service.goes_on(f"port {BROKER} answers as before")


def _answers(forward: Forward) -> bool:
    return all(one.answers for one in reach.call([forward], SECONDS))


ATTACK = Attack(
    id="other-service-killed",
    title="A taken-over service ends another one",
    does="runs code in the web server, and from there kills the broker, which reports what the camera sees",
    position=Position.SERVICE,
    link=RUNNING,
    case="Mirai (2016) kills the servers of its rivals on the devices that it takes (killer.c in its source)",
    foretold=("setuid-unexpected", "world-writable", "account-default-password"),
    run=run,
    needs=(Need.NETWORK, Need.SCRIPT),
    ports=(BROKER,),
)
