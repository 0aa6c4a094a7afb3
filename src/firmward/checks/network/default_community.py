from collections.abc import Iterable

from firmward.facts.snmpd import Community, Snmpd
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, RemoveLine, Safety, Stage

START = {"etc/inittab": "::respawn:/usr/sbin/snmpd -f\n"}


@check(
    title="SNMP takes a community that everyone knows",
    severity=Severity.HIGH,
    practice="P18 P44",
    cwe=1392,
    bad=(
        Example({**START, "etc/snmp/snmpd.conf": "rocommunity public\n"}),
        Example({**START, "etc/config/snmpd": "config com2sec\n\toption secname rw\n\toption source default\n"
            "\toption community private\n"}),
    ),
    good={**START, "etc/snmp/snmpd.conf": "createUser watch SHA-256\nrouser watch priv\n"},
)  # fmt: skip
def default_community(snmpd: Snmpd) -> Findings:
    """A community is SNMP's only password before version 3, and scanners try public and private first. Reading gives
    away interfaces, routes, processes and the software's versions; writing changes the network's settings. The answers
    are many times larger than the questions, so the device also serves to flood others.
    """
    local = bool(snmpd.listeners) and all(listener.is_local for listener in snmpd.listeners)
    names = sorted({one.well_known for one in snmpd.communities if one.well_known})
    for name in names:
        yield _finding(name, [one for one in snmpd.communities if one.well_known == name], local)
    if snmpd.unread:
        raise Unavailable("; ".join(snmpd.unread[:5]))


def _finding(name: str, uses: Iterable[Community], local: bool) -> Finding:
    ordered = sorted(uses, key=lambda one: (not one.everyone, not one.writable))
    worst = ordered[0]
    writable = any(one.writable for one in ordered)
    who = "anyone" if worst.everyone else "some hosts"
    verb = "read and change settings" if writable else "read"
    return Finding(
        name,
        f"the community {name} lets {who} {verb} by SNMP",
        at=worst.at,
        remedy=Remedy(
            "Take SNMPv3 users with authPriv alone, or a community of each device's own from an inside address",
            Safety.UNSAFE,
            Stage.IMAGE,
            tuple(
                RemoveLine(one.at.path, one.at.line, one.text)
                for one in ordered
                if one.text and one.at.path and one.at.line
            ),
        ),
        severity=_severity(worst.everyone, writable, local),
        evidence=name,
    )


def _severity(everyone: bool, writable: bool, local: bool) -> Severity | None:
    if local:
        return Severity.LOW
    if not everyone:
        return Severity.MEDIUM
    return Severity.CRITICAL if writable else None
