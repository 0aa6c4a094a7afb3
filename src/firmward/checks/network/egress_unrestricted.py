from firmward.checks.network.filtering import closing
from firmward.facts.firewall import Firewall, Hook
from firmward.facts.networking import Networking
from firmward.facts.sysctl import Sysctl
from firmward.facts.uplinks import Uplinks
from firmward.model.check import Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy

INWARD = ("br", "docker", "veth", "lxc", "virbr", "podman", "cni", "can", "dummy")
"""How interfaces to the device's own containers and bridges begin."""

WAYS_LIMIT = 50
"""Interfaces that one chain lets all leave by; a device has a handful."""

START = {"etc/inittab": "::sysinit:/usr/sbin/nft -f /etc/nftables.conf\n::respawn:/usr/sbin/dropbear -F\n"}


def _rules(policy: str) -> str:
    return (
        "table inet filter {\n  chain input { type filter hook input priority 0; policy drop; }\n"
        f"  chain output {{ type filter hook output priority 0; policy {policy}; "
        "ip daddr 192.0.2.7 tcp dport 443 accept; }\n}\n"
    )


@check(
    title="The device may call anyone",
    severity=Severity.MEDIUM,
    practice="P35 P38",
    cwe=1327,
    bad={**START, "etc/nftables.conf": _rules("accept")},
    good={**START, "etc/nftables.conf": _rules("drop")},
)
def egress_unrestricted(
    networking: Networking | None,
    firewall: Firewall,
    sysctl: Sysctl | Unknown | None,
    policy: Policy | None,
    uplinks: Uplinks | Unknown | None,
) -> Findings:
    """A device that has been taken over fetches its next stage, reports to its new owner, scans and floods. What it
    needs to call is a handful of names; where the rest is dropped on the device itself, most malware fails at its
    first step and the device cannot harm others. A rule that lets everything leave by the interface of the default
    route restricts nothing either.
    """
    if not firewall.chains and firewall.unread:
        raise Unavailable("; ".join(firewall.unread[:5]))
    if networking is None and not firewall.chains and not firewall.loaded:
        raise NotApplicable("nothing here uses a network")
    families = [("ip", "IPv4"), ("ip6", "IPv6")]
    if isinstance(sysctl, Sysctl) and sysctl.get("net.ipv6.conf.all.disable_ipv6") == "1":
        families.pop()
    free = [(family, name) for family, name in families if not firewall.drops_rest(Hook.OUTPUT, family)]
    ways = _ways_out(firewall, [family for family, _ in families], uplinks)
    if free:
        yield _finding(firewall, free, policy)
    elif ways:
        yield _finding(firewall, [one for one in families if one[0] in ways], policy, ways)
    if firewall.unread:
        raise Unavailable("; ".join(firewall.unread[:5]))
    if not free and not ways and not isinstance(uplinks, Uplinks):
        _require_narrow(firewall)


def _ways_out(firewall: Firewall, families: list[str], uplinks: Uplinks | Unknown | None) -> dict[str, str]:
    """By family the interface of the default route by which everything may leave."""
    found: dict[str, str] = {}
    for family in families:
        chains = firewall.at(Hook.OUTPUT, family)
        for way in list(dict.fromkeys(way for chain in chains for way in chain.ways))[:WAYS_LIMIT]:
            is_free = all(chain.lets_out(family, way) for chain in chains)
            if is_free and isinstance(uplinks, Uplinks) and uplinks.have(way):
                found.setdefault(family, way)
    return found


def _require_narrow(firewall: Firewall) -> None:
    """Raises Unavailable when all may leave by an interface of which nobody knows where it leads."""
    ways = [way for chain in firewall.chains if chain.hook is Hook.OUTPUT for way in chain.ways]
    abroad = [way for way in ways if not way.startswith(INWARD)]
    if abroad:
        raise Unavailable(f"all may leave by {abroad[0]}, and whether this leads out is not known")


def _finding(
    firewall: Firewall, free: list[tuple[str, str]], policy: Policy | None, ways: dict[str, str] | None = None
) -> Finding:
    chains = [chain for family, _ in free for chain in firewall.at(Hook.OUTPUT, family)]
    rules = [rule for chain in chains for rule in chain.rules if ways and rule.ways]
    at = (
        chains[0].decides_at(free[0][0])
        if chains
        else next((Location(chain.at.path) for chain in firewall.chains), None)
    )
    at = rules[0].at if rules else at
    names = " and ".join(name for _, name in free)
    declared = f", though the policy names {len(policy.egress)} destinations" if policy and policy.egress else ""
    is_whole = len(free) > 1 or (not ways and not firewall.drops_rest(Hook.OUTPUT, "ip"))
    by_way = f" through {ways[free[0][0]]}" if ways else ""
    return Finding(
        "output" if is_whole else f"{free[0][0]}/output",
        f"whatever leaves the device by {names}{by_way} passes{declared}",
        at=at,
        remedy=closing(Hook.OUTPUT, policy),
    )
