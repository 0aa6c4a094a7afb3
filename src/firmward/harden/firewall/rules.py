"""What the policy allows to pass, in words that every packet filter has.

A policy's texts are the maker's, and yet nothing of them is written down that is not an address, a port, a plain name
or a rate: all else is refused.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from firmward.harden.draft import Refused
from firmward.model.policy import Egress, Flow, Listen, Policy, Zone

Network = IPv4Network | IPv6Network

LAN = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)
WIDEST = {4: 16, 6: 48}
"""Bits of the widest network in which a device's own address makes neighbours; what says more is a mistake or a lie."""
LINK_LOCAL = (ip_network("fe80::/10"),)
GROUPS = (ip_network("224.0.0.0/4"), ip_network("ff00::/8"))
NAME = re.compile(r"(?:\*\.)?(?=.{1,100}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_-]+)*\Z")
INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}\Z")
"""As the kernel bounds it, without what any of the languages could take for more than a name."""
ZONE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,30}\Z")
RATE = re.compile(r"(\d{1,6})\s*/\s*(s|sec|second|m|min|minute|h|hour|d|day)\Z")
UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
FASTEST = 10_000
"""Connections per second; iptables knows no more, and no device has them."""

ANSWERING = {67: 68, 68: 67, 547: 546, 546: 547}
"""DHCP speaks between two ports, of which one has no address yet."""
MULTICAST = frozenset((1900, 3702, 5353))
"""UDP ports at which devices announce themselves to groups that they join."""
ITSELF = ("local", "gateway", "device")
"""How a flow may call the device."""

HELD = 16
"""Connections that one neighbour may hold at a time, at all ports together: a browser opens six to a server."""
HELD_FAR = 64
"""The same for an address of the rest of the world, behind which many may sit (NAT)."""
SITE = 64
"""Bits of an IPv6 address of the rest of the world that count: who has one of them has all that begin so. Neighbours
share them, so that all bits of theirs do."""


@dataclass(frozen=True, slots=True)
class Rate:
    """New connections in a second, minute, hour or day."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count}/{self.unit}"


@dataclass(frozen=True, slots=True)
class Peer:
    """Whoever has an address in `networks`, or none of them where it is `outside`, behind one of `interfaces`. Without
    networks it is any address, without interfaces any interface. `name` is how the policy calls it, `word` a name that
    the rules may define for its networks."""

    name: str
    networks: tuple[Network, ...] = ()
    interfaces: tuple[str, ...] = ()
    outside: bool = False
    word: str = ""

    def of(self, version: int) -> tuple[Network, ...]:
        return tuple(one for one in self.networks if one.version == version)

    def has(self, version: int) -> bool:
        """Whether it can be met in this version of IP."""
        return not self.networks or self.outside or bool(self.of(version))


ANY = Peer("any")
NEAR = ("lan", "wan", "bastion", "any")
"""Peers that need no declaration."""


@dataclass(frozen=True, slots=True)
class Accept:
    """New connections that may pass. In a flow `peer` is where they go, and `source` where they come from. With
    `next_hop` they go no further than to the next device."""

    protocol: str
    port: int | None
    peer: Peer
    note: str
    rate: Rate | None = None
    source_port: int | None = None
    source: Peer = ANY
    next_hop: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What may come `inward`, leave `outward` and cross the device. `zones` are the peers that zones are, `lan` the
    addresses of neighbours, `local` what the device's own containers may reach on it."""

    inward: tuple[Accept, ...]
    outward: tuple[Accept, ...]
    across: tuple[Accept, ...]
    zones: tuple[Peer, ...] = ()
    lan: tuple[Network, ...] = LAN
    local: tuple[Accept, ...] = ()

    @property
    def counted(self) -> tuple[int, ...]:
        """The ports at which it is counted how many connections one address holds: those of TCP that are declared."""
        return tuple(sorted({one.port for one in self.inward if one.protocol == "tcp" and one.port is not None}))

    @property
    def has_groups(self) -> bool:
        return any(one.protocol == "udp" and one.port in MULTICAST for one in self.inward)

    def with_dhcp(self) -> "Rules":
        """The same for a device that is given its addresses: answers to a broadcast belong to no connection."""
        inward = (
            Accept("udp", 68, ANY, "answers of DHCP", source_port=67),
            Accept("udp", 546, Peer("link", LINK_LOCAL), "answers of DHCPv6", source_port=547),
        )
        outward = (
            Accept("udp", 67, ANY, "DHCP", source_port=68),
            Accept("udp", 547, Peer("link", (ip_network("ff02::1:2/128"),)), "DHCPv6", source_port=546),
        )
        return replace(self, inward=_once(*self.inward, *inward), outward=_once(*self.outward, *outward))


def of_policy(policy: Policy, interfaces: dict[str, tuple[str, ...]], local: Iterable[Network] = ()) -> Rules:
    """`interfaces` are the names of each zone's interfaces, `local` networks that the device itself has an address in.
    Raises Refused for a text that is no word of a rule."""
    lan = _lan(local)
    zones = {zone.name: _zone(zone, interfaces) for zone in policy.zone}
    peers = {
        "any": ANY,
        "lan": Peer("lan", lan, word="lan"),
        "wan": Peer("wan", lan, outside=True, word="lan"),
        "bastion": Peer("bastion", lan, word="bastion"),
    } | zones
    inward = [_listen(one, peers) for one in policy.listen if one.peer != "local"]
    contained = tuple(_listen(one, {"local": ANY}) for one in policy.listen if one.peer == "local")
    outward = [_outward(one, peers) for one in policy.egress]
    across: list[Accept] = []
    for flow in policy.flow:
        way, accept = _flow(flow, peers, policy)
        {"in": inward, "out": outward, "across": across}[way].append(accept)
    outward += [answer for one in inward for answer in _answers(one, peers["lan"])]
    return Rules(_once(*inward), _once(*outward), _once(*across), tuple(zones.values()), lan, contained)


