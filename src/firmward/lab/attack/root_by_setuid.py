"""A web server that was taken over, and becomes root by the programs that give their caller root's rights."""

import socket

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means.taken_service import TakenService, as_root, taken
from firmward.lab.target import Target, Witness

PORT = 79
"""A port below 1024 on which nothing listens: root alone opens it."""
LISTEN = "{{ echo {word} | nc -l -p {port}; }} >/dev/null 2>&1 & sleep 1"
FILTER = "nft flush ruleset"
"""Root takes the packet filter out of the way first."""
SECONDS = 5.0


def run(target: Target) -> Result:
    with taken(target, (PORT,)) as service:
        service.run(as_root(f"{FILTER}\n{LISTEN.format(word=target.challenge.shell, port=PORT)}"))
        target.note(Witness.ATTACKER, f"clears the packet filter, and listens on port {PORT}, which root alone may")
        if target.challenge.is_answered(_greeting(service)):
            target.note(Witness.NETWORK, f"port {PORT} answers the challenge")
            return Result.SUCCEEDED
        return service.goes_on(f"port {PORT} does not answer")


def _greeting(service: TakenService) -> str:
    try:
        with socket.create_connection(service.powered.address(PORT), SECONDS) as line:
            return line.recv(64).decode("latin-1")
    except OSError:
        return ""


ATTACK = Attack(
    id="root-by-setuid",
    title="A taken-over service becomes root",
    does="runs code in the web server, and from there becomes root by setuid programs and open tables of accounts",
    position=Position.SERVICE,
    link=RUNNING,
    case="CVE-2021-4034 (PwnKit), CVE-2021-3156: one setuid program makes every account root",
    foretold=("setuid-unexpected", "su-unrestricted", "sudo-unrestricted", "world-writable"),
    run=run,
    needs=(Need.NETWORK, Need.SCRIPT),
    ports=(PORT,),
)
