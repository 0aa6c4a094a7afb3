"""OpenWrt's firewall, as its service (fw3 or fw4) makes it from etc/config/firewall.

Rules, from OpenWrt's documentation and fw4's templates:

- `config defaults` has `input`, `output`, `forward`: what happens to packets of interfaces that no zone holds (fw4
  rejects unless set, fw3 accepted: where an image does not set them we take `REJECT`).
- `config zone` has `name`, `network` (several), `input`, `output`, `forward`, which fall back on the defaults.
- `config rule` with `src` and no `dest` is about input from that zone (`*`: any), one with `dest` and no `src` about
  output to it; `target` ACCEPT, DROP or REJECT, `proto` (tcp and udp unless set), `dest_port`, `src_ip`, `family`
  (ipv4, ipv6), `enabled 0`.
- `config forwarding` lets one zone through to another. What is added by hand is told in uci_includes.py.
- It is loaded when the service `firewall` starts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.facts import first_start, uci_includes
from firmward.facts.packet_filter import Chain, Hook, Ports, Rule, Verdict, port_ranges
from firmward.facts.startup import Start, Startup
from firmward.formats import uci
from firmward.model.location import Location
from firmward.model.tree import Tree

PATH = "etc/config/firewall"
FW4 = ("sbin/fw4", "usr/share/firewall4")
OFF = ("0", "off", "false", "no", "disabled")


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone's `name`, and its verdicts for `input`, `output` and `forward`.

    `networks` are those of etc/config/network, `masquerades` says that it hides what is behind it, `at` is
    where it stands.
    """

    name: str
    networks: tuple[str, ...]
    input: Verdict
    output: Verdict
    forward: Verdict
    at: Location
    masquerades: bool = False


@dataclass(frozen=True, slots=True)
class UciFirewall:
    """The verdicts of `defaults` for `input`, `output` and `forward` and where they stand, `at`, and the `zones`.

    `chains` are what the service makes of it all, `forwardings` pairs of zones that may pass. `loaded` is where the
    service starts, None when nothing starts it; `unread` says what is not read.
    """

    input: Verdict
    output: Verdict
    forward: Verdict
    at: Location
    zones: tuple[Zone, ...] = ()
    chains: tuple[Chain, ...] = ()
    forwardings: tuple[tuple[str, str], ...] = ()
    loaded: Location | None = None
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> UciFirewall | None:
    text = first_start.configuration(tree, "firewall", startup)
    if text is None:
        return None
    sections = uci.parse(text)
    own = parse(sections, _loaded(startup))
    if own.loaded is None:
        return own
    names = tuple(zone.name for zone in own.zones)
    chains, unread = uci_includes.added(tree, sections, own.chains, names, _is_fw4(tree, startup))
    return replace(own, chains=chains, unread=unread)


def parse(sections: tuple[uci.Section, ...], loaded: Location | None = None) -> UciFirewall:
    """What the configuration alone says."""
    defaults = [section for section in sections if section.type == "defaults"]
    verdicts = {hook: _verdict(defaults[-1] if defaults else None, hook.value, None) for hook in Hook}
    at = Location(PATH, defaults[-1].line) if defaults else Location(PATH)
    zones = tuple(_zone(section, verdicts) for section in sections if section.type == "zone")
    ruled = [section for section in sections if section.type == "rule"]
    rules = tuple(rule for section in ruled for hook in (Hook.INPUT, Hook.OUTPUT) for rule in _rules(section, hook))
    return UciFirewall(
        verdicts[Hook.INPUT],
        verdicts[Hook.OUTPUT],
        verdicts[Hook.FORWARD],
        at,
        zones,
        tuple(_chains(verdicts, at, zones, rules)),
        tuple(
            (_word(section, "src"), _word(section, "dest"))
            for section in sections
            if section.type == "forwarding" and _word(section, "enabled") not in OFF
        ),
        loaded,
    )


