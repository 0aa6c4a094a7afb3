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
from enum import StrEnum

from firmward.facts.configuration_file import lines
from firmward.facts.number import is_number
from firmward.facts.startup import Process, Start, Startup
from firmward.facts.uci_firewall import UciFirewall
from firmward.formats import uci, unit_file
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

UCI_NETWORK = "etc/config/network"
INTERFACES = ("etc/network/interfaces", "etc/network/interfaces.d/*")
NETWORKD = ("etc/systemd/network/*.netdev", "usr/lib/systemd/network/*.netdev", "lib/systemd/network/*.netdev")
NETWORK_MANAGER = ("etc/NetworkManager/system-connections/*", "usr/lib/NetworkManager/system-connections/*")
MATCHED = ("etc/systemd/network/*.network", "usr/lib/systemd/network/*.network", "lib/systemd/network/*.network")
BASES_LIMIT = 50
DOTTED = re.compile(r"^[\w@-]+\.(\d{1,4})$")
NAMED = re.compile(r"^vlan(\d{1,4})$")


class NetworkManager(StrEnum):
    """Who brings interfaces up by a configuration."""

    UCI = "uci"
    NETWORKD = "networkd"
    IFUPDOWN = "ifupdown"
    NETWORK_MANAGER = "networkmanager"


@dataclass(frozen=True, slots=True)
class Vlan:
    """One VLAN's `number`, and `at`, where it is configured; `interface` is its name, empty where nothing tells it."""

    number: int
    at: Location
    interface: str = ""


@dataclass(frozen=True, slots=True)
class Segments:
    """The `vlans` that are configured, and the `zones` that a firewall names.

    `at` is where networks are configured, whatever they say; `unread` says what could not be read. `bases` are the
    interfaces that this configuration brings up, and that could carry a VLAN; `manager` whose configuration it is, None
    where scripts do it. `trunk` is the name of systemd-networkd's file for the first of these interfaces.
    """

    vlans: tuple[Vlan, ...]
    zones: tuple[str, ...] = ()
    at: Location | None = None
    unread: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    manager: NetworkManager | None = None
    trunk: str = ""


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
    manager, bases = _managed(tree, network)
    trunk = next(
        (path for path in _files(tree, MATCHED) if {*bases[:1]} & {*_settings(tree, path, "match", "name")}), ""
    )
    for process in startup.processes:
        if process.start is not Start.DISABLED:
            vlans += _commands(process)
    for path in startup.scripts:
        vlans += _in_script(tree.text(path) or "", path)
    unread = list(startup.unread_servers)
    if isinstance(uci_firewall, Unknown):
        unread.append(uci_firewall.reason)
    zones = tuple(zone.name for zone in uci_firewall.zones) if isinstance(uci_firewall, UciFirewall) else ()
    at = Location(places[0]) if places else None
    return Segments(tuple(vlans), zones, at, tuple(unread), bases, manager, trunk.rpartition("/")[2])


def _managed(tree: Tree, network: str | None) -> tuple[NetworkManager | None, tuple[str, ...]]:
    """Who brings up interfaces here, and which, the first one first."""
    by_manager: dict[NetworkManager, list[str]] = {
        NetworkManager.UCI: list(_of_uci(network)) if network is not None else [],
        NetworkManager.NETWORKD: [
            name for path in _files(tree, MATCHED) for name in _settings(tree, path, "match", "name")
        ],
        NetworkManager.IFUPDOWN: [name for path in _files(tree, INTERFACES) for name in _of_interfaces(tree, path)],
        NetworkManager.NETWORK_MANAGER: [
            name
            for path in _files(tree, NETWORK_MANAGER)
            for name in _settings(tree, path, "connection", "interface-name")
        ],
    }
    for manager, names in by_manager.items():
        plain = tuple(dict.fromkeys(name for name in names if name != "lo" and PLAIN.match(name)))[:BASES_LIMIT]
        if plain:
            return manager, plain
    return (NetworkManager.UCI if network is not None else None), ()


PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,10}$")
"""A name that a VLAN's number can be added to."""


def _files(tree: Tree, patterns: tuple[str, ...]) -> list[str]:
    return [path for pattern in patterns for path in tree.glob(pattern) if tree.is_file(path)][:BASES_LIMIT]


def _of_uci(text: str) -> Iterator[str]:
    for section in uci.parse(text):
        if section.type == "interface":
            yield from (value.value for name in ("device", "ifname") for value in section.list(name))


def _of_interfaces(tree: Tree, path: str) -> Iterator[str]:
    for _, line in lines(tree.text(path) or ""):
        words = line.split()
        if words[0] == "iface" and len(words) > 1:
            yield words[1]


def _settings(tree: Tree, path: str, section: str, key: str) -> Iterator[str]:
    for setting in unit_file.parse(tree.text(path) or "").settings:
        if (setting.section.lower(), setting.key.lower()) == (section, key):
            yield from setting.value.split()


def parse_interfaces(text: str, path: str) -> Iterator[Vlan]:
    """ifupdown's file."""
    name = ""
    for number, line in lines(text):
        words = line.split()
        if words[0] == "iface" and len(words) > 1:
            name = words[1]
            found = DOTTED.match(name) or NAMED.match(name)
            if found:
                yield Vlan(int(found[1]), Location(path, number), name)
        elif words[0] in ("vlan-id", "vlan_id") and len(words) > 1 and is_number(words[1]):
            yield Vlan(int(words[1][:5]), Location(path, number), name)
        elif words[0] in ("up", "pre-up", "post-up"):
            yield from _in_script(" ".join(words[1:]), path, number)


def parse_netdev(text: str, path: str) -> Iterator[Vlan]:
    """systemd-networkd's and NetworkManager's files: `Id=` in the section VLAN."""
    section = name = ""
    for number, line in lines(text, "#;"):
        if line.startswith("["):
            section = line.strip("[]").lower()
            continue
        key, _, value = line.partition("=")
        named = (section, key.strip().lower())
        if named in (("netdev", "name"), ("connection", "interface-name")):
            name = value.strip()
        if named == ("vlan", "id") and is_number(value.strip()):
            yield Vlan(int(value.strip()[:5]), Location(path, number), name)


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
                    yield Vlan(int(dotted[1]), at, value.value)


ADDED = re.compile(
    r"\bip\s+link\s+add\b[^\n;&|]*\btype\s+vlan\b[^\n;&|]*\bid\s+(\d{1,4})|\bvconfig\s+add\s+\S+\s+(\d{1,4})"
)


def _commands(process: Process) -> Iterator[Vlan]:
    yield from _in_script(" ".join((process.program, *process.argv[1:])), process.at.path or "", process.at.line)


def _in_script(text: str, path: str, line: int | None = None) -> Iterator[Vlan]:
    for number, written in lines(text):
        for match in ADDED.finditer(written[:2000]):
            yield Vlan(int(match[1] or match[2]), Location(path, line or number))
