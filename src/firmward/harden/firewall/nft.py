"""The rules for nftables: one table of their own for IPv4 and IPv6, which a packet must pass beside all others.

Who comes in is counted by address, so that one neighbour that floods the device keeps no other one out, and neither
does one that opens connections and goes silent: with the kernel's `ct count` (nft(8), "ct expressions"; NFT_CONNLIMIT)
an address holds so many connections at a time and no more, closed ones not among them; without it an address may only
open them slowly, which a server that closes silent ones soon survives. The sets are bounded: when more addresses come
than they hold, those that are left over are not counted, rather than kept out.

Addresses that nobody can have are dropped where they come in, and with the kernel's `fib` expression also those of
senders that the answer would not go back to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Network

from firmward.facts.packet_filter import Hook
from firmward.harden.firewall.rules import HELD, HELD_FAR, SITE, Accept, Peer, Rules

TABLE = "firmward"
PATH = "etc/firmward/firewall.nft"
COMMENT_LIMIT = 100
"""Characters; nft takes 128."""
SET_SIZE = 4096
"""Addresses."""
SLOWLY = "limit rate over 1/second burst {held} packets"
"""How fast one address may connect where it cannot be counted how many connections it holds."""
CONTAINERS = ("docker*", "br-*", "veth*", "podman*", "cni*", "balena*", "supervisor*", "lxcbr*", "virbr*")
"""Interfaces that engines make for their containers."""

HEAD = """#!/usr/sbin/nft -f
# Made by firmward harden from device.toml. What no rule here names does not pass, by IPv4 or IPv6.
# A packet must pass this table and all others: rules elsewhere stay as they are, and open nothing more.
#
# Who is meant by lan and bastion, while wan is everybody but lan. Write here what is known of the place:
"""

NEEDED_V6 = (
    "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } "
    "ip6 hoplimit 255 accept",
    "ip6 saddr fe80::/10 icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, "
    "mld2-listener-report } accept",
    "ip6 saddr :: icmpv6 type { mld-listener-report, mld2-listener-report } accept",
)
ERRORS = (
    "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept",
)


@dataclass(frozen=True, slots=True)
class Means:
    """What the image has: whether the kernel's fib can be asked, whether several ways lead out, whether an engine runs
    containers, whether the kernel counts connections. `hooks` are those that are closed."""

    hooks: frozenset[Hook] = frozenset(Hook)
    fib: bool = False
    several_ways: bool = False
    containers: bool = False
    counts: bool = False


def render(rules: Rules, means: Means) -> str:
    lines = [HEAD.rstrip("\n"), *_defines(rules), ""]
    lines += [f"table inet {TABLE}", f"delete table inet {TABLE}", "", f"table inet {TABLE} {{"]
    blocks = [*_sets(rules, means), _chain("sources", "prerouting", "raw", "accept", _sources(means))]
    if Hook.INPUT in means.hooks and means.containers and rules.local:
        local = [rule for one in rules.local for rule in _accepts(one, (("s", one.peer),))]
        blocks.append("\n".join(["\tchain own_containers {", *(f"\t\t{rule}" for rule in local), "\t}"]))
    if Hook.INPUT in means.hooks:
        blocks.append(_chain("input", "input", "filter", "drop", _input(rules, means)))
    if Hook.FORWARD in means.hooks and means.containers:
        blocks.append("\n".join(["\tchain contained {", *(f"\t\t{rule}" for rule in _contained(rules)), "\t}"]))
    if Hook.FORWARD in means.hooks:
        blocks.append(_chain("forward", "forward", "filter", "drop", _forward(rules, means)))
    if Hook.OUTPUT in means.hooks:
        blocks.append(_chain("output", "output", "filter", "drop", _output(rules, means)))
    return "\n".join([*lines, "\n\n".join(blocks), "}", ""])


def _defines(rules: Rules) -> Iterator[str]:
    for name in ("lan", "bastion"):
        for version in (4, 6):
            networks = ", ".join(str(one) for one in rules.lan if one.version == version)
            yield f"define {name}{version} = {{ {networks} }}"


def _sets(rules: Rules, means: Means) -> Iterator[str]:
    """Whoever opens connections too fast, forgotten after a minute, and whoever holds some, as long as he does."""
    if Hook.INPUT not in means.hooks:
        return
    passing = "\t\tflags dynamic,timeout\n\t\ttimeout 1m\n"
    for version in (4, 6):
        yield _set(f"busy{version}", version, passing)
        if rules.counted:
            yield _set(f"held{version}", version, "\t\tflags dynamic\n" if means.counts else passing)


def _set(name: str, version: int, flags: str) -> str:
    return f"\tset {name} {{\n\t\ttype ipv{version}_addr\n\t\tsize {SET_SIZE}\n{flags}\t}}"


def _chain(name: str, hook: str, priority: str, policy: str, rules: Iterable[str]) -> str:
    head = f"\t\ttype filter hook {hook} priority {priority}; policy {policy};"
    return "\n".join([f"\tchain {name} {{", head, *(f"\t\t{rule}" for rule in rules), "\t}"])


def _sources(means: Means) -> Iterator[str]:
    """A sender's address must be one that a sender can have."""
    yield 'iifname "lo" accept'
    yield "ip saddr { 127.0.0.0/8, 224.0.0.0/4, 240.0.0.0/4 } counter drop"
    yield "ip saddr 0.0.0.0/8 ip protocol != { udp, igmp } counter drop"
    yield "ip saddr 0.0.0.0/8 udp dport != 67 counter drop"
    yield "ip6 saddr { ::1, ff00::/8, ::ffff:0:0/96 } counter drop"
    if means.fib:
        ways = "saddr" if means.several_ways else "saddr . iif"
        yield "ip saddr 0.0.0.0 accept"
        yield "udp sport 67 udp dport 68 accept"
        yield "ip protocol igmp accept"
        yield "ip6 saddr { ::, fe80::/10 } accept"
        yield f"fib {ways} oif missing counter drop"


