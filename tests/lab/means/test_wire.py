"""What the device sent is read from the wire, and nothing that others sent to it."""

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.lab.means.wire import HEADER, MAGIC, RECORD, fastest, packets

OWN, OTHER = bytes.fromhex("525400123456"), bytes.fromhex("52550a000202")
SYN, SYN_ACK, ACK = 0x02, 0x12, 0x10


def capture(*frames: tuple[float, bytes]) -> bytes:
    head = HEADER.pack(MAGIC, 2, 4, 0, 0, 65536, 1)
    records = (RECORD.pack(int(at), round(at % 1 * 1e6), len(frame), len(frame)) + frame for at, frame in frames)
    return head + b"".join(records)


def ipv4(protocol: int, data: bytes, source: str = "10.0.2.15", options: bytes = b"") -> bytes:
    length = 5 + len(options) // 4
    header = struct.pack(">BBHHHBBH4s4s", 0x40 | length, 0, length * 4 + len(data), 0, 0, 64, protocol, 0,
                         IPv4Address(source).packed, IPv4Address("10.0.2.2").packed)  # fmt: skip
    return header + options + data


def frame(packet: bytes, card: bytes = OWN, kind: bytes = b"\x08\x00") -> bytes:
    return b"\xff" * 6 + card + kind + packet


def udp(port: int, data: bytes = b"") -> bytes:
    return struct.pack(">HHHH", 40000, port, 8 + len(data), 0) + data


def tcp(port: int, flags: int) -> bytes:
    return struct.pack(">HHIIBBHHH", 40000, port, 0, 0, 0x50, flags, 0, 0, 0)


def test_a_packet_of_the_device_is_read() -> None:
    (sent,) = packets(capture((2.25, frame(ipv4(17, udp(48101, b"words"))))))
    assert (sent.at, sent.protocol, sent.port, sent.opens) == (2.25, 17, 48101, True)
    assert (sent.source, sent.target) == (IPv4Address("10.0.2.15"), IPv4Address("10.0.2.2"))
    assert sent.data.endswith(b"words")


def test_options_of_its_header_are_passed_over() -> None:
    (sent,) = packets(capture((0, frame(ipv4(17, udp(53), options=b"\1\1\1\0")))))
    assert sent.port == 53


@pytest.mark.parametrize(("flags", "opens"), [(SYN, True), (SYN_ACK, False), (ACK, False)])
def test_what_answers_a_caller_opens_nothing(flags: int, opens: bool) -> None:
    (sent,) = packets(capture((0, frame(ipv4(6, tcp(443, flags))))))
    assert sent.opens is opens


def test_a_ping_has_no_port() -> None:
    (sent,) = packets(capture((0, frame(ipv4(1, b"\x08\x00\xaa\xbb\xcc\xdd")))))
    assert sent.port is None


@pytest.mark.parametrize(
    "other",
    [
        frame(ipv4(17, udp(53)), card=OTHER),
        frame(ipv4(17, udp(53)), kind=b"\x08\x06"),
        frame(b"\x60" + ipv4(17, udp(53))[1:]),
        frame(ipv4(17, udp(53))[:19]),
        b"",
    ],
    ids=["to the device", "ARP", "version 6", "cut off", "empty"],
)
def test_anything_else_is_passed_over_and_what_follows_is_read(other: bytes) -> None:
    (sent,) = packets(capture((0, other), (1, frame(ipv4(17, udp(67))))))
    assert sent.port == 67


@given(st.binary(max_size=400), st.integers(0, 200))
def test_no_bytes_make_it_fail(noise: bytes, cut: int) -> None:
    whole = capture((0, frame(noise)), (1, frame(ipv4(6, tcp(1, SYN)))))
    list(packets(noise))
    list(packets(whole[:cut] + noise))


def test_what_is_no_capture_holds_nothing() -> None:
    assert list(packets(b"\0" + capture((0, frame(ipv4(17, udp(53)))))[1:])) == []


@given(st.lists(st.integers(0, 5000), max_size=40))
def test_the_fastest_second_has_as_many_as_counting_finds(moments: list[int]) -> None:
    sent = [one for at in moments for one in packets(capture((at / 1000, frame(ipv4(17, udp(9))))))]
    most = max((sum(first <= other <= first + 1000 for other in moments) for first in moments), default=0)
    assert fastest(sent, 1.0000001) == most
