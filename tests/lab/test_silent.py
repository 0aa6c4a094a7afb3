"""Connections that are opened and left silent, and the switch that keeps others from resetting them."""

import select
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from firmward.lab import silent as module
from firmward.lab import station as stations
from firmward.lab.network import Forward, arguments
from firmward.lab.silent import ACK, FIN, PSH, RST, SYN, Silent, holding, segment
from firmward.lab.station import ADDRESS, ARP, DEVICE, EVERYBODY, HARDWARE, IPV4, TCP, Packet, Station
from firmward.lab.switch import Switch, is_for_network

THEIR_HARDWARE = bytes.fromhex("525400123456")
ISN = 5000
WORDS = b"\x16\x03\x01"


@dataclass(frozen=True)
class Segment:
    port: int
    own: int
    sequence: int
    answered: int
    flags: int
    words: bytes


def frame(body: bytes, kind: int = IPV4) -> bytes:
    return HARDWARE + THEIR_HARDWARE + kind.to_bytes(2, "big") + body


def theirs(own: int, flags: int, sequence: int, *, port: int = 443, words: bytes = b"") -> bytes:
    """What the device sends to a port of the station's."""
    body = struct.pack("!HHIIBBHHH", port, own, sequence, 0, 0x50, flags, 100, 0, 0) + words
    return frame(stations.ipv4(Packet(DEVICE, ADDRESS, TCP, body)))


def told() -> bytes:
    return frame(b"\0\1\x08\0\6\4\0\2" + THEIR_HARDWARE + DEVICE + HARDWARE + ADDRESS, ARP)


@pytest.fixture
def station() -> Iterator[Station]:
    """Which knows already where the device is."""
    with closing(Station()) as made:
        made.theirs.send(told())
        assert not list(made.packets(0.05))
        yield made


def heard(wire: socket.socket) -> list[Segment]:
    """What the device hears until now."""
    found = []
    while select.select([wire], [], [], 0.05)[0]:
        one = stations.packet(wire.recv(65536))
        assert one is not None
        assert stations.checksum(ADDRESS + DEVICE + struct.pack("!BBH", 0, TCP, len(one.body)) + one.body) == 0
        own, port, sequence, answered, offset, flags, *_ = struct.unpack("!HHIIBBHHH", one.body[:20])
        found.append(Segment(port, own, sequence, answered, flags, one.body[(offset >> 4) * 4 :]))
    return found


def made(station: Station, count: int = 1) -> tuple[Silent, list[Segment]]:
    """A silent client whose calls the device has taken, and what it heard of them."""
    silent = Silent(station, 443, count, WORDS)
    silent.go_on(0.01)
    calls = heard(station.theirs)
    for call in calls:
        station.theirs.send(theirs(call.own, SYN | ACK, ISN))
    silent.go_on(0.05)
    return silent, calls


def test_a_connection_is_made_and_its_first_words_are_said(station: Station) -> None:
    silent, (call,) = made(station)
    assert (call.port, call.flags, call.words) == (443, SYN, b"")
    (answer,) = heard(station.theirs)
    assert answer == Segment(443, call.own, call.sequence + 1, ISN + 1, PSH | ACK, WORDS)
    assert silent.held == 1


def test_who_is_not_answered_is_not_held_and_calls_again(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.1)
    silent = Silent(station, 443, 2, WORDS)
    silent.go_on(0.15)
    calls = heard(station.theirs)
    assert silent.held == 0
    assert len(calls) == 4
    assert len({call.own for call in calls}) == 2


def test_each_connection_has_a_port_of_its_own(station: Station) -> None:
    silent, calls = made(station, 8)
    assert len({call.own for call in calls}) == 8
    assert silent.held == 8


@pytest.mark.parametrize(
    "sent",
    [
        lambda own: theirs(own, SYN | ACK, ISN, port=444),
        lambda own: theirs(own + 500, SYN | ACK, ISN),
        lambda own: theirs(own, ACK, ISN),
        lambda own: theirs(own, SYN | ACK, ISN)[:40],
    ],
    ids=["from another port", "to another port", "no answer to a call", "cut off"],
)
def test_what_is_no_answer_holds_nothing(station: Station, sent: object) -> None:
    assert callable(sent)
    silent = Silent(station, 443, 1, WORDS)
    silent.go_on(0.01)
    (call,) = heard(station.theirs)
    station.theirs.send(sent(call.own))
    silent.go_on(0.05)
    assert silent.held == 0


