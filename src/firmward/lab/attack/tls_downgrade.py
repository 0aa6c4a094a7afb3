"""A connection made as TLS was broken: its first version, which an attacker in the middle can ask for."""

import ssl
import warnings

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import network
from firmward.lab.means.line import Line, unverified
from firmward.lab.target import Powered, Target, Witness

PORT = 443
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def run(target: Target) -> Result:
    return network.attacked(target, ATTACK, _strike)


def _strike(powered: Powered) -> bool:
    with Line(powered.address(PORT), tls=outdated()) as line:
        line.send(REQUEST)
        if not line.until(lambda said: said.startswith(b"HTTP/1")):
            return False
    powered.target.note(Witness.NETWORK, f"port {PORT} took TLS 1.0, and answered a request by it")
    return True


def outdated() -> ssl.SSLContext:
    """TLS 1.0 alone, with all that it had."""
    context = unverified()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it is meant
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context


ATTACK = Attack(
    id="tls-downgrade",
    title="A downgrade to TLS 1.0",
    does="offers the web server TLS 1.0 alone, as an attacker in the middle makes a browser do",
    position=Position.NETWORK,
    link=RUNNING,
    case="CVE-2011-3389 (BEAST): TLS 1.0 shows what it encrypts to whoever can guess it piece by piece",
    foretold=("tls-weak",),
    run=run,
    within=120.0,
    ports=(PORT,),
)
