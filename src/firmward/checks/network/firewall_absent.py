from firmward.facts.firewall import Firewall
from firmward.facts.listeners import Listeners
from firmward.facts.networking import is_networked
from firmward.facts.startup import Startup
from firmward.facts.sysctl import Sysctl
from firmward.model.check import Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import AddFirewallRule, Remedy, Safety, Stage

RULES = "table inet filter {\n  chain input {\n    type filter hook input priority 0; policy drop;\n  }\n}\n"
START = "::sysinit:/usr/sbin/nft -f /etc/nftables.conf\n"
SSH = "::respawn:/usr/sbin/dropbear -F\n"
REMEDY = Remedy(
    "Load a packet filter at boot that drops what the policy does not declare, for IPv4 and IPv6 alike",
    Safety.UNSAFE,
    Stage.IMAGE,
    (AddFirewallRule("in", "drop"), AddFirewallRule("out", "drop")),
)


@check(
    title="No packet filter is loaded",
    severity=Severity.HIGH,
    practice="P35 P38",
    cwe=1327,
    bad={"etc/inittab": SSH, "etc/nftables.conf": RULES},
    good={"etc/inittab": START + SSH, "etc/nftables.conf": RULES},
)
def firewall_absent(
    startup: Startup,
    firewall: Firewall,
    listeners: Listeners | Unknown | None,
    sysctl: Sysctl | Unknown | None,
) -> Findings:
    """Without a packet filter each service that starts is open to whoever can send a packet, and a device that falls
    can send what it likes to whom it likes. A rules file that nothing loads looks like protection and is none; rules
    for IPv4 alone leave every service open by IPv6, whose link-local address each neighbour knows.
    """
    if not is_networked(startup, listeners):
        raise NotApplicable("nothing here listens or brings up a network")
    if not firewall.chains:
        if firewall.unread:
            raise Unavailable("; ".join(firewall.unread[:5]))
        yield _nothing(firewall)
        return
    for family, name in (("ip", "ipv4"), ("ip6", "ipv6")):
        if not firewall.covers(family) and not (family == "ip6" and _has_no_ipv6(sysctl)):
            place = next((chain.at for chain in firewall.chains), None)
            yield Finding(
                name,
                f"the rules that are loaded filter no {'IPv6' if family == 'ip6' else 'IPv4'} at all",
                at=Location(place.path) if place else None,
                remedy=REMEDY,
            )


def _nothing(firewall: Firewall) -> Finding:
    if firewall.unloaded:
        path = firewall.unloaded[0]
        return Finding("firewall", f"nothing loads the rules in {path}", at=Location(path), remedy=REMEDY)
    if firewall.loaded:
        at = firewall.loaded[0]
        return Finding("firewall", f"what is loaded at {at} filters nothing", at=at, remedy=REMEDY)
    return Finding("firewall", "nothing loads a packet filter at boot", remedy=REMEDY)


def _has_no_ipv6(sysctl: Sysctl | Unknown | None) -> bool:
    return isinstance(sysctl, Sysctl) and sysctl.get("net.ipv6.conf.all.disable_ipv6") == "1"
