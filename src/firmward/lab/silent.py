"""Connections that a station opens to the device and leaves open, without a word more than it has to say.

As much of TCP (RFC 9293, 3.5) as that takes: a call, the answer to the device's answer, and with it the first bytes of
what never goes on. Nothing is kept but numbers, so that many cost the station next to nothing, as an attacker would
have it. A connection that the device ends is opened anew.
"""

import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from firmward.lab import station as stations
from firmward.lab.station import ADDRESS, DEVICE, TCP, Packet, Station

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
WINDOW = 16384
AGAIN = 1.0
"""Seconds after which who was not answered calls once more."""
FEW, PAUSE = 5, 0.02
HEAD = struct.Struct("!HHIIBBHHH")


class Silent:
    """`count` connections to a `port` of the device, in each of which the station said `words`."""

    def __init__(self, station: Station, port: int, count: int, words: bytes) -> None:
        self._station, self._port, self._words = station, port, words
        self._calls = {stations.FIRST_PORT + 1000 + number: 1000 * number for number in range(count)}
        self._held: dict[int, int] = {}
        self._called = float("-inf")

    @property
    def held(self) -> int:
        """Connections that the device made, and did not end until now."""
        return len(self._held)

    def go_on(self, seconds: float) -> None:
        """Call with those that are not held, and answer the device."""
        limit = time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            if time.monotonic() - self._called >= AGAIN:
                self._called = time.monotonic()
                self._call()
            for one in self._station.packets(min(AGAIN, left)):
                self._hear(one)

    def _call(self) -> None:
        """A few at a time: a wire takes no more at once."""
        for number, own in enumerate(self._calls.keys() - self._held.keys(), 1):
            self._send(own, SYN, self._calls[own], 0)
            if number % FEW == 0:
                for one in self._station.packets(PAUSE):
                    self._hear(one)

    def end(self) -> None:
        """All at once, so that the device has nothing to wait for."""
        for own, theirs in self._held.items():
            self._send(own, RST | ACK, self._next(own), theirs)
        self._held = {}

    def _hear(self, one: Packet) -> None:
        if (one.source, one.target, one.protocol) != (DEVICE, ADDRESS, TCP) or len(one.body) < HEAD.size:
            return
        port, own, theirs, _, offset, flags, *_ = HEAD.unpack_from(one.body)
        if port != self._port or own not in self._calls:
            return
        after = theirs + len(one.body) - (offset >> 4) * 4 + bool(flags & (SYN | FIN))
        if flags & RST:
            self._renew(own)
        elif flags & FIN:
            self._send(own, RST | ACK, self._next(own), after)
            self._renew(own)
        elif flags & (SYN | ACK) == SYN | ACK:
            self._held[own] = after
            self._send(own, PSH | ACK, self._calls[own] + 1, after, self._words)

    def _renew(self, own: int) -> None:
        """The next call from this port is another one."""
        self._held.pop(own, None)
        self._calls[own] += 1 << 20

    def _next(self, own: int) -> int:
        return self._calls[own] + 1 + len(self._words)

    def _send(self, own: int, flags: int, sequence: int, answered: int, words: bytes = b"") -> None:
        body = segment(own, self._port, flags, sequence, answered, words)
        self._station.send(Packet(ADDRESS, DEVICE, TCP, body))


@contextmanager
def holding(station: Station, port: int, count: int, words: bytes, seconds: float) -> Iterator[Silent]:
    """Meanwhile they are held; within the first `seconds` the device takes what it takes."""
    silent = Silent(station, port, count, words)
    silent.go_on(seconds)
    over = threading.Event()

    def hold() -> None:
        while not over.is_set():
            silent.go_on(0.2)

    held = threading.Thread(target=hold, daemon=True)
    held.start()
    try:
        yield silent
    finally:
        over.set()
        held.join()
        silent.end()


def segment(own: int, port: int, flags: int, sequence: int, answered: int, words: bytes) -> bytes:
    """From the station to the device, without options."""
    numbers = (sequence & 0xFFFFFFFF, answered & 0xFFFFFFFF if flags & ACK else 0)
    without = HEAD.pack(own, port, *numbers, HEAD.size << 2, flags, WINDOW, 0, 0) + words
    pseudo = ADDRESS + DEVICE + struct.pack("!BBH", 0, TCP, len(without))
    return without[:16] + stations.checksum(pseudo + without).to_bytes(2, "big") + without[18:]
