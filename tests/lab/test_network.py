"""The way to a device: what was asked for, from this machine alone."""

import socket

from firmward.lab.network import Forward, Protocol, arguments, forwards

CARD = "virtio-net-device"


def test_without_a_forward_there_is_no_network_card() -> None:
    assert arguments(CARD, ()) == ("-nic", "none")


def test_a_board_without_a_card_has_no_network() -> None:
    assert arguments(None, (Forward(443, 50443),)) == ("-nic", "none")


def test_a_device_is_reached_on_loopback_and_reaches_nothing() -> None:
    words = arguments(CARD, (Forward(443, 50443), Forward(53, 50053, Protocol.UDP)))
    assert words == (
        "-netdev",
        "user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:50443-:443,hostfwd=udp:127.0.0.1:50053-:53",
        "-device",
        "virtio-net-device,netdev=network",
    )


def test_each_port_gets_one_that_is_free_here() -> None:
    found = forwards((22, 443))
    assert [one.port for one in found] == [22, 443]
    assert len({one.here for one in found}) == 2
    for one in found:
        with socket.socket() as asked:
            asked.bind(one.address)
