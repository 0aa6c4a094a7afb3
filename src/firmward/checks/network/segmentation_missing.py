from firmward.facts.networking import Networking
from firmward.facts.segments import Segments
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy, Zone
from firmward.model.remedy import Remedy, Safety, Stage

POLICY = '[[zone]]\nname = "recorders"\nvlan = 20\n[[flow]]\nfrom = "recorders"\nto = "camera"\nport = 443\n'
START = {"etc/inittab": "::sysinit:/sbin/ifup -a\n::respawn:/usr/sbin/dropbear -F\n"}
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
            remedy=Remedy(
                f"Configure {zone.name} as an interface of its own, and let the packet filter judge what crosses",
                Safety.MANUAL,
                Stage.SOURCE,
            ),
        )
    if missing and segments.unread:
        raise Unavailable("; ".join(segments.unread[:5]))


def _message(zone: Zone) -> str:
    if zone.vlan is not None:
        return f"the policy gives {zone.name} VLAN {zone.vlan}, and no interface has it"
    return f"the policy names the zone {zone.name}, and no firewall knows it"


def _is_there(zone: Zone, segments: Segments) -> bool:
    if zone.vlan is not None:
        return any(vlan.number == zone.vlan for vlan in segments.vlans)
    return zone.name in segments.zones
