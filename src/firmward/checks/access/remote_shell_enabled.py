"""remote-shell-enabled"""

from firmward.checks.access.doors.closing import closed
from firmward.facts.closings import Closings
from firmward.facts.entrances import Entrances, Kind
from firmward.model.check import Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy

SUMMARY = "Start it no more; offer SSH with keys"
BREAKS = "nobody runs commands by rsh, rlogin or rexec any more"


@check(
    title="Remote shell server started (rsh, rlogin, rexec)",
    severity=Severity.CRITICAL,
    practice="P18 P20",
    cwe=306,
    bad={
        "etc/inittab": "::respawn:/usr/sbin/inetd -f\n",
        "etc/inetd.conf": "shell stream tcp nowait root /usr/sbin/in.rshd in.rshd\n",
    },
    good={
        "etc/inittab": "::respawn:/usr/sbin/inetd -f\n",
        "etc/inetd.conf": "#shell stream tcp nowait root /usr/sbin/in.rshd in.rshd\n",
    },
)
def remote_shell_enabled(entrances: Entrances, closings: Closings | Unknown | None, policy: Policy | None) -> Findings:
    """These servers believe the address and the name that a caller gives (.rhosts, hosts.equiv) and send everything in
    clear: who can forge an address has a shell without any password. A server that is installed and not started is no
    finding.
    """
    for door in entrances.of(Kind.REMOTE_SHELL):
        yield Finding(
            door.key,
            f"{door.starter} starts {door.program}",
            at=door.at,
            remedy=closed(door, closings, policy, SUMMARY, BREAKS),
            severity=Severity.MEDIUM if door.is_local else None,
        )
    entrances.require_all_read()
