"""A station at a switch, where each sees what is for him and no more.

At a hub QEMU's own network hears what the device sends to the station too. Datagrams do not trouble it, but it resets a
connection that it knows nothing of, in the station's name (tcp_input of libslirp). So who opens connections stands
here: what the device sends to him goes to him alone.
"""

import select
import socket
import threading

from firmward.lab.station import ADDRESS, ARP, IPV4, LARGEST, Station

LOOK = 0.1
"""Seconds between two looks whether it is to end."""


class Switch:
    """`descriptors` are QEMU's: the device's end, and that of its own network. `station` is plugged in."""

    def __init__(self) -> None:
        self.station = Station()
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
        (self._device, self._devices), (self._network, self._networks) = pairs
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def descriptors(self) -> tuple[int, ...]:
        return self._devices.fileno(), self._networks.fileno()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.station.close()
        for one in (self._device, self._devices, self._network, self._networks):
            one.close()

    def _run(self) -> None:
        own = self.station.theirs
        while not self._over.is_set():
            for ready in select.select([own, self._device, self._network], [], [], LOOK)[0]:
                frame = ready.recv(LARGEST)
                if ready is not self._device:
                    _pass(frame, self._device)
                    continue
                if not is_for_network(frame):
                    _pass(frame, own)
                    continue
                _pass(frame, self._network)
                if frame[12:14] == ARP.to_bytes(2, "big"):
                    _pass(frame, own)


def is_for_network(frame: bytes) -> bool:
    """Whether a frame of the device's concerns others than the station."""
    return frame[12:14] != IPV4.to_bytes(2, "big") or frame[30:34] != ADDRESS


def _pass(frame: bytes, to: socket.socket) -> None:
    """What is not taken in time is lost, as on any wire."""
    if select.select([], [to], [], LOOK)[1]:
        try:
            to.send(frame, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):
            return
