from firmward.checks.network.filtering import closing
from firmward.facts.firewall import Firewall, Hook
from firmward.facts.networking import Networking
from firmward.facts.sysctl import Sysctl
from firmward.model.check import Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy

RULES = "table inet filter {\n  chain input {\n    type filter hook input priority 0; policy drop;\n  }\n}\n"
START = "::sysinit:/usr/sbin/nft -f /etc/nftables.conf\n"
SSH = "::respawn:/usr/sbin/dropbear -F\n"


@check(
    title="No packet filter is loaded",
    severity=Severity.HIGH,
    practice="P35 P38",
    cwe=1327,
    bad={"etc/inittab": SSH, "etc/nftables.conf": RULES},
    good={"etc/inittab": START + SSH, "etc/nftables.conf": RULES},
)
def firewall_absent(
    networking: Networking,
    firewall: Firewall,
    sysctl: Sysctl | Unknown | None,
    policy: Policy | None,
) -> Findings:
    """Without a packet filter each service that starts is open to whoever can send a packet, and a device that falls
    can send what it likes to whom it likes. A rules file that nothing loads looks like protection and is none; rules
    for IPv4 alone leave every service open by IPv6, whose link-local address each neighbour knows.
    """
    if not firewall.chains:
        if firewall.unread:
            raise Unavailable("; ".join(firewall.unread[:5]))
        yield _nothing(firewall, policy)
        return
    for family, name in (("ip", "ipv4"), ("ip6", "ipv6")):
        if not firewall.covers(family) and not (family == "ip6" and _has_no_ipv6(sysctl)):
            place = next((chain.at for chain in firewall.chains), None)
            yield Finding(
                name,
                f"the rules that are loaded filter no {'IPv6' if family == 'ip6' else 'IPv4'} at all",
                at=Location(place.path) if place else None,
                remedy=closing(Hook.INPUT, policy),
            )


def _nothing(firewall: Firewall, policy: Policy | None) -> Finding:
    remedy = closing(Hook.INPUT, policy)
    if firewall.unloaded:
        path = firewall.unloaded[0]
        return Finding("firewall", f"nothing loads the rules in {path}", at=Location(path), remedy=remedy)
    if firewall.loaded:
        at = firewall.loaded[0]
        return Finding("firewall", f"what is loaded at {at} filters nothing", at=at, remedy=remedy)
    return Finding("firewall", "nothing loads a packet filter at boot", remedy=remedy)


def _has_no_ipv6(sysctl: Sysctl | Unknown | None) -> bool:
    return isinstance(sysctl, Sysctl) and sysctl.get("net.ipv6.conf.all.disable_ipv6") == "1"
