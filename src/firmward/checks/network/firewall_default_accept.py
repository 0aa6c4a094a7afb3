from collections.abc import Iterator

from firmward.checks.network.filtering import closing
from firmward.facts import engine_sockets
from firmward.facts.firewall import Chain, Firewall, Hook, Verdict
from firmward.facts.startup import Start, Startup
from firmward.facts.sysctl import Sysctl
from firmward.facts.uci_firewall import UciFirewall
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy

ENGINES = (*engine_sockets.PROGRAMS, "lxc-net", "libvirtd")
START = "::sysinit:/usr/sbin/nft -f /etc/nftables.conf\n::respawn:/usr/sbin/dropbear -F\n"


def _rules(policy: str, family: str = "inet") -> str:
    return (
        f"table {family} filter {{\n  chain input {{\n    type filter hook input priority 0; policy {policy};\n"
        "    ct state established,related accept\n    tcp dport 22 accept\n  }\n}\n"
    )


@check(
    title="The packet filter accepts by default",
    severity=Severity.MEDIUM,
    practice="P35 P38",
    cwe=1327,
    bad=(
        Example({"etc/inittab": START, "etc/nftables.conf": _rules("accept")}),
        Example({"etc/inittab": START, "etc/nftables.conf": _rules("drop", family="ip")}),
    ),
    good=Example({"etc/inittab": START, "etc/nftables.conf": _rules("drop")}),
)
def firewall_default_accept(
    firewall: Firewall,
    uci_firewall: UciFirewall | Unknown | None,
    sysctl: Sysctl | Unknown | None,
    startup: Startup | Unknown | None,
    policy: Policy | None,
) -> Findings:
    """A filter that lets pass what no rule names protects against yesterday's services alone: the next one that
    starts, by an update, a plug-in or an intruder, is open at once. Where IPv4 drops and IPv6 does not, the same
    service is reached a second way. A device that routes needs the same for what it forwards, and one with an engine of
    containers routes as soon as that starts.
    """
    if not firewall.chains:
        if firewall.unread:
            raise Unavailable("; ".join(firewall.unread[:5]))
        raise NotApplicable("no packet filter is loaded at all: see firewall-absent")
    yield from _open(firewall, Hook.INPUT, sysctl, policy)
    if _routes(sysctl, uci_firewall):
        yield from _open(firewall, Hook.FORWARD, sysctl, policy)
    elif isinstance(startup, Startup) and _engine(startup):
        # the engine makes the kernel forward IPv4; only rules that somebody wrote for it are judged
        found = _open(firewall, Hook.FORWARD, sysctl, policy, ("ip",))
        yield from (one for one in found if firewall.at(Hook.FORWARD, "ip"))
    if isinstance(uci_firewall, UciFirewall) and uci_firewall.loaded:
        yield from _zones(uci_firewall, policy)
    if firewall.unread:
        raise Unavailable("; ".join(firewall.unread[:5]))


def _open(
    firewall: Firewall,
    hook: Hook,
    sysctl: Sysctl | Unknown | None,
    policy: Policy | None,
    families: tuple[str, ...] = ("ip", "ip6"),
) -> Iterator[Finding]:
    for family in families:
        chains = firewall.at(hook, family)
        if firewall.drops_rest(hook, family) or (family == "ip6" and _has_no_ipv6(sysctl)):
            continue
        other_is_closed = firewall.drops_rest(hook, "ip" if family == "ip6" else "ip6")
        if chains or other_is_closed:
            yield _finding(firewall, hook, family, chains, policy)


def _finding(firewall: Firewall, hook: Hook, family: str, chains: tuple[Chain, ...], policy: Policy | None) -> Finding:
    name = "IPv6" if family == "ip6" else "IPv4"
    direction = {Hook.INPUT: "to the device", Hook.FORWARD: "through the device"}[hook]
    if chains:
        text = f"{name} packets {direction} pass unless a rule drops them"
        at = chains[0].decides_at(family)
    else:
        text = f"{name} packets {direction} meet no filter, while the other family's do"
        at = next(chain.at for chain in firewall.chains)
    return Finding(f"{family}/{hook.value}", text, at=at, remedy=closing(hook, policy))


def _zones(firewall: UciFirewall, policy: Policy | None) -> Iterator[Finding]:
    """A zone towards the internet that takes everything is open, whatever the defaults say."""
    for zone in firewall.zones:
        if (zone.masquerades or zone.name.startswith("wan")) and zone.input is Verdict.ACCEPT:
            yield Finding(
                f"zone/{zone.name}/input",
                f"the zone {zone.name} lets everything in from outside",
                at=zone.at,
                severity=Severity.HIGH,
                remedy=closing(Hook.INPUT, policy),
            )


def _routes(sysctl: Sysctl | Unknown | None, uci_firewall: UciFirewall | Unknown | None) -> bool:
    if isinstance(uci_firewall, UciFirewall) and uci_firewall.loaded and uci_firewall.forwardings:
        return True
    names = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv6.conf.all.forwarding")
    return isinstance(sysctl, Sysctl) and any(sysctl.get(name) == "1" for name in names)


def _engine(startup: Startup) -> bool:
    """Whether an engine starts that makes the kernel forward packets for its containers."""
    return any(one.program in ENGINES and one.start is not Start.DISABLED for one in startup.processes)


def _has_no_ipv6(sysctl: Sysctl | Unknown | None) -> bool:
    return isinstance(sysctl, Sysctl) and sysctl.get("net.ipv6.conf.all.disable_ipv6") == "1"
