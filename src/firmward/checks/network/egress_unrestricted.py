from firmward.facts.firewall import Firewall, Hook
from firmward.facts.networking import Networking
from firmward.facts.sysctl import Sysctl
from firmward.model.check import Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import AddFirewallRule, Remedy, Safety, Stage

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
) -> Findings:
    """A device that has been taken over fetches its next stage, reports to its new owner, scans and floods. What it
    needs to call is a handful of names; where the rest is dropped on the device itself, most malware fails at its
    first step and the device cannot harm others.
    """
    if not firewall.chains and firewall.unread:
        raise Unavailable("; ".join(firewall.unread[:5]))
    if networking is None and not firewall.chains and not firewall.loaded:
        raise NotApplicable("nothing here uses a network")
    families = [("ip", "IPv4"), ("ip6", "IPv6")]
    if isinstance(sysctl, Sysctl) and sysctl.get("net.ipv6.conf.all.disable_ipv6") == "1":
        families.pop()
    free = [(family, name) for family, name in families if not firewall.drops_rest(Hook.OUTPUT, family)]
    if free:
        yield _finding(firewall, free, policy)
    if firewall.unread:
        raise Unavailable("; ".join(firewall.unread[:5]))


def _finding(firewall: Firewall, free: list[tuple[str, str]], policy: Policy | None) -> Finding:
    chains = [chain for family, _ in free for chain in firewall.at(Hook.OUTPUT, family)]
    at = chains[0].at if chains else next((Location(chain.at.path) for chain in firewall.chains), None)
    names = " and ".join(name for _, name in free)
    declared = f", though the policy names {len(policy.egress)} destinations" if policy and policy.egress else ""
    key = "output" if len(free) > 1 or not firewall.drops_rest(Hook.OUTPUT, "ip") else f"{free[0][0]}/output"
    return Finding(
        key,
        f"whatever leaves the device by {names} passes{declared}",
        at=at,
        remedy=Remedy(
            "Accept answers and the declared destinations on the way out, then drop the rest",
            Safety.UNSAFE,
            Stage.IMAGE,
            (AddFirewallRule("out", "drop"),),
        ),
    )
