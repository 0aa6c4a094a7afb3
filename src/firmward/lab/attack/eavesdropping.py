"""A password that crosses the network in clear, when its owner uses it."""

import base64
from contextlib import closing

from firmward.lab import station as stations
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import network
from firmward.lab.means.line import Line, unverified
from firmward.lab.station import Station
from firmward.lab.target import Powered, Target, Witness

PLAIN, SECURED = 80, 443
LISTENS = 2.0
"""Seconds after what the owner did, in which it crosses the wire."""


def run(target: Target) -> Result:
    with closing(Station()) as station:
        return network.attacked(target, ATTACK, lambda powered: _overhears(powered, station), station)


def _overhears(powered: Powered, station: Station) -> bool:
    """The owner types the device's name into his browser, which tries the plain port and then the secured one."""
    password = f"{powered.target.challenge.first}"
    words = base64.b64encode(f"admin:{password}".encode())
    port = next((port for port in (PLAIN, SECURED) if _logs_in(powered, port, words)), None)
    heard = [stations.said(one) for one in station.packets(LISTENS)]
    if port is None or not any(heard):
        return False
    told = f"the owner logged in at port {port}, and {sum(map(len, heard))} bytes of it were on the wire"
    if not any(words in one for one in heard):
        powered.target.note(Witness.NETWORK, f"{told}, and his password was not among them")
        return False
    powered.target.note(Witness.NETWORK, f"{told}: the password {password} was among them, in clear")
    return True


def _logs_in(powered: Powered, port: int, words: bytes) -> bool:
    """Whether the web server took his request, whatever it says of the password."""
    try:
        with Line(powered.address(port), tls=unverified() if port == SECURED else None) as line:
            line.send(b"GET / HTTP/1.0\r\nAuthorization: Basic " + words + b"\r\n\r\n")
            return line.until(lambda said: said.startswith(b"HTTP/1"))
    except OSError:
        return False


ATTACK = Attack(
    id="eavesdropping",
    title="A password heard on the wire",
    does="listens on the wire while the owner logs in to the web page",
    position=Position.NETWORK,
    link=RUNNING,
    case="Butler: Firesheep, ToorCon 12, 2010: what crosses a shared network without TLS is anybody's",
    foretold=("plaintext-protocol",),
    run=run,
    within=120.0,
    ports=(PLAIN, SECURED),
)
