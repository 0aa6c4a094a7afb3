"""TCP as the lab's own machine on the wire speaks it (RFC 9293), to whoever calls one of its ports.

The wire is a pair of sockets and no network: nothing is reordered, and little is lost. So there is no congestion, no
window scaling and no selective acknowledgement; what is not acknowledged in time is sent again from there. A caller
is answered by a program of its own, which is told what came and gives what is to be sent, piece by piece.
"""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from firmward.lab.station import TCP, Packet, checksum

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MOST = 1400
"""Bytes of a segment."""
WINDOW = 65535
AHEAD = 64 << 10
"""Bytes that a program is asked for before the caller has taken those in front of them."""
AGAIN = 1.0
"""Seconds until what was not acknowledged is sent again."""
NUMBERS = 1 << 32


class Program(Protocol):
    """Of one connection."""

    def heard(self, data: bytes) -> None:
        """What came, in its order."""
        ...

    def more(self) -> bytes | None:
        """What is to be sent next, empty for nothing yet, None for the end."""
        ...

    def ended(self, taken: int) -> None:
        """The other end has closed or broken off, and had taken so many bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    source_port: int
    port: int
    number: int
    acknowledged: int
    flags: int
    window: int
    data: bytes


def parsed(packet: Packet) -> Segment | None:
    """None for what is no whole segment."""
    body = packet.body
    if packet.protocol != TCP or len(body) < 20 or not 20 <= (start := (body[12] >> 4) * 4) <= len(body):
        return None
    source_port, port, number, acknowledged = struct.unpack_from("!HHII", body)
    return Segment(
        source_port, port, number, acknowledged, body[13] & 0x3F, int.from_bytes(body[14:16], "big"), body[start:]
    )


def written(segment: Segment, source: bytes, target: bytes) -> Packet:
    """With the one option that the first segment of a connection has: how many bytes the others may have."""
    options = struct.pack("!BBH", 2, 4, MOST) if segment.flags & SYN else b""
    head = struct.pack(
        "!HHIIBBHHH",
        segment.source_port,
        segment.port,
        segment.number % NUMBERS,
        segment.acknowledged % NUMBERS,
        (20 + len(options)) // 4 << 4,
        segment.flags,
        segment.window,
        0,
        0,
    )
    body = head + options + segment.data
    length = struct.pack("!BBH", 0, TCP, len(body))
    sum_of_all = checksum(source + target + length + body)
    return Packet(source, target, TCP, body[:16] + sum_of_all.to_bytes(2, "big") + body[18:])


@dataclass
class Connection:
    """`base` is the number of the first byte in `waiting`, which holds what was not acknowledged, `sent` of it sent."""

    program: Program
    base: int
    expected: int
    window: int
    waiting: bytearray = field(default_factory=bytearray)
    sent: int = 0
    taken: int = 0
    finished: bool = False
    """The program has nothing more."""
    fin_sent: bool = False
    over: bool = False
    tried: float = 0.0


class Server:
    """At `address`, on `port`. `send` puts a packet on the wire, `program` makes one for each caller."""

    def __init__(
        self, address: bytes, port: int, send: Callable[[Packet], None], program: Callable[[], Program]
    ) -> None:
        self._address, self._port, self._send, self._program = address, port, send, program
        self._open: dict[tuple[bytes, int], Connection] = {}
        self.taken_in_all = 0
        """Bytes that all have acknowledged who ever were connected."""

    @property
    def taken(self) -> int:
        """Bytes that those have acknowledged who are connected now: the most of one of them."""
        return max((one.taken for one in self._open.values()), default=0)

    def take(self, packet: Packet) -> None:
        """One that came on the wire, whoever it is for."""
        segment = parsed(packet) if packet.target == self._address else None
        if segment is None or segment.port != self._port:
            return
        key = (packet.source, segment.source_port)
        if segment.flags & SYN:
            self._begin(key, segment)
        elif key in self._open:
            self._go_on(key, segment)
        elif not segment.flags & RST:
            self._put(key, RST | ACK, segment.acknowledged, segment.number + len(segment.data))

    def tick(self) -> None:
        """Send what is to be sent now; to be called often."""
        now = time.monotonic()
        for key, one in list(self._open.items()):
            if one.sent and now - one.tried > AGAIN:
                one.sent, one.fin_sent = 0, False
            self._push(key, one)

    def _begin(self, key: tuple[bytes, int], segment: Segment) -> None:
        if key in self._open and not self._open[key].over:
            self._open[key].program.ended(self._open[key].taken)
        number = int(time.monotonic() * 1e6) % NUMBERS
        self._put(key, SYN | ACK, number, segment.number + 1)
        self._open[key] = Connection(self._program(), number + 1, segment.number + 1, segment.window)

    def _go_on(self, key: tuple[bytes, int], segment: Segment) -> None:
        one = self._open[key]
        if segment.flags & RST:
            self._end(key, one)
            return
        self._acknowledged(one, segment)
        if segment.data and segment.number == one.expected % NUMBERS:
            one.expected += len(segment.data)
            one.program.heard(segment.data)
        is_last = bool(segment.flags & FIN) and (segment.number + len(segment.data)) % NUMBERS == one.expected % NUMBERS
        if is_last:
            one.expected += 1
        if segment.data or segment.flags & FIN:
            self._put(key, ACK, one.base + one.sent, one.expected)
        if is_last:
            self._put(key, FIN | ACK, one.base + one.sent, one.expected)
            self._end(key, one)
            return
        self._push(key, one)

    def _end(self, key: tuple[bytes, int], one: Connection) -> None:
        one.over = True
        del self._open[key]
        one.program.ended(one.taken)

    def _acknowledged(self, one: Connection, segment: Segment) -> None:
        one.window = segment.window
        moved = (segment.acknowledged - one.base) % NUMBERS
        if segment.flags & ACK and 0 < moved <= one.sent + one.fin_sent:
            done = min(moved, len(one.waiting))
            del one.waiting[:done]
            one.base += moved
            one.sent = max(one.sent - done, 0)
            one.taken += done
            self.taken_in_all += done
            one.tried = time.monotonic()

    def _push(self, key: tuple[bytes, int], one: Connection) -> None:
        """As much as the caller's window lets through."""
        while not one.finished and len(one.waiting) < AHEAD:
            piece = one.program.more()
            if piece is None:
                one.finished = True
            elif not piece:
                break
            else:
                one.waiting += piece
        while one.sent < min(len(one.waiting), one.window):
            data = bytes(one.waiting[one.sent : one.sent + min(MOST, one.window - one.sent)])
            self._put(key, ACK | PSH, one.base + one.sent, one.expected, data)
            one.sent += len(data)
            one.tried = time.monotonic()
        if one.finished and not one.fin_sent and one.sent == len(one.waiting):
            self._put(key, FIN | ACK, one.base + one.sent, one.expected)
            one.fin_sent = True
            one.tried = time.monotonic()

    def _put(self, key: tuple[bytes, int], flags: int, number: int, acknowledged: int, data: bytes = b"") -> None:
        segment = Segment(self._port, key[1], number, acknowledged, flags, WINDOW, data)
        self._send(written(segment, self._address, key[0]))
