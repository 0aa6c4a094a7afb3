"""How far a socket can be reached: its own address, and what the packet filter in force lets through."""

from collections.abc import Iterable
from itertools import groupby

from firmward.facts.firewall import Firewall
from firmward.facts.listener import Listener
from firmward.facts.packet_filter import Hook, Reach
from firmward.model.facts import Unknown

Filter = Firewall | Unknown | None


def reach(listener: Listener, firewall: Filter) -> Reach:
    """What is not known to be closed counts as open."""
    if listener.is_local:
        return Reach.CLOSED
    if not isinstance(firewall, Firewall) or firewall.unread:
        return Reach.OPEN
    if listener.forwarded_to is not None:
        return firewall.reach(listener.protocol, listener.forwarded_to, Hook.FORWARD)
    return firewall.reach(listener.protocol, listener.port)


def by_key(listeners: Iterable[Listener]) -> list[tuple[str, list[Listener]]]:
    """Listeners of one port together (IPv4 and IPv6, several addresses), those that most can reach first."""
    ordered = sorted(listeners, key=lambda one: (one.protocol, one.port, one.is_local, not one.everywhere))
    return [(key, list(group)) for key, group in groupby(ordered, key=lambda one: one.key)]


def described(listener: Listener) -> str:
    """`lighttpd on tcp/80`, with the address where it is bound to one."""
    name = listener.program or "an unknown program"
    where = "" if listener.everywhere else f" at {listener.address}"
    return f"{name} on {listener.key}{where}"
