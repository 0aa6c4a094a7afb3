"""What a policy says and takes back: nothing can be hardened by it, since whatever is done breaks one of the two.

Only what can be decided by the policy alone is here. Where a name would have to be resolved, or the image asked, the
policy is believed. `firmward policy check` warns of what can hardly be meant; this is what cannot be.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from firmward.model.policy import DeclaredAccount, DeclaredService, Egress, Policy, Zone

PORTS = {"https": 443, "http": 80, "mqtts": 8883, "mqtt": 1883, "ftp": 21, "wss": 443, "ws": 80}
VOLATILE = ("/run", "/tmp", "/dev/shm", "/var/run", "/var/lock", "/proc", "/sys")  # noqa: S108 - names, not files
"""Folders in memory, which a system writes whatever is declared."""
NEAR = ("lan", "gateway", "any")
"""Words for destinations that a name may well be among."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`place` is the key, as in `listen[2].port`."""

    place: str
    message: str


def contradictions(policy: Policy) -> tuple[Contradiction, ...]:
    """In the order of the form."""
    return tuple(found for rule in RULES for found in rule(policy))


def _sockets(policy: Policy) -> Iterator[Contradiction]:
    """One socket has one service."""
    services: dict[tuple[str, int], str] = {}
    for number, one in enumerate(policy.listen, 1):
        if one.service is None:
            continue
        first = services.setdefault((one.protocol, one.port), one.service)
        if first != one.service:
            message = f"{one.protocol}/{one.port} is given to {one.service}, and to {first} before"
            yield Contradiction(f"listen[{number}].service", message)


def _twice(policy: Policy) -> Iterator[Contradiction]:
    """Two declarations of one thing that differ."""
    tables: tuple[tuple[str, tuple[DeclaredService | DeclaredAccount | Zone, ...]], ...] = (
        ("service", policy.service),
        ("account", policy.account),
        ("zone", policy.zone),
    )
    for table, rows in tables:
        known: dict[str, object] = {}
        for number, row in enumerate(rows, 1):
            if known.setdefault(row.name, row) != row:
                yield Contradiction(f"{table}[{number}].name", f"{row.name} is declared before, and otherwise")


def _vlans(policy: Policy) -> Iterator[Contradiction]:
    """One VLAN is one zone: two could not be kept apart."""
    zones: dict[int, str] = {}
    for number, zone in enumerate(policy.zone, 1):
        if zone.vlan is not None and zones.setdefault(zone.vlan, zone.name) != zone.name:
            message = f"VLAN {zone.vlan} is {zone.name}'s, and {zones[zone.vlan]}'s before"
            yield Contradiction(f"zone[{number}].vlan", message)


def _flows(policy: Policy) -> Iterator[Contradiction]:
    """What may flow to the product must be let in by it."""
    product = policy.device.product if policy.device is not None else None
    names = {zone.name for zone in policy.zone}
    for number, flow in enumerate(policy.flow, 1):
        if flow.to != product or flow.to in names or flow.port is None:
            continue
        if not policy.allows_listening(flow.protocol, flow.port):
            message = (
                f"{flow.source} may reach {flow.protocol}/{flow.port}, on which no [[listen]] lets anything listen"
            )
            yield Contradiction(f"flow[{number}].port", message)


def _writes(policy: Policy) -> Iterator[Contradiction]:
    """A service writes where the file system can be written."""
    writable = policy.filesystem.writable if policy.filesystem is not None else ()
    if not writable:
        return
    for number, service in enumerate(policy.service, 1):
        for path in service.writes:
            if not _is_below(path, (*writable, *VOLATILE)):
                message = f"{service.name} writes {path}, which is in no folder of [filesystem] writable"
                yield Contradiction(f"service[{number}].writes", message)


def _verified(policy: Policy) -> Iterator[Contradiction]:
    """What is verified as a whole cannot be written."""
    found = policy.filesystem
    if found is not None and found.verified == "verity" and any(_plain(path) == "" for path in found.writable):
        yield Contradiction("filesystem.writable", "/ is writable, and verified by verity, which allows no write")


def _updates(policy: Policy) -> Iterator[Contradiction]:
    found = policy.update
    if found is not None and found.mechanism == "none" and found.server is not None:
        yield Contradiction("update.server", f"{found.server} is named, and the mechanism is none")


def _servers(policy: Policy) -> Iterator[Contradiction]:
    """The servers that the device itself is to ask are among the destinations that it may call."""
    named = (
        ("update.server", policy.update.server if policy.update is not None else None),
        ("agent.server", policy.agent.server if policy.agent is not None else None),
    )
    for place, server in named:
        if server is not None and policy.egress and not _may_call(server, policy.egress):
            yield Contradiction(place, f"{server} is no destination of [[egress]], so that it could not be reached")


def _may_call(server: str, egress: Iterable[Egress]) -> bool:
    """Whether a destination covers it, or may, as a network may that a name leads into."""
    try:
        address = urlsplit(server if "//" in server else f"//{server}")
        host, port = (address.hostname or "").rstrip("."), address.port or PORTS.get(address.scheme)
    except ValueError:
        return True
    if not host:
        return True
    fitting = [one for one in egress if one.protocol == "tcp" and (None in (one.port, port) or one.port == port)]
    return any(_covers(one.to.lower().rstrip("."), host) for one in fitting)


def _covers(to: str, host: str) -> bool:
    if to in (*NEAR, host) or (to.startswith("*.") and host.endswith(to[1:])):
        return True
    try:
        network = ipaddress.ip_network(to, strict=False)
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:  # a name, which may lead there
        return True


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(f"{_plain(path)}/".startswith(f"{_plain(folder)}/".lstrip("/")) for folder in folders)


def _plain(path: str) -> str:
    return "/".join(step for step in path.split("/") if step not in ("", "."))


Rule = Callable[[Policy], Iterator[Contradiction]]
RULES: tuple[Rule, ...] = (_sockets, _twice, _vlans, _flows, _writes, _verified, _updates, _servers)
