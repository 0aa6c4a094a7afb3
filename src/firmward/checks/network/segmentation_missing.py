import re

from firmward.facts.networking import Networking
from firmward.facts.segments import NetworkManager, Segments
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy, Zone
from firmward.model.remedy import AddLine, Change, Remedy, Safety, Stage, WriteFile

POLICY = '[[zone]]\nname = "recorders"\nvlan = 20\n[[flow]]\nfrom = "recorders"\nto = "camera"\nport = 443\n'
START = {"etc/inittab": "::sysinit:/sbin/ifup -a\n::respawn:/usr/sbin/dropbear -F\n"}
PLAIN = re.compile(r"[A-Za-z0-9_-]{1,30}$")
"""A name that no configuration takes for more."""
FLAT = "auto eth0\niface eth0 inet dhcp\n"


@check(
    title="A declared zone is not there",
    severity=Severity.MEDIUM,
    practice="P35",
    cwe=653,
    bad=Example({**START, "etc/network/interfaces": FLAT}, POLICY),
    good=Example(
        {**START, "etc/network/interfaces": FLAT + "auto eth0.20\niface eth0.20 inet static\n  address 10.20.0.2/24\n"},
        POLICY,
    ),
)
def segmentation_missing(policy: Policy, networking: Networking, segments: Segments) -> Findings:
    """Zones keep an intruder where he came in: from a camera he does not reach the recorders' network, from the guests'
    not the controllers'. A zone that the policy names and the configuration lacks is a wall on paper; its traffic runs
    in the same network as everything else.
    """
    if not policy.zone:
        raise NotApplicable("the policy names no zones")
    missing = [zone for zone in policy.zone if not _is_there(zone, segments)]
    for zone in missing:
        yield Finding(
            zone.name,
            _message(zone),
            at=segments.at,
            remedy=_remedy(zone, segments),
        )
    if missing and segments.unread:
        raise Unavailable("; ".join(segments.unread[:5]))


def _message(zone: Zone) -> str:
    if zone.vlan is not None:
        return f"the policy gives {zone.name} VLAN {zone.vlan}, and no interface has it"
    return f"the policy names the zone {zone.name}, and no firewall knows it"


def _remedy(zone: Zone, segments: Segments) -> Remedy:
    changes = _changes(zone, segments)
    if not changes:
        summary = f"Configure {zone.name} as an interface of its own, and let the packet filter judge what crosses"
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    base = segments.bases[0]
    return Remedy(
        f"Give {zone.name} the interface of VLAN {zone.vlan} on {base}; its address remains to be set",
        Safety.UNSAFE,
        Stage.IMAGE,
        changes,
        f"what belongs to {zone.name} and comes untagged by {base} is in the wrong network until its switch tags it",
    )


def _changes(zone: Zone, segments: Segments) -> tuple[Change, ...]:
    """The interface, in the way of whoever brings interfaces up. Each line is one of a kind, so that none is missed."""
    if zone.vlan is None or not segments.bases or not PLAIN.match(zone.name):
        return ()
    base, name = segments.bases[0], f"vlan{zone.vlan}"
    device = f"{base}.{zone.vlan}"
    match segments.manager:
        case NetworkManager.UCI:
            section = f"config interface '{zone.name}'"
            return (
                AddLine("etc/config/network", section),
                AddLine("etc/config/network", f"\toption device '{device}'"),
                AddLine("etc/config/network", f"\toption proto 'none' # {zone.name} has no address yet"),
            )
        case NetworkManager.IFUPDOWN:
            path = "etc/network/interfaces"
            return (
                AddLine(path, f"auto {device}"),
                AddLine(path, f"iface {device} inet manual"),
                AddLine(path, f"    vlan-raw-device {base}"),
            )
        case NetworkManager.NETWORKD:
            folder = "etc/systemd/network"
            return (
                WriteFile(
                    f"{folder}/30-{name}.netdev", f"[NetDev]\nName={name}\nKind=vlan\n\n[VLAN]\nId={zone.vlan}\n"
                ),
                WriteFile(
                    f"{folder}/30-{name}.network", f"[Match]\nName={name}\n\n[Network]\nLinkLocalAddressing=no\n"
                ),
                WriteFile(f"{folder}/{segments.trunk}.d/{name}.conf", f"[Network]\nVLAN={name}\n"),
            )
        case NetworkManager.NETWORK_MANAGER:
            return (
                WriteFile(f"etc/NetworkManager/system-connections/{name}.nmconnection", _profile(zone, base), 0o600),
            )
        case _:
            return ()


def _profile(zone: Zone, base: str) -> str:
    """NetworkManager's."""
    return (
        f"[connection]\nid={zone.name}\ntype=vlan\ninterface-name=vlan{zone.vlan}\n\n"
        f"[vlan]\nid={zone.vlan}\nparent={base}\n\n[ipv4]\nmethod=disabled\n\n[ipv6]\nmethod=disabled\n"
    )


def _is_there(zone: Zone, segments: Segments) -> bool:
    if zone.vlan is not None:
        return any(vlan.number == zone.vlan for vlan in segments.vlans)
    return zone.name in segments.zones
