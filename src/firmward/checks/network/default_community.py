from collections.abc import Iterable, Iterator

from firmward.facts.declared_services import undeclared
from firmward.facts.snmpd import Community, Snmpd
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import RemoveLine, Safety, by_changes

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
def default_community(snmpd: Snmpd, policy: Policy | None) -> Findings:
    """A community is SNMP's only password before version 3, and scanners try public and private first. Reading gives
    away interfaces, routes, processes and the software's versions; writing changes the network's settings. The answers
    are many times larger than the questions, so the device also serves to flood others.
    """
    local = bool(snmpd.listeners) and all(listener.is_local for listener in snmpd.listeners)
    names = sorted({one.well_known for one in snmpd.communities if one.well_known})
    for name in names:
        safety = undeclared(policy, "snmpd", "snmpd", [(one.protocol, one.port) for one in snmpd.listeners])
        yield _finding(name, [one for one in snmpd.communities if one.well_known == name], local, safety)
    if snmpd.unread:
        raise Unavailable("; ".join(snmpd.unread[:5]))


def _finding(name: str, uses: Iterable[Community], local: bool, safety: Safety) -> Finding:
    ordered = sorted(uses, key=lambda one: (not one.everyone, not one.writable))
    worst = ordered[0]
    writable = any(one.writable for one in ordered)
    who = "anyone" if worst.everyone else "some hosts"
    verb = "read and change settings" if writable else "read"
    return Finding(
        name,
        f"the community {name} lets {who} {verb} by SNMP",
        at=worst.at,
        remedy=by_changes(
            "Take SNMPv3 users with authPriv alone, or a community of each device's own from an inside address",
            safety,
            tuple(_without(ordered)),
            "a manager that asks by SNMP 1 or 2c with this community gets no answer",
        ),
        severity=_severity(worst.everyone, writable, local),
        evidence=name,
    )


def _without(uses: Iterable[Community]) -> Iterator[RemoveLine]:
    """The last line first, so that the numbers of the others hold."""
    places = {(one.at.path, number, text) for one in uses for number, text in one.lines if one.at.path}
    for path, number, text in sorted(places, reverse=True):
        yield RemoveLine(path or "", number, text)


def _severity(everyone: bool, writable: bool, local: bool) -> Severity | None:
    if local:
        return Severity.LOW
    if not everyone:
        return Severity.MEDIUM
    return Severity.CRITICAL if writable else None
