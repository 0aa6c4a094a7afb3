"""The ports that socket units open.

Rules, from systemd.socket(5): ListenStream= is TCP and ListenDatagram= UDP when the value is a port, or `address:port`
with IPv6 in brackets; a path, an `@name` and `vsock:` are no ports. A port alone is all addresses.
"""

import re
from collections.abc import Iterator

from firmward.facts.process import Socket
from firmward.facts.units.unit import Unit

PROTOCOLS = {"ListenStream": "tcp", "ListenDatagram": "udp"}
EVERYWHERE = frozenset(("0.0.0.0", "::", "*"))  # noqa: S104 - read, not bound
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\](?:%\w+)?:|(?P<four>[0-9.]+):)?(?P<port>[0-9]{1,5})", re.ASCII)


def sockets(unit: Unit) -> tuple[Socket, ...]:
    """The network sockets of a socket unit."""
    return tuple(_sockets(unit))


def _sockets(unit: Unit) -> Iterator[Socket]:
    device = unit.get("Socket", "BindToDevice")
    for key, protocol in PROTOCOLS.items():
        for setting in unit.all("Socket", key):
            match = _ADDRESS.fullmatch(setting.value)
            if match is not None and int(match["port"]) < 1 << 16:
                address = match["six"] or match["four"] or ""
                shown = "" if address in EVERYWHERE else address
                yield Socket(protocol, int(match["port"]), shown, device.value if device is not None else "")
