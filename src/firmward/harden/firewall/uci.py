"""The rules in OpenWrt's own configuration, from which fw4 or fw3 makes them.

The maker's zones and rules stay. Zones and defaults that take everything reject, and what the policy declares and no
rule here accepts gets one, in sections whose names begin with `firmward_`. How often somebody may connect, and which
senders there can be, OpenWrt's configuration cannot say; `syn_flood` and the kernel's `rp_filter` do a part of it.
"""

from collections.abc import Iterable, Iterator

from firmward.facts.packet_filter import Hook
from firmward.facts.packet_filter import port_ranges as ranges
from firmward.formats import uci
from firmward.harden.firewall.rules import Accept, Peer, Rules

PATH = "etc/config/firewall"
OWN = "firmward_"
OFF = ("0", "off", "false", "no", "disabled")
ICMP = ("destination-unreachable", "time-exceeded", "parameter-problem")
ICMP6 = (
    *ICMP, "packet-too-big", "neighbour-solicitation", "neighbour-advertisement", "router-solicitation",
    "router-advertisement",
)  # fmt: skip
LISTENERS = ("130/0", "131/0", "132/0", "143/0")


def edited(text: str, rules: Rules, hooks: frozenset[Hook]) -> str:
    """The text of etc/config/firewall with these hooks closed."""
    lines = _without_own(text)
    for hook in (hook for hook in Hook if hook in hooks):
        _close(lines, hook)
    sections = uci.parse("\n".join(lines))
    zones = tuple(word for one in sections if one.type == "zone" and (word := _word(one, "name")))
    added = []
    if Hook.INPUT in hooks:
        added += [*_needed("in"), *_missing("in", rules.inward, sections, zones)]
    if Hook.OUTPUT in hooks:
        added += [*_needed("out"), *_missing("out", rules.outward, sections, zones)]
    if Hook.FORWARD in hooks:
        added += _crossing(rules.across, sections, zones)
    return "\n".join([*lines, *added, ""])


def _without_own(text: str) -> list[str]:
    """The lines without those of an earlier time, and without empty ones at the end."""
    kept, is_own = [], False
    for line in text.split("\n"):
        words = line.split()
        if words[:1] == ["config"]:
            is_own = len(words) > 2 and words[2].strip("'\"").startswith(OWN)
        if not is_own:
            kept.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _close(lines: list[str], hook: Hook) -> None:
    """Defaults reject, and zones that accept everything do too; what is forwarded within a zone stays."""
    if not any(one.type == "defaults" for one in uci.parse("\n".join(lines))):
        lines[0:0] = ["config defaults", ""]
    for place in range(len(uci.parse("\n".join(lines)))):
        section = uci.parse("\n".join(lines))[place]
        is_open = _word(section, hook.value).upper() == "ACCEPT"
        says_nothing = section.type == "defaults" and not _word(section, hook.value)
        decides = section.type == "defaults" or (section.type == "zone" and hook is not Hook.FORWARD)
        if says_nothing or (is_open and decides):
            _set(lines, section, hook.value)


def _set(lines: list[str], section: uci.Section, option: str) -> None:
    value = section.get(option)
    line = f"\toption {option} 'REJECT'"
    if value is None:
        lines.insert(section.line, line)
    else:
        lines[value.line - 1] = line


def _needed(way: str) -> Iterator[str]:
    """What IP itself needs, from and to every zone."""
    end = "src" if way == "in" else "dest"
    yield from _section(f"{way}_icmp", [(end, "*"), ("family", "ipv4"), ("proto", "icmp")], icmp_type=ICMP)
    echo = [(end, "*"), ("proto", "icmp"), ("limit", "5/second")]
    yield from _section(f"{way}_echo", echo, icmp_type=("echo-request",))
    yield from _section(f"{way}_icmp6", [(end, "*"), ("family", "ipv6"), ("proto", "icmp")], icmp_type=ICMP6)
    groups = [(end, "*"), ("family", "ipv6"), ("proto", "icmp"), ("src_ip", "fe80::/10")]
    yield from _section(f"{way}_groups", groups, icmp_type=LISTENERS)


def _section(name: str, options: Iterable[tuple[str, str]], **lists: tuple[str, ...]) -> Iterator[str]:
    yield ""
    yield f"config rule '{OWN}{name}'"
    yield f"\toption name 'firmward {name}'"
    yield from (f"\toption {option} '{value}'" for option, value in options)
    yield from (f"\tlist {option} '{value}'" for option, values in lists.items() for value in values)
    yield "\toption target 'ACCEPT'"


def _missing(
    way: str, accepts: tuple[Accept, ...], sections: tuple[uci.Section, ...], zones: tuple[str, ...]
) -> Iterator[str]:
    other = "in" if way == "out" else "out"
    known = [one for one in sections if one.type == "rule" and _way(one) == way and way != other]
    for number, one in enumerate(accepts, 1):
        if not any(_takes(section, one) for section in known):
            ends = list(_end(one.peer, "src" if way == "in" else "dest", zones))
            yield from _rule(f"{way}_{number}", one, ends)


def _crossing(accepts: tuple[Accept, ...], sections: tuple[uci.Section, ...], zones: tuple[str, ...]) -> Iterator[str]:
    known = [one for one in sections if one.type == "rule" and _way(one) == "across"]
    for number, one in enumerate(accepts, 1):
        if not any(_takes(section, one) for section in known):
            ends = [*_end(one.source, "src", zones), *_end(one.peer, "dest", zones)]
            yield from _rule(f"across_{number}", one, ends)


def _rule(name: str, one: Accept, ends: list[tuple[str, str]]) -> Iterator[str]:
    options = [(option, value) for option, value in ends if not option.endswith("_ip")]
    options.append(("proto", one.protocol))
    options += [("src_port", str(one.source_port))] if one.source_port else []
    options += [("dest_port", str(one.port))] if one.port else []
    options += [("limit", str(one.rate))] if one.rate else []
    addresses: dict[str, tuple[str, ...]] = {}
    for option, value in ends:
        if option.endswith("_ip"):
            addresses[option] = (*addresses.get(option, ()), value)
    yield from _section(name, options, **addresses)


def _end(peer: Peer, end: str, zones: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The zone that this peer is, or any zone with its addresses or its interface."""
    zone = next((name for name in (peer.name, "lan" if peer.word else "") if name in zones), None)
    if zone is not None and not (peer.outside and zone == "lan"):
        yield end, zone
        return
    yield end, "*"
    if peer.interfaces:
        yield "device", peer.interfaces[0]
        yield "direction", "in" if end == "src" else "out"
    elif not peer.outside:
        yield from ((f"{end}_ip", str(one)) for one in peer.networks)
    else:
        yield from ((f"{end}_ip", f"!{one}") for one in peer.networks)


def _way(section: uci.Section) -> str:
    if _word(section, "enabled") in OFF or _word(section, "target").upper() != "ACCEPT":
        return ""
    source, destination = _word(section, "src"), _word(section, "dest")
    return {(True, False): "in", (False, True): "out", (True, True): "across"}.get(
        (bool(source), bool(destination)), ""
    )


def _takes(section: uci.Section, one: Accept) -> bool:
    protocols = {word.value.lower() for word in section.list("proto")} or {"tcp", "udp"}
    if not protocols & {one.protocol, "tcpudp", "all", "any", "*"}:
        return False
    ports = [port for word in section.list("dest_port") for port in ranges(word.value.replace(":", "-"))]
    return not ports or (one.port is not None and any(low <= one.port <= high for low, high in ports))


def _word(section: uci.Section, option: str) -> str:
    value = section.get(option)
    return value.value if value else ""
