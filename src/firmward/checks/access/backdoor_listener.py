"""backdoor-listener"""

from firmward.checks.access.doors.closing import closed
from firmward.facts.closings import Closings
from firmward.facts.entrances import Entrance, Entrances, Kind
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import executable
from firmward.model.policy import Policy

SUMMARY = "Remove what starts it; offer SSH with keys where a remote shell is needed"
BREAKS = "the maker's own people do not get in by it any more"


@check(
    title="Shell bound to the network without a login",
    severity=Severity.CRITICAL,
    practice="P18 P20",
    cwe=912,
    bad=(
        Example({"etc/inittab": "::respawn:/usr/sbin/telnetd -F -p 2323 -l /bin/sh\n"}),
        Example({"etc/inittab": "::respawn:/bin/busybox nc -ll -p 9999 -e /bin/sh\n"}),
        Example(
            {
                "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
                "etc/init.d/rcS": executable("#!/bin/sh\nsocat TCP-LISTEN:4444,fork EXEC:/bin/sh &\n"),
            }
        ),
        Example(
            {
                "etc/inittab": "::respawn:/usr/sbin/inetd -f\n",
                "etc/inetd.conf": "9999 stream tcp nowait root /bin/sh sh -i\n",
            }
        ),
    ),
    good=(
        Example({"etc/inittab": "::respawn:/usr/sbin/telnetd -F -l /bin/login\n"}),
        Example({"etc/inittab": "::respawn:/bin/nc -l -p 9999\n::askfirst:-/bin/sh\n"}),
    ),
)
def backdoor_listener(entrances: Entrances, closings: Closings | Unknown | None, policy: Policy | None) -> Findings:
    """Whoever reaches the port has a shell, as a rule root's, and is asked for nothing. Makers leave such doors from
    development or for their support; the first one who scans the device finds them. A shell that calls out to a fixed
    address is the same door, opened from within. One bound to the loopback is high: any program on the device reaches
    it.
    """
    for door in entrances.of(Kind.BACKDOOR):
        yield Finding(
            door.key,
            _message(door),
            at=door.at,
            remedy=closed(door, closings, policy, SUMMARY, BREAKS),
            severity=Severity.HIGH if door.is_local else None,
        )
    entrances.require_all_read()


def _message(door: Entrance) -> str:
    shell = door.login or "a shell"
    if door.calls_out:
        return f"{door.starter} calls out and hands over {shell} without a login"
    port = f"port {door.port}" if door.port is not None else "a port"
    return f"{door.starter} binds {shell} to {port} without a login by {door.program}"
