"""The interfaces by which the device reaches the rest of the world: those that get or hold a default route.

Rules: ifupdown's `iface NAME inet dhcp` (and `ppp`), or a section with `gateway` (interfaces(5)); systemd-networkd's
`[Match] Name=` with `DHCP=`, `Gateway=` or, for a phone's modem, nothing else (systemd.network(5)); NetworkManager's
`interface-name=`; and at boot `udhcpc -i NAME` and its kin, `ip route add default ... dev NAME`, and pppd,
whose interface is ppp0. A name may be a pattern.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

from firmward.facts import command_line
from firmward.facts.configuration_file import lines
from firmward.facts.startup import Process, Start, Startup
from firmward.formats import unit_file
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

IFUPDOWN = ("etc/network/interfaces", "etc/network/interfaces.d/*")
NETWORKD = ("etc/systemd/network/*.network", "usr/lib/systemd/network/*.network", "lib/systemd/network/*.network")
NETWORK_MANAGER = ("etc/NetworkManager/system-connections/*", "usr/lib/NetworkManager/system-connections/*")
CLIENTS = frozenset(("dhclient", "dhcpcd", "odhcp6c", "dhcp6c"))
VALUED = "iscptTAVFHxOr"
"""Letters of udhcpc that take a value."""
NO = ("no", "false", "off", "0")
FILES_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Uplinks:
    """The `names` of these interfaces, patterns among them."""

    names: tuple[str, ...]

    def have(self, pattern: str) -> bool:
        """Whether one of them is what a packet filter's pattern means."""
        return any(fnmatchcase(name, pattern) or fnmatchcase(pattern, name) for name in self.names)


def collect(tree: Tree, startup: Startup) -> Uplinks | None:
    names: list[str] = []
    for patterns, parse in ((IFUPDOWN, of_interfaces), (NETWORKD, of_networkd), (NETWORK_MANAGER, of_networkd)):
        for path in [path for pattern in patterns for path in tree.glob(pattern) if tree.is_file(path)][:FILES_LIMIT]:
            names += parse(_text(tree, path))
    for process in startup.processes:
        if process.start is not Start.DISABLED:
            names += _of_process(process)
    known = tuple(dict.fromkeys(name for name in names if name and "$" not in name))
    if not known:
        startup.require_seen()
        return None
    return Uplinks(known)


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.text(path) or ""
    except Unavailable:
        return ""  # a name less, and who asks then knows of none or of the others


def of_interfaces(text: str) -> Iterator[str]:
    """ifupdown's file."""
    name = ""
    for _, line in lines(text):
        words = line.split()
        if words[0] == "iface" and len(words) > 1:
            name = words[1]
            if words[-1] in ("dhcp", "ppp", "auto"):
                yield name
        elif words[0] == "gateway":
            yield name


def of_networkd(text: str) -> Iterator[str]:
    """systemd-networkd's files, and NetworkManager's."""
    names: list[str] = []
    leads_out = False
    for setting in unit_file.parse(text).settings:
        key = (setting.section.lower(), setting.key.lower())
        if key in (("match", "name"), ("connection", "interface-name")):
            names += setting.value.split()
        elif key == ("network", "dhcp"):
            leads_out = leads_out or setting.value.lower() not in NO
        elif key in (("network", "gateway"), ("route", "gateway")) or key == ("ipv4", "method"):
            leads_out = leads_out or setting.value.lower() not in ("disabled", "link-local", "shared")
    return iter(names if leads_out else ())


def _of_process(process: Process) -> Iterator[str]:
    words = command_line.own_words(process.argv)
    if process.program.startswith("udhcpc"):
        yield from command_line.read(words, VALUED, ("interface",)).all("i", "interface")
    elif process.program in CLIENTS:
        yield from (word for word in words if not word.startswith("-") and "/" not in word)
    elif process.program == "pppd":
        yield "ppp0"
    elif process.program == "ip" and "default" in words:
        yield from (after for word, after in pairwise(words) if word == "dev")