@pytest.mark.parametrize("flags", [FIN | ACK, RST], ids=["closed", "reset"])
def test_what_the_device_ends_is_not_held_and_opened_anew(
    station: Station, flags: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent, (call,) = made(station)
    heard(station.theirs)
    station.theirs.send(theirs(call.own, flags, ISN + 1))
    silent.go_on(0.05)
    assert silent.held == 0
    monkeypatch.setattr(module, "AGAIN", 0.0)
    silent.go_on(0.01)
    again = [one for one in heard(station.theirs) if one.flags == SYN]
    assert again
    assert again[0].sequence != call.sequence


def test_all_end_at_once(station: Station) -> None:
    silent, calls = made(station, 3)
    heard(station.theirs)
    silent.end()
    ended = heard(station.theirs)
    assert [one.flags for one in ended] == [RST | ACK] * 3
    assert {one.own: one.sequence for one in ended} == {one.own: one.sequence + 1 + len(WORDS) for one in calls}
    assert silent.held == 0


def test_they_are_held_meanwhile_and_no_longer(station: Station) -> None:
    with holding(station, 443, 1, WORDS, 0.05) as silent:
        (call,) = heard(station.theirs)
        station.theirs.send(theirs(call.own, SYN | ACK, ISN))
        assert heard(station.theirs)[-1].words == WORDS
        assert silent.held == 1
    assert heard(station.theirs)[-1].flags == RST | ACK


def test_an_odd_segment_has_a_right_checksum() -> None:
    body = segment(40000, 443, PSH | ACK, 1, 2, b"abc")
    assert stations.checksum(ADDRESS + DEVICE + struct.pack("!BBH", 0, TCP, len(body)) + body) == 0


# ---------------------------------------------------------------------- the switch


@pytest.fixture
def ends() -> Iterator[tuple[Switch, socket.socket, socket.socket]]:
    """A switch, and the ends that QEMU would have: the device's and its own network's."""
    switch = Switch()
    found = [socket.fromfd(one, socket.AF_UNIX, socket.SOCK_DGRAM) for one in switch.descriptors]
    yield switch, found[0], found[1]
    switch.close()
    for one in found:
        one.close()


def got(wire: socket.socket) -> list[bytes]:
    found = []
    while select.select([wire], [], [], 0.1)[0]:
        found.append(wire.recv(65536))
    return found


def test_what_the_device_sends_to_the_station_reaches_nobody_else(
    ends: tuple[Switch, socket.socket, socket.socket],
) -> None:
    switch, device, network = ends
    device.send(theirs(40000, SYN | ACK, ISN))
    assert [one.protocol for one in switch.station.packets(0.2)] == [TCP]
    assert got(network) == []


def test_what_the_device_sends_to_others_does_not_reach_the_station(
    ends: tuple[Switch, socket.socket, socket.socket],
) -> None:
    switch, device, network = ends
    sent = frame(stations.ipv4(Packet(DEVICE, bytes((10, 0, 2, 2)), TCP, bytes(20))))
    device.send(sent)
    assert got(network) == [sent]
    assert list(switch.station.packets(0.1)) == []


def test_everybody_is_asked_where_somebody_is(ends: tuple[Switch, socket.socket, socket.socket]) -> None:
    switch, device, network = ends
    asked = b"\0\1\x08\0\6\4\0\1" + THEIR_HARDWARE + DEVICE + bytes(6) + ADDRESS
    sent = EVERYBODY + THEIR_HARDWARE + ARP.to_bytes(2, "big") + asked
    device.send(sent)
    assert got(network) == [sent]
    assert not list(switch.station.packets(0.1))
    assert [one[12:14] for one in got(device)] == [ARP.to_bytes(2, "big")]


def test_both_reach_the_device(ends: tuple[Switch, socket.socket, socket.socket]) -> None:
    switch, device, network = ends
    network.send(b"from the network" * 2)
    assert got(device) == [b"from the network" * 2]
    device.send(told())
    assert not list(switch.station.packets(0.1))
    got(network)
    switch.station.tell(161, b"abc")
    (sent,) = got(device)
    assert sent[:12] == THEIR_HARDWARE + HARDWARE


@pytest.mark.parametrize("cut", [b"", b"\0", bytes(14), bytes(33)])
def test_a_frame_that_is_cut_off_is_the_networks(cut: bytes) -> None:
    assert is_for_network(cut)


def test_the_device_and_the_network_of_this_machine_meet_at_the_switch_alone() -> None:
    words = arguments("virtio-net-device", (Forward(443, 50443),), station=(7, 8))
    assert words[1] == "user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:50443-:443"
    assert "socket,id=outside,fd=8" in words
    assert "socket,id=device,fd=7" in words
    assert words[-1] == "virtio-net-device,netdev=device"
    joined = [word for word in words if word.startswith("hubport")]
    assert [word.rpartition("=")[2] for word in joined] == ["network", "outside"]