def _input(rules: Rules, means: Means) -> Iterator[str]:
    yield 'iifname "lo" accept'
    yield from NEEDED_V6
    yield "ct state established,related accept"
    yield "ct state invalid counter drop"
    yield from ERRORS
    yield "icmp type echo-request limit rate 5/second burst 5 packets accept"
    yield "icmpv6 type echo-request limit rate 5/second burst 5 packets accept"
    if rules.has_groups:
        yield "ip protocol igmp accept"
    for version, family in ((4, "ip"), (6, "ip6")):
        rate = "limit rate over 50/second burst 100 packets"
        yield f"ct state new update @busy{version} {{ {family} saddr {rate} }} counter drop"
    yield from _held(rules, means)
    for one in rules.inward:
        yield from _accepts(one, (("s", one.peer),))
    if means.containers and rules.local:
        yield from (f'iifname "{name}" jump own_containers' for name in CONTAINERS)
    yield from _rest("in")


def _held(rules: Rules, means: Means) -> Iterator[str]:
    """No address holds all the connections that a server has."""
    if not rules.counted:
        return
    ports = ", ".join(map(str, rules.counted))
    act, over = ("add", "ct count over {held}") if means.counts else ("update", SLOWLY)
    for version, family, site in ((4, "ip", ""), (6, "ip6", f" and {IPv6Network(f'::/{SITE}').netmask}")):
        for sign, bits, held in (("", "", HELD), ("!= ", site, HELD_FAR)):
            end = f"{family} saddr {sign}$lan{version} tcp dport {{ {ports} }} ct state new"
            key = f"{family} saddr{bits} {over.format(held=held)}"
            yield f"{end} {act} @held{version} {{ {key} }} counter drop"


def _output(rules: Rules, means: Means) -> Iterator[str]:
    yield 'oifname "lo" accept'
    yield from NEEDED_V6
    if means.fib:
        yield "ip saddr != 0.0.0.0 fib saddr type != local counter drop"
        yield "ip6 saddr != :: fib saddr type != local counter drop"
    yield "ct state established,related accept"
    yield "ct state invalid counter drop"
    yield from ERRORS
    yield "ip daddr $lan4 icmp type echo-request limit rate 5/second burst 5 packets accept"
    yield "ip6 daddr $lan6 icmpv6 type echo-request limit rate 5/second burst 5 packets accept"
    if rules.has_groups:
        yield "ip protocol igmp accept"
    for one in rules.outward:
        yield from _accepts(one, (("d", one.peer),))
    yield from _rest("out")


