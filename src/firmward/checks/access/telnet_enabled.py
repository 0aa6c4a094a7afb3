"""telnet-enabled"""

from firmward.checks.access.doors.closing import closed
from firmward.facts.closings import Closings
from firmward.facts.entrances import Entrances, Kind
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable
from firmward.model.policy import Policy

SUMMARY = "Start no telnet server; offer SSH with keys where a remote shell is needed"
BREAKS = "nobody logs in by telnet any more"


@check(
    title="Telnet server started",
    severity=Severity.CRITICAL,
    practice="P18 P20",
    cwe=319,
    bad=(
        Example({"etc/inittab": "::respawn:/usr/sbin/telnetd -F -l /bin/login\n"}),
        Example(
            {
                "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
                "etc/init.d/rcS": executable("#!/bin/sh\nfor i in /etc/init.d/S??*; do $i start; done\n"),
                "etc/init.d/S50telnet": executable("#!/bin/sh\ncase $1 in start) telnetd ;; esac\n"),
            }
        ),
    ),
    good=(
        Example({"etc/inittab": "::respawn:/sbin/getty -L ttyS0 115200 vt100\n"}),
        Example({"etc/inittab": "#::respawn:/usr/sbin/telnetd -F\n::sysinit:/bin/mount -a\n"}),
    ),
)
def telnet_enabled(entrances: Entrances, closings: Closings | Unknown | None, policy: Policy | None) -> Findings:
    """Telnet sends names, passwords and all that follows in clear, to whoever listens on the way, and it is the first
    thing that botnets try. One bound to the loopback is medium. A server that is installed and not started is no
    finding.
    """
    for door in entrances.of(Kind.TELNET):
        where = f" on port {door.port}" if door.port is not None else ""
        yield Finding(
            door.key,
            f"{door.starter} starts {door.program}{where}",
            at=door.at,
            remedy=closed(door, closings, policy, SUMMARY, BREAKS),
            severity=Severity.MEDIUM if door.is_local else None,
        )
    entrances.require_all_read()
