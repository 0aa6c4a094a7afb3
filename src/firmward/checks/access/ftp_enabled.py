"""ftp-enabled"""

from firmward.checks.access.doors.closing import closed
from firmward.facts.closings import Closings
from firmward.facts.entrances import Entrances, Kind
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy

SUMMARY = "Start no FTP server; take files by SFTP or HTTPS"
BREAKS = "nobody fetches or brings files by FTP any more"


@check(
    title="FTP server started",
    severity=Severity.HIGH,
    practice="P18 P20",
    cwe=319,
    bad=(
        Example({"etc/inittab": "::respawn:/usr/sbin/vsftpd /etc/vsftpd.conf\n"}),
        Example({"etc/inittab": "::respawn:/usr/bin/tcpsvd -vE 0.0.0.0 21 ftpd -w /\n"}),
    ),
    good={"etc/inittab": "::respawn:/sbin/getty -L ttyS0 115200 vt100\n"},
)
def ftp_enabled(entrances: Entrances, closings: Closings | Unknown | None, policy: Policy | None) -> Findings:
    """FTP sends names, passwords and files in clear, and BusyBox's serves whatever folder it is given, often the whole
    system and often for writing. One bound to the loopback is low. A server that is installed and not started is no
    finding.
    """
    for door in entrances.of(Kind.FTP):
        yield Finding(
            door.key,
            f"{door.starter} starts {door.program}",
            at=door.at,
            remedy=closed(door, closings, policy, SUMMARY, BREAKS),
            severity=Severity.LOW if door.is_local else None,
        )
    entrances.require_all_read()
