"""Another machine on the device's network: it hears every frame on the wire, and sends its own.

The user mode network of QEMU stays beside it, at a hub: it gives the device its address, and leads callers from this
machine to its ports. It drops the device's answers to datagrams, though, and shows nobody what is on the wire. The
station does, without rights of any kind: its frames are the datagrams of a pair of sockets (QEMU's `-netdev socket`).
"""

import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

ADDRESS = bytes((10, 0, 2, 99))
DEVICE = bytes((10, 0, 2, 15))
"""What QEMU's DHCP server gives the first who asks."""
HARDWARE = bytes((0x52, 0x54, 0x00, 0x66, 0x77, 0x99))
EVERYBODY = b"\xff" * 6
LARGEST = 65536
ARP, IPV4 = 0x0806, 0x0800
ASK, TELL = 1, 2
TCP, UDP = 6, 17
SYN = 2
HEADERS = 14 + 20
FIRST_PORT = 40000
AGAIN = 1.0
"""Seconds after which a datagram without an answer is sent once more."""
SOON = 0.05
"""Seconds in which the device says where it is."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Of IPv4: `body` is what its protocol's header and data are."""

    source: bytes
    target: bytes
    protocol: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Datagram:
    source_port: int
    port: int
    data: bytes


class Station:
    """At 10.0.2.99. `theirs` is QEMU's end of the wire."""

    def __init__(self) -> None:
        self._wire, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._wire.setblocking(False)
        self._device = EVERYBODY
        self._port = FIRST_PORT

    @property
    def descriptors(self) -> tuple[int, ...]:
        """QEMU's."""
        return (self.theirs.fileno(),)

    def close(self) -> None:
        self._wire.close()
        self.theirs.close()

    def packets(self, seconds: float) -> Iterator[Packet]:
        """What anybody on the wire sends to anybody, within this time; what came before, too."""
        limit = time.monotonic() + seconds
        while select.select([self._wire], [], [], max(limit - time.monotonic(), 0))[0]:
            frame = self._wire.recv(LARGEST)
            self._answer(frame)
            found = packet(frame)
            if found is not None:
                yield found
            if time.monotonic() > limit:
                return

    def ask(self, port: int, data: bytes, seconds: float) -> Datagram | None:
        """Send the device a datagram, and wait for what it answers, from whichever port."""
        self._port += 1
        limit = time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            self.tell(port, data)
            for one in self.packets(min(AGAIN, left)):
                found = datagram(one) if (one.source, one.target) == (DEVICE, ADDRESS) else None
                if found is not None and found.port == self._port:
                    return found
        return None

    def tell(self, port: int, data: bytes) -> None:
        """Send the device a datagram."""
        self.send(Packet(ADDRESS, DEVICE, UDP, udp(self._port, port, data)))

    def send(self, one: Packet) -> None:
        """A packet to the device; to everybody, as long as it has not been heard."""
        if one.target == DEVICE:
            self._find()
        self._put(self._device, IPV4, ipv4(one))

    # ------------------------------------------------------------------ Ethernet

    def _find(self) -> None:
        """Where the device is. Without an answer everybody gets it, the device too."""
        if self._device == EVERYBODY:
            self._put(EVERYBODY, ARP, arp(ASK, EVERYBODY, DEVICE))
        limit = time.monotonic() + AGAIN
        while self._device == EVERYBODY and time.monotonic() < limit:
            for _ in self.packets(SOON):
                pass

    def _answer(self, frame: bytes) -> None:
        if frame[12:14] != ARP.to_bytes(2, "big") or len(frame) < 42:
            return
        if frame[28:32] == DEVICE:
            self._device = frame[22:28]
        if frame[38:42] == ADDRESS and frame[20:22] == ASK.to_bytes(2, "big"):
            self._put(frame[22:28], ARP, arp(TELL, frame[22:28], frame[28:32]))

    def _put(self, to: bytes, kind: int, body: bytes) -> None:
        try:
            self._wire.send(to + HARDWARE + kind.to_bytes(2, "big") + body)
        except (BlockingIOError, ConnectionError):
            return  # as on any wire: what nobody takes is lost, and whoever waits asks again


def arp(operation: int, to: bytes, address: bytes) -> bytes:
    """RFC 826, for Ethernet and IPv4."""
    return struct.pack("!HHBBH6s4s6s4s", 1, IPV4, 6, 4, operation, HARDWARE, ADDRESS, to, address)


def ipv4(one: Packet) -> bytes:
    """RFC 791, without options."""
    length = 20 + len(one.body)
    without = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, one.protocol, 0, one.source, one.target)
    return without[:10] + checksum(without).to_bytes(2, "big") + without[12:] + one.body


def udp(source_port: int, port: int, data: bytes) -> bytes:
    """RFC 768, without a checksum."""
    return struct.pack("!HHHH", source_port, port, 8 + len(data), 0) + data


def checksum(data: bytes) -> int:
    """RFC 1071."""
    padded = data + bytes(len(data) % 2)
    total = sum(int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(frame: bytes) -> Packet | None:
    """What a frame carries; None for what is no whole packet of IPv4."""
    if len(frame) < HEADERS or frame[12:14] != IPV4.to_bytes(2, "big") or frame[14] >> 4 != 4:
        return None
    header, length = (frame[14] & 15) * 4, int.from_bytes(frame[16:18], "big")
    if header < 20 or length < header or 14 + length > len(frame):
        return None
    return Packet(frame[26:30], frame[30:34], frame[23], frame[14 + header : 14 + length])


def datagram(one: Packet) -> Datagram | None:
    """RFC 768."""
    if one.protocol != UDP or len(one.body) < 8:
        return None
    source, port, length = struct.unpack("!HHH", one.body[:6])
    return Datagram(source, port, one.body[8:length]) if 8 <= length <= len(one.body) else None


def calls(one: Packet, port: int) -> bool:
    """Whether the device opens a connection to this port of the station's."""
    is_ours = (one.source, one.target, one.protocol) == (DEVICE, ADDRESS, TCP) and len(one.body) >= 20
    return is_ours and one.body[13] == SYN and int.from_bytes(one.body[2:4], "big") == port


def said(one: Packet) -> bytes:
    """What a packet of TCP carries, which is nothing where it is none."""
    start = one.body[12] >> 4 if one.protocol == TCP and len(one.body) >= 20 else len(one.body)
    return one.body[start * 4 :]