def _is_fw4(tree: Tree, startup: Startup) -> bool:
    """fw4 took fw3's place in OpenWrt 22.03."""
    started = {process.program for process in startup.processes if process.start is not Start.DISABLED}
    return "fw4" in started or ("fw3" not in started and any(tree.exists(path) for path in FW4))


def _loaded(startup: Startup) -> Location | None:
    for process in startup.processes:
        if process.start is not Start.DISABLED and (
            process.program in ("fw3", "fw4") or process.service.rpartition("/")[2] == "firewall"
        ):
            return process.at
    return None


def _chains(
    verdicts: dict[Hook, Verdict],
    at: Location,
    zones: tuple[Zone, ...],
    rules: tuple[tuple[Hook, str, str, Rule], ...],
) -> Iterator[Chain]:
    """The base chains, in which all that a zone takes is narrowed to it."""
    for hook in Hook:
        own = [
            (family, Rule(rule.verdict, rule.at, rule.protocol, rule.ports, rule.narrowed or zone != "*"))
            for wanted, zone, family, rule in rules
            if hook is wanted
        ]
        own += [("inet", Rule(_of(zone, hook), zone.at, narrowed=True)) for zone in zones]
        for family, short in (("ip", "ipv4"), ("ip6", "ipv6")):
            kept = tuple(rule for wanted, rule in own if wanted in ("inet", "any", short))
            yield Chain(family, hook, verdicts[hook], at, kept)


def _of(zone: Zone, hook: Hook) -> Verdict:
    return {Hook.INPUT: zone.input, Hook.OUTPUT: zone.output, Hook.FORWARD: zone.forward}[hook]


def _zone(section: uci.Section, verdicts: dict[Hook, Verdict]) -> Zone:
    masq = _word(section, "masq")
    return Zone(
        _word(section, "name"),
        tuple(value.value for value in section.list("network")),
        _verdict(section, "input", verdicts[Hook.INPUT]),
        _verdict(section, "output", verdicts[Hook.OUTPUT]),
        _verdict(section, "forward", verdicts[Hook.FORWARD]),
        Location(PATH, section.line),
        bool(masq) and masq not in OFF,
    )


def _rules(section: uci.Section, hook: Hook) -> Iterator[tuple[Hook, str, str, Rule]]:
    """Hook, zone, family and rule of a section about input or output."""
    ends = ("src", "dest") if hook is Hook.INPUT else ("dest", "src")
    (zone, other), target = (_word(section, end) for end in ends), _word(section, "target").upper()
    if not zone or other or _word(section, "enabled") in OFF:
        return
    if target not in ("ACCEPT", "DROP", "REJECT"):
        return
    ports: Ports = tuple(
        port for value in section.list("dest_port") for port in port_ranges(value.value.replace(":", "-"))
    )
    narrowed = any(
        section.get(name)
        for name in ("src_ip", "dest_ip", "src_mac", "src_port", "limit", "icmp_type", "ipset", "device")
    )
    verdict = Verdict.ACCEPT if target == "ACCEPT" else Verdict.DROP
    protocols = [value.value.lower() for value in section.list("proto")] or ["tcp", "udp"]
    for protocol in protocols:
        for one in ("tcp", "udp") if protocol == "tcpudp" else (None if protocol in ("all", "any", "*") else protocol,):
            at = Location(PATH, section.line)
            yield hook, zone, _word(section, "family") or "any", Rule(verdict, at, one, ports, narrowed)


def _verdict(section: uci.Section | None, option: str, otherwise: Verdict | None) -> Verdict:
    value = _word(section, option).upper() if section else ""
    if value:
        return Verdict.ACCEPT if value == "ACCEPT" else Verdict.DROP
    return otherwise or (Verdict.ACCEPT if option == "output" else Verdict.DROP)


def _word(section: uci.Section, option: str) -> str:
    value = section.get(option)
    return value.value if value else ""