def _forward(rules: Rules, means: Means) -> Iterator[str]:
    yield "ct state established,related accept"
    yield "ct state invalid counter drop"
    for one in rules.across:
        yield from _accepts(one, (("s", one.source), ("d", one.peer)))
    if means.containers:
        for one in rules.inward:
            if one.port is not None and one.source_port is None:
                yield from _published(one)
        yield from (f'iifname "{name}" jump contained' for name in CONTAINERS)
    yield from _rest("through")


def _contained(rules: Rules) -> Iterator[str]:
    """A container may call whom the device may call."""
    for one in rules.outward:
        if one.source_port is None:
            yield from _accepts(one, (("d", one.peer),))


def _published(one: Accept) -> Iterator[str]:
    """A port of the device that an engine leads to a container."""
    for family, conditions in _conditions((("s", one.peer),)):
        start = f"meta nfproto {'ipv4' if family == 4 else 'ipv6'}" if not conditions and family else conditions
        parts = (start, f"ct status dnat meta l4proto {one.protocol} ct original proto-dst {one.port} ct state new")
        yield f"{' '.join(part for part in parts if part)} counter accept{_comment(one)}"


def _accepts(one: Accept, ends: tuple[tuple[str, Peer], ...]) -> Iterator[str]:
    ports = f"{one.protocol} sport {one.source_port} " if one.source_port else ""
    ports += f"{one.protocol} dport {one.port}" if one.port else f"meta l4proto {one.protocol}"
    limit = f" limit rate {one.rate} burst {one.rate.count} packets" if one.rate else ""
    if one.next_hop:
        # with no hop left to make, the first packet reaches the next device and none behind it, whatever its address
        yield f"meta nfproto ipv4 {ports} ct state new{limit} ip ttl set 1 counter accept{_comment(one)}"
        yield f"meta nfproto ipv6 {ports} ct state new{limit} ip6 hoplimit set 1 counter accept{_comment(one)}"
        return
    for _, conditions in _conditions(ends):
        yield f"{conditions} {ports} ct state new{limit} counter accept{_comment(one)}".strip()


def _comment(one: Accept) -> str:
    """What the policy calls it, of which only plain signs are left (rules.py)."""
    words = " ".join(dict.fromkeys(word for word in (one.note, one.peer.name) if word))
    return f' comment "{words[:COMMENT_LIMIT]}"' if words else ""


def _conditions(ends: tuple[tuple[str, Peer], ...]) -> Iterator[tuple[int, str]]:
    """By version of IP, and once for both (0) where no address is asked for."""
    versions = (4, 6) if any(peer.networks for _, peer in ends) else (0,)
    for version in versions:
        if version and not all(peer.has(version) for _, peer in ends):
            continue
        words = [word for end, peer in ends for word in _words(end, peer, version)]
        yield version, " ".join(words)


def _words(end: str, peer: Peer, version: int) -> Iterator[str]:
    if peer.interfaces:
        names = ", ".join(f'"{name}"' for name in peer.interfaces)
        yield f"{'iifname' if end == 's' else 'oifname'} {{ {names} }}"
    if peer.networks:
        family = "ip" if version == 4 else "ip6"
        yield f"{family} {end}addr {'!= ' if peer.outside else ''}{_address(peer, version)}"


def _address(peer: Peer, version: int) -> str:
    if peer.word:
        return f"${peer.word}{version}"
    found = ", ".join(_plain(one) for one in peer.of(version))
    return found if "," not in found else f"{{ {found} }}"


def _plain(network: object) -> str:
    """A single address without its length; nft takes both."""
    text = str(network)
    return text.removesuffix("/128" if isinstance(network, IPv6Network) else "/32")


def _rest(direction: str) -> Iterator[str]:
    yield f'limit rate 6/minute burst 10 packets log prefix "firmward {direction}: " level info'
    yield "counter"
