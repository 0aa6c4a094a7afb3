"""MQTT 3.1.1: the bytes of its specification."""

import pytest

from firmward.lab.means import mqtt


def test_packets_are_those_of_the_specification() -> None:
    assert mqtt.connect("a") == bytes.fromhex("100d 0004 4d515454 04 02 003c 0001 61")
    assert mqtt.subscribe("#") == bytes.fromhex("8206 0001 0001 23 00")
    assert mqtt.publish("a/b", b"hi") == bytes.fromhex("3007 0003 612f62 6869")


@pytest.mark.parametrize(
    ("said", "is_let_in"),
    [("20020000", True), ("20020100", True), ("20020005", False), ("20020004", False), ("", False), ("2002", False)],
)
def test_only_a_connack_of_zero_lets_in(said: str, is_let_in: bool) -> None:
    assert mqtt.is_let_in(bytes.fromhex(said)) is is_let_in


def test_what_has_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        mqtt.publish("a", bytes(126))
