from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.declared_services import is_alone, undeclared
from firmward.facts.miniupnpd import Gateway, Miniupnpd
from firmward.facts.startup import Process, Startup
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import DisableService, Remedy, Safety, SetOption, Stage, by_changes

START = {"etc/inittab": "::respawn:/usr/sbin/miniupnpd -d -f /etc/miniupnpd/miniupnpd.conf\n"}
PATH = "etc/miniupnpd/miniupnpd.conf"


@dataclass(frozen=True, slots=True)
class Row:
    """A program that is a danger by starting."""

    programs: tuple[str, ...]
    why: str
    severity: Severity
    needs: tuple[str, ...] = ()
    """Words of which one must be there."""


ROWS = (
    Row(("upnpc", "upnpc-static"), "opens ports on the owner's router towards the internet", Severity.HIGH,
        ("-a", "-r", "-n", "-A")),
    Row(("natpmpc",), "opens ports on the owner's router towards the internet", Severity.HIGH, ("-a",)),
    Row(("upnpd", "linux-igd", "bcmupnp", "upnp_daemon"),
        "lets any host of the network open ports, and cannot be told to take care", Severity.HIGH),
    Row(("minidlnad", "minidlna", "readymedia", "gerbera", "mediatomb", "ushare", "fuppesd", "xupnpd", "rygel"),
        "hands what it serves to whoever asks by UPnP, and announces it", Severity.MEDIUM),
    Row(("wscd",), "answers UPnP with an old library that has been broken into often", Severity.MEDIUM),
)  # fmt: skip


@check(
    title="UPnP serves whoever asks",
    severity=Severity.MEDIUM,
    practice="P18 P20",
    cwe=306,
    bad=(
        Example({**START, PATH: "ext_ifname=eth0\nlistening_ip=br0\nsecure_mode=no\n"}),
        Example({"etc/inittab": "::once:/usr/bin/upnpc -r 80 8080 tcp\n"}),
        Example({"etc/inittab": "::respawn:/usr/sbin/minidlnad -S\n", "etc/minidlna.conf": "media_dir=V,/data/rec\n"}),
    ),
    good={**START, PATH: "ext_ifname=eth0\nlistening_ip=br0\nsecure_mode=yes\n"},
)
def upnp_exposed(startup: Startup, miniupnpd: Miniupnpd | Unknown | None, policy: Policy | None) -> Findings:
    """UPnP has no login: whatever runs in the network, a web page in a browser included, may ask a gateway to open a
    port from the internet to a host inside. Without secure mode it may do so for other hosts; listening on the outside
    interface hands the same to the internet. A device that opens its own ports on the owner's router puts itself there.
    A media server hands out what lies in its folders, recordings among them, to every host of the network.
    """
    for row in ROWS:
        for program in row.programs:
            process = next((one for one in startup.running(program) if _applies(row, one)), None)
            if process is not None:
                yield _started(row, process, startup, policy)
    if isinstance(miniupnpd, Miniupnpd):
        faults = [(gateway, fault) for gateway in miniupnpd.gateways if (fault := ", and ".join(_faults(gateway)))]
        if faults:
            yield _gateway(*faults[0], startup, policy)
        if miniupnpd.unread:
            raise Unavailable("; ".join(miniupnpd.unread[:5]))
    elif isinstance(miniupnpd, Unknown):
        raise Unavailable(miniupnpd.reason)
    if startup.unread_servers:
        raise Unavailable("; ".join(startup.unread_servers[:5]))


def _applies(row: Row, process: Process) -> bool:
    return not row.needs or any(word in row.needs for word in process.argv)


BREAKS = "who reaches the device, or has ports opened, by UPnP does so no more"


def _started(row: Row, process: Process, startup: Startup, policy: Policy | None) -> Finding:
    return Finding(
        process.program,
        f"{process.program} {row.why}",
        at=process.at,
        severity=row.severity,
        remedy=_without(
            f"Start {process.program} no more; reach the device through its maker's server or a VPN",
            process,
            startup,
            policy,
        ),
    )


def _faults(gateway: Gateway) -> Iterator[str]:
    if not gateway.secure:
        yield "secure_mode is off, so a host may open ports towards another"
    if set(gateway.inside) & set(gateway.outside):
        yield f"it listens on the outside interface {sorted(set(gateway.inside) & set(gateway.outside))[0]}"


def _gateway(gateway: Gateway, fault: str, startup: Startup, policy: Policy | None) -> Finding:
    path = gateway.secure_at.path
    openwrt = path == "etc/config/upnpd"
    secure = SetOption(path or "", "secure_mode", "1" if openwrt else "yes", "config" if openwrt else None)
    outside = bool(set(gateway.inside) & set(gateway.outside))
    return Finding(
        "miniupnpd",
        f"miniupnpd runs: {fault}",
        at=gateway.secure_at,
        severity=Severity.HIGH if outside else None,
        remedy=_switched_off(gateway, startup, policy) if outside or not path else _secured(secure),
    )


def _secured(change: SetOption) -> Remedy:
    breaks = "a program that asks for a port towards another host than its own gets none"
    return Remedy("Set secure_mode, or switch miniupnpd off", Safety.UNSAFE, Stage.IMAGE, (change,), breaks)


def _switched_off(gateway: Gateway, startup: Startup, policy: Policy | None) -> Remedy:
    """A gateway on the outside interface cannot be repaired by one option: nobody knows which the inside is."""
    summary = "Switch miniupnpd off, or set secure_mode and listen on inside interfaces alone"
    process = next((one for one in startup.running("miniupnpd") if one.service == gateway.service), None)
    if process is None:
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    return _without(summary, process, startup, policy)


def _without(summary: str, process: Process, startup: Startup, policy: Policy | None) -> Remedy:
    """A script that starts other things too is for a person."""
    if not is_alone(startup, process):
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    changes = (DisableService(process.manager.value, process.service),)
    return by_changes(summary, undeclared(policy, process.program, process.service), changes, BREAKS)
