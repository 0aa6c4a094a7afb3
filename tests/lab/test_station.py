"""Another machine on the device's network: what it sends is well formed, and what it hears may be anything."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.lab import station as stations
from firmward.lab.network import Forward, arguments
from firmward.lab.station import ADDRESS, ARP, DEVICE, EVERYBODY, HARDWARE, TCP, UDP, Datagram, Packet, Station

THEIR_HARDWARE = bytes.fromhex("525400123456")


@pytest.fixture
def station() -> Iterator[Station]:
    with closing(Station()) as made:
        yield made


def frame(body: bytes, kind: int = stations.IPV4) -> bytes:
    return HARDWARE + THEIR_HARDWARE + kind.to_bytes(2, "big") + body


def udp(source_port: int, port: int, data: bytes, *, source: bytes = DEVICE, target: bytes = ADDRESS) -> bytes:
    head = b"".join(number.to_bytes(2, "big") for number in (source_port, port, 8 + len(data), 0))
    return stations.ipv4(Packet(source, target, UDP, head + data))


class FakeDevice(threading.Thread):
    """Answers for its address by ARP, and each datagram with the same bytes turned round."""

    def __init__(self, station: Station, *, passes_over: int = 0) -> None:
        super().__init__(daemon=True)
        self.wire, self.passes_over = station.theirs, passes_over
        self.wire.settimeout(5)
        self.heard: list[bytes] = []

    def run(self) -> None:
        while True:
            try:
                got = self.wire.recv(65536)
            except OSError:
                return
            self.heard.append(got)
            if got[12:14] == ARP.to_bytes(2, "big"):
                told = b"\0\1\x08\0\6\4\0\2" + THEIR_HARDWARE + DEVICE + HARDWARE + ADDRESS
                self.wire.send(frame(told, ARP))
            elif (found := stations.packet(got)) is not None and (asked := stations.datagram(found)) is not None:
                if self.passes_over:
                    self.passes_over -= 1
                else:
                    self.wire.send(frame(udp(asked.port, asked.source_port, asked.data[::-1])))


def test_a_datagram_is_answered(station: Station) -> None:
    device = FakeDevice(station)
    device.start()
    assert station.ask(161, b"abc", 3) == Datagram(161, stations.FIRST_PORT + 1, b"cba")
    assert device.heard[0][:6] == EVERYBODY
    assert device.heard[1][:6] == THEIR_HARDWARE


def test_a_datagram_that_was_lost_is_sent_again(station: Station) -> None:
    FakeDevice(station, passes_over=1).start()
    assert station.ask(161, b"abc", 5) is not None


def test_who_does_not_answer_is_waited_for_as_long_as_was_said(station: Station) -> None:
    begun = time.monotonic()
    assert station.ask(161, b"abc", 0.3) is None
    assert time.monotonic() - begun < 3


def find(station: Station) -> None:
    """Tell the station where the device is, so that it has not to ask."""
    told = b"\0\1\x08\0\6\4\0\2" + THEIR_HARDWARE + DEVICE + HARDWARE + ADDRESS
    station.theirs.send(frame(told, ARP))
    assert not list(station.packets(0.1))


def test_what_another_sends_is_no_answer(station: Station) -> None:
    find(station)
    for source, target, port in (
        (bytes((10, 0, 2, 2)), ADDRESS, stations.FIRST_PORT + 1),
        (DEVICE, bytes((10, 0, 2, 2)), stations.FIRST_PORT + 1),
        (DEVICE, ADDRESS, stations.FIRST_PORT),
    ):
        station.theirs.send(frame(udp(161, port, b"late", source=source, target=target)))
    assert station.ask(161, b"abc", 0.2) is None


def test_it_says_where_it_is_to_who_asks_for_it_alone(station: Station) -> None:
    for address in (ADDRESS, bytes((10, 0, 2, 2))):
        asked = b"\0\1\x08\0\6\4\0\1" + THEIR_HARDWARE + DEVICE + bytes(6) + address
        station.theirs.send(EVERYBODY + THEIR_HARDWARE + ARP.to_bytes(2, "big") + asked)
    assert not list(station.packets(0.1))
    station.theirs.setblocking(False)
    told = station.theirs.recv(65536)
    assert told[:12] == THEIR_HARDWARE + HARDWARE
    assert told[20:42] == b"\0\2" + HARDWARE + ADDRESS + THEIR_HARDWARE + DEVICE
    with pytest.raises(BlockingIOError):
        station.theirs.recv(65536)


def test_a_wire_that_nobody_reads_does_not_stop_it(station: Station) -> None:
    find(station)
    for _ in range(2000):
        station.tell(9530, bytes(1000))


@given(st.binary(max_size=100))
def test_any_frame_is_borne(data: bytes) -> None:
    with closing(Station()) as station:
        station.theirs.send(data or b"\0")
        for one in station.packets(0):
            stations.datagram(one)
            stations.said(one)
            stations.calls(one, 80)


@given(st.binary(max_size=60), st.integers(0, 255))
def test_a_packet_is_read_as_it_was_written(body: bytes, protocol: int) -> None:
    one = Packet(DEVICE, ADDRESS, protocol, body)
    whole = stations.ipv4(one)
    assert stations.packet(frame(whole) + b"padding") == one
    assert stations.checksum(whole[:20]) == 0
    assert all(stations.packet(frame(whole)[:size]) is None for size in range(14 + len(whole)))


@given(st.binary(max_size=40))
def test_a_datagram_is_never_longer_than_its_packet(body: bytes) -> None:
    found = stations.datagram(Packet(DEVICE, ADDRESS, UDP, body))
    assert found is None or len(found.data) <= len(body) - 8


def tcp(flags: int, port: int = 8080, data: bytes = b"") -> bytes:
    return (50000).to_bytes(2, "big") + port.to_bytes(2, "big") + bytes(8) + bytes((0x50, flags)) + bytes(6) + data


@pytest.mark.parametrize(
    ("one", "is_call"),
    [
        (Packet(DEVICE, ADDRESS, TCP, tcp(2)), True),
        (Packet(DEVICE, ADDRESS, TCP, tcp(2, port=80)), False),
        (Packet(DEVICE, ADDRESS, TCP, tcp(0x12)), False),
        (Packet(DEVICE, bytes((10, 0, 2, 2)), TCP, tcp(2)), False),
        (Packet(bytes((10, 0, 2, 2)), ADDRESS, TCP, tcp(2)), False),
        (Packet(DEVICE, ADDRESS, UDP, tcp(2)), False),
        (Packet(DEVICE, ADDRESS, TCP, tcp(2)[:19]), False),
    ],
)
def test_a_call_is_the_devices_own_and_to_the_port_in_question(one: Packet, is_call: bool) -> None:
    assert stations.calls(one, 8080) is is_call


def test_what_a_connection_says_is_told() -> None:
    assert stations.said(Packet(DEVICE, ADDRESS, TCP, tcp(0x18, data=b"words"))) == b"words"
    assert stations.said(Packet(DEVICE, ADDRESS, UDP, tcp(0x18, data=b"words"))) == b""


def test_the_station_is_at_a_hub_with_the_device_and_the_way_to_this_machine() -> None:
    words = arguments("virtio-net-device", (Forward(443, 50443),), station=(7,))
    assert words[1] == "user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:50443-:443"
    assert "socket,id=station,fd=7" in words
    assert words[-1] == "virtio-net-device,netdev=device"
    assert {word.split(",")[2] for word in words if word.startswith("hubport")} == {"hubid=0"}
    alone = ("-netdev", "socket,id=network,fd=7", "-device", "virtio-net-device,netdev=network")
    assert arguments("virtio-net-device", (), station=(7,)) == alone
    assert arguments(None, (), station=(7,)) == ("-nic", "none")
