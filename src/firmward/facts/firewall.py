"""The packet filter in force after boot, whatever wrote it: nftables, iptables, OpenWrt's firewall.

Only rules that something loads count. Of the front ends, what ufw loads from its files is read (ufw.py); what
firewalld, shorewall and others load is not, and so the family is unknown where one of them starts. A packet passes a
hook when every chain of its family there lets it pass.
"""

from dataclasses import dataclass

from firmward.facts import ufw
from firmward.facts.iptables import Iptables
from firmward.facts.nftables import Nftables
from firmward.facts.packet_filter import Chain, Hook, Reach, Verdict
from firmward.facts.startup import Process, Start, Startup
from firmward.facts.uci_firewall import UciFirewall
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

__all__ = ["Chain", "Firewall", "Hook", "Reach", "Verdict", "collect"]

FRONT_ENDS = ("ufw", "ufw-init", "firewalld", "shorewall", "shorewall6", "ferm", "arno-iptables-firewall", "awall")
FAMILIES = ("ip", "ip6")


@dataclass(frozen=True, slots=True)
class Firewall:
    """The filter in force: its base `chains`, and `loaded`, the places that load them.

    `unloaded` are rules files that nothing loads, `unread` says what could not be read.
    """

    chains: tuple[Chain, ...]
    loaded: tuple[Location, ...] = ()
    unloaded: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def at(self, hook: Hook, family: str) -> tuple[Chain, ...]:
        return tuple(chain for chain in self.chains if chain.hook is hook and chain.covers(family))

    def covers(self, family: str) -> bool:
        """Anything at all filters this family."""
        return any(chain.covers(family) for chain in self.chains)

    def drops_rest(self, hook: Hook, family: str) -> bool:
        return any(chain.drops_rest(family) for chain in self.at(hook, family))

    def reach(self, protocol: str, port: int, hook: Hook = Hook.INPUT) -> Reach:
        """Whether others can open a connection to this port, by the family that lets most through."""
        order = (Reach.OPEN, Reach.NARROWED, Reach.CLOSED)
        return min((self.reach_by(family, protocol, port, hook) for family in FAMILIES), key=order.index)

    def reach_by(self, family: str, protocol: str, port: int, hook: Hook = Hook.INPUT) -> Reach:
        """The same by one family, `ip` or `ip6`; every chain at the hook must let it pass."""
        order = (Reach.OPEN, Reach.NARROWED, Reach.CLOSED)
        reached = [chain.reach(family, protocol, port) for chain in self.at(hook, family)]
        return max(reached, key=order.index) if reached else Reach.OPEN


def collect(
    tree: Tree, startup: Startup, nftables: Nftables | Unknown | None, iptables: Iptables | Unknown | None,
    uci_firewall: UciFirewall | Unknown | None,
) -> Firewall:  # fmt: skip
    chains: list[Chain] = []
    loaded: list[Location] = []
    unloaded: list[str] = []
    unread: list[str] = []
    front_end = next((process for process in startup.processes if _is_front_end(tree, process)), None)
    if front_end is not None:
        raise Unavailable(f"{front_end.program} ({front_end.at}) loads the firewall, and its rules are not read")
    for family in (nftables, iptables):
        if isinstance(family, Unknown):
            unread.append(family.reason)
        elif family is not None:
            chains += family.chains
            loaded += family.loaded
            unloaded += family.unloaded
            unread += family.unread
    if isinstance(uci_firewall, Unknown):
        unread.append(uci_firewall.reason)
    elif uci_firewall is not None:
        if uci_firewall.loaded is None:
            unloaded.append("etc/config/firewall")
        else:
            chains += uci_firewall.chains
            loaded.append(uci_firewall.loaded)
            unread += uci_firewall.unread
    return Firewall(tuple(chains), tuple(loaded), tuple(unloaded), tuple(dict.fromkeys(unread)))


def _is_front_end(tree: Tree, process: Process) -> bool:
    """Whether it loads rules that are not read."""
    if process.start is Start.DISABLED or process.program not in FRONT_ENDS:
        return False
    return process.program not in ufw.PROGRAMS or not (ufw.is_off(tree, process) or ufw.is_plain(tree, process))
