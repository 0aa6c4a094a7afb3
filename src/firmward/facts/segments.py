"""How the system divides its networks: VLANs, bridges with VLAN filters, zones, and rules by interface.

Rules: ifupdown names a VLAN `eth0.20`, `vlan20` or by `vlan-raw-device` with `vlan-id`; systemd-networkd has `.netdev`
files with `Kind=vlan` and `Id=`; OpenWrt has `bridge-vlan` and `switch_vlan` sections with `vlan`, devices written
`eth0.20` or `br-lan.20` and `type 8021q` with `vid`, and zones in etc/config/firewall; NetworkManager has `[vlan]` with
`id=`. Commands at boot: `ip link add ... type vlan id 20`, `vconfig add eth0 20`. Interfaces that packet filter rules
name count as separated.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.configuration_file import lines
from firmward.facts.number import is_number
from firmward.facts.startup import Process, Start, Startup
from firmward.facts.uci_firewall import UciFirewall
from firmward.formats import uci
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

UCI_NETWORK = "etc/config/network"
INTERFACES = ("etc/network/interfaces", "etc/network/interfaces.d/*")
NETWORKD = ("etc/systemd/network/*.netdev", "usr/lib/systemd/network/*.netdev", "lib/systemd/network/*.netdev")
NETWORK_MANAGER = ("etc/NetworkManager/system-connections/*", "usr/lib/NetworkManager/system-connections/*")
DOTTED = re.compile(r"^[\w@-]+\.(\d{1,4})$")
NAMED = re.compile(r"^vlan(\d{1,4})$")


@dataclass(frozen=True, slots=True)
class Vlan:
    """One VLAN's `number`, and `at`, where it is configured."""

    number: int
    at: Location


@dataclass(frozen=True, slots=True)
class Segments:
    """The `vlans` that are configured, and the `zones` that a firewall names.

    `at` is where networks are configured, whatever they say; `unread` says what could not be read.
    """

    vlans: tuple[Vlan, ...]
    zones: tuple[str, ...] = ()
    at: Location | None = None
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup, uci_firewall: UciFirewall | Unknown | None) -> Segments:
    vlans: list[Vlan] = []
    places: list[str] = []
    for patterns, parse in ((INTERFACES, parse_interfaces), (NETWORKD, parse_netdev), (NETWORK_MANAGER, parse_netdev)):
        for path in (path for pattern in patterns for path in tree.glob(pattern) if tree.is_file(path)):
            vlans += parse(tree.text(path) or "", path)
            places.append(path)
    network = tree.text(UCI_NETWORK)
    if network is not None:
        vlans += parse_uci(network)
        places.append(UCI_NETWORK)
    for process in startup.processes:
        if process.start is not Start.DISABLED:
            vlans += _commands(process)
    for path in startup.scripts:
        vlans += _in_script(tree.text(path) or "", path)
    unread = list(startup.unread_servers)
    if isinstance(uci_firewall, Unknown):
        unread.append(uci_firewall.reason)
    zones = tuple(zone.name for zone in uci_firewall.zones) if isinstance(uci_firewall, UciFirewall) else ()
    return Segments(tuple(vlans), zones, Location(places[0]) if places else None, tuple(unread))


def parse_interfaces(text: str, path: str) -> Iterator[Vlan]:
    """ifupdown's file."""
    for number, line in lines(text):
        words = line.split()
        if words[0] == "iface" and len(words) > 1:
            name = words[1]
            found = DOTTED.match(name) or NAMED.match(name)
            if found:
                yield Vlan(int(found[1]), Location(path, number))
        elif words[0] in ("vlan-id", "vlan_id") and len(words) > 1 and is_number(words[1]):
            yield Vlan(int(words[1][:5]), Location(path, number))
        elif words[0] in ("up", "pre-up", "post-up"):
            yield from _in_script(" ".join(words[1:]), path, number)


def parse_netdev(text: str, path: str) -> Iterator[Vlan]:
    """systemd-networkd's and NetworkManager's files: `Id=` in the section VLAN."""
    section = ""
    for number, line in lines(text, "#;"):
        if line.startswith("["):
            section = line.strip("[]").lower()
            continue
        key, _, value = line.partition("=")
        if section == "vlan" and key.strip().lower() == "id" and is_number(value.strip()):
            yield Vlan(int(value.strip()[:5]), Location(path, number))


def parse_uci(text: str) -> Iterator[Vlan]:
    """OpenWrt's etc/config/network."""
    for section in uci.parse(text):
        numbers = ("vlan",) if section.type in ("bridge-vlan", "switch_vlan") else ("vid",)
        for name in (*numbers, "device", "ifname"):
            for value in section.list(name):
                dotted = DOTTED.match(value.value)
                at = Location(UCI_NETWORK, value.line)
                if name in numbers and is_number(value.value):
                    yield Vlan(int(value.value[:5]), at)
                elif dotted and name not in numbers:
                    yield Vlan(int(dotted[1]), at)


ADDED = re.compile(
    r"\bip\s+link\s+add\b[^\n;&|]*\btype\s+vlan\b[^\n;&|]*\bid\s+(\d{1,4})|\bvconfig\s+add\s+\S+\s+(\d{1,4})"
)


def _commands(process: Process) -> Iterator[Vlan]:
    yield from _in_script(" ".join((process.program, *process.argv[1:])), process.at.path or "", process.at.line)


def _in_script(text: str, path: str, line: int | None = None) -> Iterator[Vlan]:
    for number, written in lines(text):
        for match in ADDED.finditer(written[:2000]):
            yield Vlan(int(match[1] or match[2]), Location(path, line or number))