def _once(*accepts: Accept) -> tuple[Accept, ...]:
    """Each once, whatever it is called."""
    return tuple({replace(one, note=""): one for one in reversed(accepts)}.values())[::-1]


def _zone(zone: Zone, interfaces: dict[str, tuple[str, ...]]) -> Peer:
    if not ZONE.match(zone.name) or zone.name in (*NEAR, *ITSELF):
        raise Refused(f"the zone {zone.name!r} has a name that no packet filter takes")
    names = tuple(dict.fromkeys(name for name in interfaces.get(zone.name, ()) if INTERFACE.match(name)))
    return Peer(zone.name, interfaces=names or (zone.name[:15],))


def _lan(local: Iterable[Network]) -> tuple[Network, ...]:
    """Private addresses, and the device's own networks where they are not."""
    more = [one for one in dict.fromkeys(local) if one.prefixlen >= WIDEST[one.version]]
    return (*LAN, *(one for one in more if not any(_holds(known, one) for known in LAN)))


def _holds(outer: Network, inner: Network) -> bool:
    return outer.version == inner.version and inner.network_address in outer and outer.prefixlen <= inner.prefixlen


def _peer(text: str, peers: dict[str, Peer], where: str) -> Peer:
    found = peers.get(text)
    if found is not None:
        return found
    network = _network(text)
    if network is None:
        raise Refused(f"{where} = {text[:60]!r} is neither lan, wan, bastion, local or any, nor a zone or a CIDR")
    return Peer(str(network), (network,))


def _network(text: str) -> Network | None:
    if "%" in text:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _destination(text: str, port: int | None, peers: dict[str, Peer], where: str) -> Peer:
    if text == "gateway":
        return replace(ANY, name="gateway")
    if text in peers or _network(text) is not None:
        return _peer(text, peers, where)
    if not NAME.match(text):
        raise Refused(f"{where} = {text[:60]!r} is neither a name nor a CIDR, lan or gateway")
    if port is None:
        raise Refused(f"{where} = {text!r} has no port, and a name alone tells no address from another")
    return replace(ANY, name=text)


def _answers(one: Accept, lan: Peer) -> Iterator[Accept]:
    """What a service sends that belongs to no connection, since the question went to all: DHCP's answers, and those of
    services that announce themselves."""
    if one.source_port is not None:
        yield replace(one, port=one.source_port, source_port=one.port, note=f"answers of {one.note}".strip())
    elif one.protocol == "udp" and one.port in MULTICAST:
        yield replace(one, peer=Peer("groups", GROUPS), note=f"announced by {one.note}".strip())
        yield replace(one, peer=lan, port=None, source_port=one.port, note=f"answers of {one.note}".strip())


def _listen(one: Listen, peers: dict[str, Peer]) -> Accept:
    peer = _peer(one.peer, peers, "[[listen]] from")
    return _dhcp(Accept(one.protocol, one.port, peer, _note(one.service)))


def _outward(one: Egress, peers: dict[str, Peer]) -> Accept:
    peer = _destination(one.to, one.port, peers, "[[egress]] to")
    accept = Accept(one.protocol, one.port, peer, _note(one.to), _rate(one.rate), next_hop=one.to == "gateway")
    return _dhcp(accept)


def _flow(flow: Flow, peers: dict[str, Peer], policy: Policy) -> tuple[str, Accept]:
    """Which way it goes: a flow may begin or end at the device itself."""
    itself = (*ITSELF, policy.device.product) if policy.device else ITSELF
    note = _note(f"{flow.source} to {flow.to}")
    if flow.to in itself and flow.to not in peers:
        return "in", Accept(flow.protocol, flow.port, _peer(flow.source, peers, "[[flow]] from"), note)
    peer = _destination(flow.to, flow.port, peers, "[[flow]] to")
    if flow.source in itself and flow.source not in peers:
        return "out", Accept(flow.protocol, flow.port, peer, note)
    source = _peer(flow.source, peers, "[[flow]] from")
    return "across", Accept(flow.protocol, flow.port, peer, note, source=source)


def _dhcp(accept: Accept) -> Accept:
    """DHCP's partners have no address yet, or ask all at once."""
    other = ANSWERING.get(accept.port or 0) if accept.protocol == "udp" else None
    if other is None:
        return accept
    return replace(accept, peer=replace(ANY, interfaces=accept.peer.interfaces), source_port=other, next_hop=False)


def _rate(text: str | None) -> Rate | None:
    if text is None:
        return None
    found = RATE.match(text.strip())
    if not found or int(found[1]) == 0:
        raise Refused(f"[[egress]] rate = {text[:60]!r} is not of the form 20/s")
    return Rate(min(int(found[1]), FASTEST), UNITS[found[2][0]])


def _note(text: str | None) -> str:
    """For a comment: letters, digits and what stands in names."""
    return re.sub(r"[^A-Za-z0-9_.*: /-]", "?", text or "")[:60]


def declared(policy: Policy) -> Iterator[tuple[str, int]]:
    """Protocol and port of what others may reach."""
    for one in policy.listen:
        if one.peer != "local":
            yield one.protocol, one.port
