"""A shell that a port hands to whoever calls: left over from the factory, or from the support."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import network
from firmward.lab.means.line import Line
from firmward.lab.target import Powered, Target, Witness


def run(target: Target) -> Result:
    return network.attacked(target, ATTACK, _strike)


def _strike(powered: Powered) -> bool:
    return any(_answers(powered, port) for port in ATTACK.ports)


def _answers(powered: Powered, port: int) -> bool:
    challenge = powered.target.challenge
    try:
        with Line(powered.address(port)) as line:
            line.send(f"echo {challenge.shell}\n".encode())
            if not line.until(lambda said: challenge.is_answered(said.decode("utf-8", "replace"))):
                return False
    except OSError:
        return False
    powered.target.note(Witness.NETWORK, f"a shell at port {port} answered the challenge, without a login")
    return True


ATTACK = Attack(
    id="backdoor-shell",
    title="A shell that a port hands out",
    does="connects to ports on which factories and support teams leave shells, and commands them",
    position=Position.NETWORK,
    link=RUNNING,
    case="CVE-2014-0659: a test interface on port 32764 of Cisco's routers takes commands from anybody",
    foretold=("backdoor-listener",),
    run=run,
    within=120.0,
    ports=(4444, 9527),
)
