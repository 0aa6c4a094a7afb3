"""One client that opens many connections, begins TLS in each, and says no more.

The owner asks for the page from an address of his own meanwhile, as any other visitor would: a limit by address must
not be what keeps him out.
"""

import time
from contextlib import closing

from firmward.lab import silent, station
from firmward.lab.attacks import Attack, Position, Result, Unseen
from firmward.lab.links import RUNNING
from firmward.lab.means.web import Web
from firmward.lab.silent import Silent
from firmward.lab.switch import Switch
from firmward.lab.target import Powered, Target, Witness

PORT = 443
COUNT = 60
BEGINNING = bytes.fromhex("1603010200010001fc0303")
"""The head of a ClientHello of 512 bytes (RFC 8446, 4.1.2 and 5.1), none of which follow."""
OPENS = 4.0
"""Seconds in which he opens them."""
SECONDS = 20.0
"""For so long the page is asked for; a visitor has left by then."""
STARTS = 15.0
"""Seconds until the page is served at first, and again after the attack."""


def run(target: Target) -> Result:
    with closing(Switch()) as switch, target.power((PORT,), station=switch) as powered:
        powered.await_healthy(ATTACK.within)
        web = Web(powered.address(PORT))
        if _waited(web, STARTS) is None:
            raise Unseen("the page was not served even before the attack")
        with silent.holding(switch.station, PORT, COUNT, BEGINNING, OPENS) as line:
            _note(powered, line)
            waited = _waited(web, SECONDS)
            held = line.held
        return _result(powered, web, waited, held)


def _note(powered: Powered, line: Silent) -> None:
    address = ".".join(map(str, station.ADDRESS))
    says = f"begins {COUNT} connections to port {PORT} from {address}, of which {line.held} are made, and goes silent"
    powered.target.note(Witness.ATTACKER, says)


def _result(powered: Powered, web: Web, waited: float | None, held: int) -> Result:
    if waited is not None:
        says = f"the page was served to another address in {waited:.1f} s, while {held} silent connections were held"
        powered.target.note(Witness.NETWORK, says)
        return Result.STOPPED
    if (again := _waited(web, STARTS)) is None:
        raise Unseen("the page was not served again after he had left")
    says = f"nobody else was served in {SECONDS:g} s; once he had left, the page came in {again:.1f} s"
    powered.target.note(Witness.NETWORK, says)
    return Result.SUCCEEDED


def _waited(web: Web, within: float) -> float | None:
    """Seconds until the page was served, whatever it says of a password; None where it was not."""
    begun = time.monotonic()
    while (left := begun + within - time.monotonic()) > 0:
        if web.ask("/", seconds=left) is not None:
            return time.monotonic() - begun
        time.sleep(0.2)
    return None


ATTACK = Attack(
    id="slow-clients",
    title="Silent connections that hold the web server",
    does=f"opens {COUNT} connections, begins TLS in each and goes silent, so that nobody else is served",
    position=Position.NETWORK,
    link=RUNNING,
    case="CVE-2007-6750 (Slowloris); CVE-2022-3480: HTTPS connections without a login stop industrial routers (mGuard)",
    foretold=("web-server-misconfigured", "firewall-default-accept"),
    run=run,
    within=120.0,
    takes=60.0,
    ports=(PORT,),
)
