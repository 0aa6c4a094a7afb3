"""Files that FTP shows to anybody."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import network
from firmward.lab.means.line import Line
from firmward.lab.target import Powered, Target, Witness

PORT = 21
ORDERS = b"USER anonymous\r\nPASS visitor@\r\nSTAT .\r\nQUIT\r\n"
"""A listing by STAT comes over the connection that is there (RFC 959, 4.1.3); no second one has to be let through."""
LET_IN = b"\r\n230 "


def run(target: Target) -> Result:
    return network.attacked(target, ATTACK, _strike)


def _strike(powered: Powered) -> bool:
    with Line(powered.address(PORT)) as line:
        line.send(ORDERS)
        line.until(lambda said: b"\r\n221 " in said)
    found = listed(line.said)
    if not found:
        return False
    powered.target.note(Witness.NETWORK, f"anonymous was let in, and sees: {', '.join(found)}")
    return True


def listed(said: bytes) -> tuple[str, ...]:
    """The names of the files in what a server said, once it had let somebody in."""
    _, let_in, rest = said.partition(LET_IN)
    rows = rest.split(b"\r\n") if let_in else []
    return tuple(row.split()[-1].decode("utf-8", "replace") for row in rows if row.startswith(b"-r"))


ATTACK = Attack(
    id="anonymous-ftp",
    title="Files shown to anybody by FTP",
    does="logs in by FTP as anonymous, and lists what lies there",
    position=Position.NETWORK,
    link=RUNNING,
    case="CVE-1999-0497: anonymous FTP is enabled",
    foretold=("ftp-enabled",),
    run=run,
    within=120.0,
    ports=(PORT,),
)
