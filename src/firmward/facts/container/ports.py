"""The ports that an engine publishes for its containers.

Rules, from the Compose specification and docker-run(1): the short form is `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`, IPv6
in brackets, and both ports may be ranges of one length; the long form has `target`, `published`, `host_ip`, `protocol`.
Without an address all are meant, without a host's port the engine takes any that is free, which nobody knows before.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from firmward.facts.container.record import Published, filled
from firmward.facts.listener import plain_address

RANGE_LIMIT = 100
"""Ports of one range; more is a mistake or a trap."""
PORTS_LIMIT = 200
"""Ports of one container."""
_SHORT = re.compile(
    r"(?:(?P<address>\[[0-9A-Fa-f:.]*\]|[\w.-]*):)?(?:(?P<host>[0-9]{1,5}(?:-[0-9]{1,5})?)?:)?"
    r"(?P<inner>[0-9]{1,5}(?:-[0-9]{1,5})?)(?:/(?P<protocol>tcp|udp))?"
)
_HOST_ONLY = re.compile(r"(?P<host>[0-9]{1,5}(?:-[0-9]{1,5})?):(?P<inner>[0-9-]{1,11})(?:/(?P<protocol>tcp|udp))?")


def bounded(found: Iterable[Published]) -> tuple[Published, ...]:
    """As many as are told."""
    return tuple(islice(found, PORTS_LIMIT))


def short(text: str) -> Iterator[Published]:
    """The short form. What is no port, or leaves the host's to the engine, gives nothing."""
    written = filled(text).strip()
    match = _HOST_ONLY.fullmatch(written) or _SHORT.fullmatch(written)
    if match is None:
        return
    groups = match.groupdict()
    if groups["host"]:
        address = groups.get("address") or ""
        yield from _pairs(groups["host"], groups["inner"], groups["protocol"] or "tcp", address)


def long(published: str, target: str, address: str = "", protocol: str = "tcp") -> Iterator[Published]:
    """The long form."""
    if protocol.lower() in ("tcp", "udp"):
        yield from _pairs(published, target, protocol.lower(), address)


def _pairs(host: str, inner: str, protocol: str, address: str) -> Iterator[Published]:
    ports, targets = _range(host), _range(inner)
    for place, port in enumerate(ports):
        target = targets[place] if place < len(targets) else targets[-1] if targets else None
        if target is not None:
            yield Published(protocol, port, target, plain_address(address))


def _range(text: str) -> tuple[int, ...]:
    low, _, high = text.partition("-")
    if not re.fullmatch(r"[0-9]{1,5}", low) or not re.fullmatch(r"[0-9]{0,5}", high):
        return ()
    first, last = int(low), int(high or low)
    if not 0 < first <= last < 65536:
        return ()
    return tuple(range(first, min(last, first + RANGE_LIMIT) + 1))
