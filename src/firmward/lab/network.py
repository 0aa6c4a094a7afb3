"""The way to a virtual device from this machine: ports of its own on loopback, and nothing in the other direction.

QEMU plays the network by itself (docs/system/devices/net.rst, "Using the user mode network stack"): the device gets
10.0.2.15 by DHCP, and whoever calls a forwarded port stands at 10.0.2.2. `restrict=on` keeps the device from this
machine and from everything behind it.
"""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

HOST = "127.0.0.1"


class Protocol(StrEnum):
    TCP = "tcp"
    UDP = "udp"


KINDS = {Protocol.TCP: socket.SOCK_STREAM, Protocol.UDP: socket.SOCK_DGRAM}


@dataclass(frozen=True, slots=True)
class Forward:
    """`port` is the device's, `here` the one of this machine that leads there."""

    port: int
    here: int
    protocol: Protocol = Protocol.TCP

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.here


def forwards(ports: Iterable[int], protocol: Protocol = Protocol.TCP) -> tuple[Forward, ...]:
    """Each with a port of this machine that is free now."""
    return tuple(Forward(port, _free(protocol), protocol) for port in ports)


def _free(protocol: Protocol) -> int:
    with socket.socket(socket.AF_INET, KINDS[protocol]) as asked:
        asked.bind((HOST, 0))
        port: int = asked.getsockname()[1]
        return port


def arguments(card: str | None, forwarded: Iterable[Forward], station: Sequence[int] = ()) -> tuple[str, ...]:
    """QEMU's. A board without a card has no network, and neither has a device that nobody calls. `station` is the
    descriptor of another machine's end of the wire, which then is a hub; or there are two, of the device's and of this
    network's end, when a switch is between them (switch.py). Where no port is forwarded, the other machine alone is
    there and has to give the device its address: QEMU's own network would break off every connection that the device
    opens to it."""
    rules = [f"hostfwd={one.protocol}:{HOST}:{one.here}-:{one.port}" for one in forwarded]
    if card is None or not (rules or station):
        return ("-nic", "none")
    if len(station) == 1 and not rules:
        return ("-netdev", f"socket,id=network,fd={station[0]}", "-device", f"{card},netdev=network")
    network = ("-netdev", ",".join(("user,id=network,restrict=on", *rules)))
    if not station:
        return (*network, "-device", f"{card},netdev=network")
    if len(station) > 1:
        device, outside = station
        return (
            *network,
            *("-netdev", f"socket,id=outside,fd={outside}"),
            *("-netdev", "hubport,id=one,hubid=0,netdev=network"),
            *("-netdev", "hubport,id=other,hubid=0,netdev=outside"),
            *("-netdev", f"socket,id=device,fd={device}", "-device", f"{card},netdev=device"),
        )
    return (
        *network,
        *("-netdev", f"socket,id=station,fd={station[0]}"),
        *("-netdev", "hubport,id=device,hubid=0"),
        *("-netdev", "hubport,id=outside,hubid=0,netdev=network"),
        *("-netdev", "hubport,id=beside,hubid=0,netdev=station"),
        *("-device", f"{card},netdev=device"),
    )
