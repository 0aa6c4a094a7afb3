"""What is on the wire of the device's network card, taken down by QEMU from outside (filter-dump of
docs/system/invocation), and read as libpcap writes it (pcap-savefile(5)): Ethernet, IPv4, TCP and UDP.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

HEADER = struct.Struct("<IHHiIII")
MAGIC = 0xA1B2C3D4
RECORD = struct.Struct("<IIII")
ETHERNET, IPV4 = 14, b"\x08\x00"
CARD = bytes.fromhex("525400")
"""How the addresses of QEMU's cards begin; its own network's begin otherwise."""
ICMP, TCP, UDP = 1, 6, 17
SYN, ACK = 0x02, 0x10
TAKEN = 512
"""Bytes of a packet that are taken down."""
LIMIT = 64 << 20
"""Bytes of all packets that are read."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One that the device sent, `at` in seconds. `port` is where it goes, None where its protocol has none; `opens`
    says whether it begins something, and answers nobody. `data` is what follows the header of IPv4."""

    at: float
    source: IPv4Address
    target: IPv4Address
    protocol: int
    port: int | None
    opens: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Wire:
    descriptor: int

    @property
    def arguments(self) -> tuple[str, ...]:
        """QEMU's, which inherits the descriptor."""
        file = f"/proc/self/fd/{self.descriptor}"
        return ("-object", f"filter-dump,id=wire,netdev=network,file={file},maxlen={TAKEN}")

    def sent(self) -> tuple[Packet, ...]:
        """By the device, until now."""
        return tuple(packets(os.pread(self.descriptor, LIMIT, 0)))


@contextmanager
def tapped() -> Iterator[Wire]:
    descriptor = os.memfd_create("wire")
    try:
        yield Wire(descriptor)
    finally:
        os.close(descriptor)


def packets(capture: bytes) -> Iterator[Packet]:
    """Those of IPv4 that the device sent. What is cut off, or is no such packet, is passed over."""
    if len(capture) < HEADER.size or HEADER.unpack_from(capture)[0] != MAGIC:
        return
    at = HEADER.size
    while at + RECORD.size <= len(capture):
        seconds, micros, size, _ = RECORD.unpack_from(capture, at)
        at += RECORD.size
        found = _packet(seconds + micros / 1e6, capture[at : at + size])
        if found is not None:
            yield found
        at += size


def fastest(sent: Sequence[Packet], seconds: float = 1.0) -> int:
    """The most packets within a time of this length."""
    moments = sorted(one.at for one in sent)
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def _packet(at: float, frame: bytes) -> Packet | None:
    header = frame[ETHERNET : ETHERNET + 20]
    if frame[6:9] != CARD or frame[12:14] != IPV4 or len(header) < 20 or header[0] >> 4 != 4:
        return None
    data = frame[ETHERNET + (header[0] & 15) * 4 :]
    protocol = header[9]
    has_port = protocol in (TCP, UDP) and len(data) >= 4
    opens = protocol != TCP or (len(data) > 13 and data[13] & (SYN | ACK) == SYN)
    port = int.from_bytes(data[2:4], "big") if has_port else None
    return Packet(at, IPv4Address(header[12:16]), IPv4Address(header[16:20]), protocol, port, opens, data)
