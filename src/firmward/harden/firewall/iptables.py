"""The rules for iptables and ip6tables, as lines of iptables-save; a shell can be given the same as commands.

`whole` is for images that load no rules of their own, `more` adds what is missing behind the maker's. Only matches that
kernels with iptables have are used, conntrack and limit; rpfilter stands in a table of its own.

There is no set of addresses and no rate by address without further modules, so that one rule becomes several, and who
opens connections too fast is not told from the others. How many one address holds is counted with connlimit
(iptables-extensions(8)), at each port by itself, and not at all where the kernel has none. Where the policy says
`gateway`, the port is open to any address.
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any

from firmward.facts.packet_filter import Hook
from firmward.harden.firewall.nft import CONTAINERS, Means
from firmward.harden.firewall.rules import HELD, HELD_FAR, SITE, Accept, Peer, Rules

CHAINS = {Hook.INPUT: "INPUT", Hook.FORWARD: "FORWARD", Hook.OUTPUT: "OUTPUT"}
PATHS = {4: "etc/firmward/firewall.v4", 6: "etc/firmward/firewall.v6"}
HEAD = "# Made by firmward harden from device.toml. What no rule here names does not pass.\n"
MORE_HEAD = "# Made by firmward harden from device.toml: what the policy declares and no other rule here accepts.\n"
ERRORS = {
    4: ("destination-unreachable", "time-exceeded", "parameter-problem"),
    6: ("destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem"),
}
NEIGHBOURS = ("router-solicitation", "router-advertisement", "neighbour-solicitation", "neighbour-advertisement")
MULTICAST_LISTENERS = (130, 131, 132, 143)
FOREIGN = {4: ("127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4"), 6: ("::1/128", "ff00::/8")}
"""Addresses that no sender has."""


def whole(rules: Rules, means: Means, version: int) -> str:
    lines = ["*filter"]
    for hook, chain in CHAINS.items():
        lines.append(f":{chain} {'DROP' if hook in means.hooks else 'ACCEPT'} [0:0]")
    lines += ["-A INPUT -i lo -j ACCEPT", "-A OUTPUT -o lo -j ACCEPT"]
    for hook in (hook for hook in Hook if hook in means.hooks):
        lines += _of_hook(hook, rules, means, version)
    return HEAD + "\n".join([*lines, "COMMIT", *_sources(means, version), ""])


def more(rules: Rules, hooks: Iterable[Hook], version: int) -> str:
    lines = ["*filter"]
    for hook in hooks:
        lines += _always(CHAINS[hook], hook, version)
        lines += _declared(hook, rules, version)
    return MORE_HEAD + "\n".join([*lines, "COMMIT", ""])


def _of_hook(hook: Hook, rules: Rules, means: Means, version: int) -> Iterator[str]:
    chain = CHAINS[hook]
    if hook is not Hook.OUTPUT:
        yield from (f"-A {chain} ! -i lo -s {network} -j DROP" for network in FOREIGN[version])
    yield from _always(chain, hook, version)
    yield f"-A {chain} -m conntrack --ctstate INVALID -j DROP"
    if hook is not Hook.FORWARD:
        yield from _echo(chain, hook, rules, version)
        if rules.has_groups and version == 4:
            yield f"-A {chain} -p igmp -j ACCEPT"
    if hook is Hook.INPUT and means.counts:
        yield from _held(chain, rules, version)
    yield from _declared(hook, rules, version)
    if hook is Hook.INPUT and means.containers:
        inside = Peer("containers", interfaces=tuple(name.replace("*", "+") for name in CONTAINERS))
        yield from (line for one in rules.local for line in _accepts(chain, one, (("s", inside),), version))
    if hook is Hook.FORWARD and means.containers:
        yield from _of_containers(rules, version)
    yield f'-A {chain} -m limit --limit 6/minute --limit-burst 10 -j LOG --log-prefix "firmward {_NAMES[hook]}: "'


_NAMES = {Hook.INPUT: "in", Hook.FORWARD: "through", Hook.OUTPUT: "out"}


def _always(chain: str, hook: Hook, version: int) -> Iterator[str]:
    """What IP itself needs, and the answers."""
    icmp = "icmp" if version == 4 else "ipv6-icmp"
    option = "--icmp-type" if version == 4 else "--icmpv6-type"
    if version == 6 and hook is not Hook.FORWARD:
        for kind in NEIGHBOURS:
            yield f"-A {chain} -p {icmp} {option} {kind} -j ACCEPT"
        for number in MULTICAST_LISTENERS:
            yield f"-A {chain} -p {icmp} {option} {number} -j ACCEPT"
    yield f"-A {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
    if hook is not Hook.FORWARD:
        for name in ERRORS[version]:
            yield f"-A {chain} -p {icmp} {option} {name} -j ACCEPT"


def _echo(chain: str, hook: Hook, rules: Rules, version: int) -> Iterator[str]:
    words = "icmp --icmp-type" if version == 4 else "ipv6-icmp --icmpv6-type"
    limit = "-m limit --limit 5/second --limit-burst 5"
    ends = [""] if hook is Hook.INPUT else [f"-d {one} " for one in rules.lan if one.version == version]
    for end in ends:
        yield f"-A {chain} {end}-p {words} echo-request {limit} -j ACCEPT"


def _held(chain: str, rules: Rules, version: int) -> Iterator[str]:
    """No address holds all the connections that a server has. What neighbours may hold is less, and asked first."""
    whole, site = (32, 32) if version == 4 else (128, SITE)
    near = [(f"-s {one} ", HELD, whole) for one in rules.lan if one.version == version]
    for port in rules.counted:
        for end, held, bits in (*near, ("", HELD_FAR, site)):
            over = f"-m connlimit --connlimit-above {held} --connlimit-mask {bits}"
            yield f"-A {chain} {end}-p tcp --dport {port} -m conntrack --ctstate NEW {over} -j DROP"


def _declared(hook: Hook, rules: Rules, version: int) -> Iterator[str]:
    chain = CHAINS[hook]
    if hook is Hook.INPUT:
        for one in rules.inward:
            yield from _accepts(chain, one, (("s", one.peer),), version)
    elif hook is Hook.OUTPUT:
        for one in rules.outward:
            yield from _accepts(chain, one, (("d", one.peer),), version)
    else:
        for one in rules.across:
            yield from _accepts(chain, one, (("s", one.source), ("d", one.peer)), version)


def _of_containers(rules: Rules, version: int) -> Iterator[str]:
    """What comes to a published port, and the calls of containers, which may call whom the device may call."""
    for one in rules.inward:
        if one.port is not None and one.source_port is None:
            for ends in _ends((("s", one.peer),), version):
                new = "-m conntrack --ctstate NEW"
                led = f"-m conntrack --ctstate DNAT --ctorigdstport {one.port}"
                yield f"-A FORWARD {ends}-p {one.protocol} {new} {led} -j ACCEPT"
    for name in CONTAINERS:
        for one in rules.outward:
            if one.source_port is None:
                inside = Peer(name, interfaces=(name.replace("*", "+"),))
                yield from _accepts("FORWARD", one, (("s", inside), ("d", one.peer)), version)


def _accepts(chain: str, one: Accept, peers: tuple[tuple[str, Peer], ...], version: int) -> Iterator[str]:
    source = f" --sport {one.source_port}" if one.source_port else ""
    port = f" --dport {one.port}" if one.port else ""
    limit = f" -m limit --limit {one.rate} --limit-burst {one.rate.count}" if one.rate else ""
    for ends in _ends(peers, version):
        state = " -m conntrack --ctstate NEW"
        yield f"-A {chain} {ends}-p {one.protocol}{source}{port}{state}{limit} -j ACCEPT"


def commands(text: str, program: str) -> list[str]:
    """The same for a shell without iptables-restore."""
    found = []
    for line in text.split("\n"):
        if line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            found += [f"{program} -P {chain} {policy}", f"{program} -F {chain}"]
        elif line.startswith("-A"):
            found.append(f"{program} {line}")
        elif line == "COMMIT":
            break  # what stands behind it is in a table that may be missing
    return found


def _ends(peers: tuple[tuple[str, Peer], ...], version: int) -> list[str]:
    """The conditions on both ends, each way to meet them once: iptables knows no sets without another program."""
    found = [""]
    for end, peer in peers:
        found = [before + one for before in found for one in _ways(end, peer, version)]
    return found


def _ways(end: str, peer: Peer, version: int) -> Iterator[str]:
    addresses = [f"-{end} {one} " for one in peer.of(version)] if peer.networks else [""]
    if peer.outside:
        # several networks cannot be negated in one rule
        addresses = [f"-{end} {one} " for one in _others(peer, version)]
    for name in peer.interfaces or ("",):
        option = f"-{'i' if end == 's' else 'o'} {name} " if name else ""
        yield from (option + address for address in addresses)


def _others(peer: Peer, version: int) -> list[str]:
    """All addresses but those of this peer, as few networks as can be."""
    rest: list[Any] = [ip_network("0.0.0.0/0" if version == 4 else "::/0")]
    for inner in peer.of(version):
        rest = [part for one in rest for part in _without(one, inner)]
    return [str(one) for one in sorted(rest)]


def _without(outer: Any, inner: Any) -> Iterator[Any]:
    if inner.subnet_of(outer):
        yield from outer.address_exclude(inner)
    elif not outer.subnet_of(inner):
        yield outer


def _sources(means: Means, version: int) -> Iterator[str]:
    if not means.fib:
        return
    yield from ("*raw", ":PREROUTING ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]")
    yield f"-A PREROUTING -m rpfilter {'--loose ' if means.several_ways else ''}--invert -j DROP"
    yield "COMMIT"
