"""What QEMU tells of its machine."""

import json
import socket
from collections.abc import Iterator
from typing import cast

import pytest

from firmward.lab.monitor import ANSWERED, MESSAGE_LIMIT, RESET, SHUTDOWN, Monitor


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    found = Monitor()
    yield found
    found.close()


def send(line: socket.socket, *messages: object) -> None:
    line.sendall(b"".join(json.dumps(message).encode() + b"\r\n" for message in messages))


def test_a_greeting_is_answered_so_that_events_come(monitor: Monitor) -> None:
    send(monitor.theirs, {"QMP": {"version": {}}})
    assert list(monitor.events()) == [ANSWERED]
    assert json.loads(monitor.theirs.recv(100)) == {"execute": "qmp_capabilities"}


def test_events_are_told_by_name_and_answers_are_not(monitor: Monitor) -> None:
    send(monitor.theirs, {"return": {}}, {"event": "RESET", "data": {"guest": True}}, {"event": 5}, ["event"], "text")
    assert list(monitor.events()) == [RESET]


def test_an_answer_that_holds_something_is_kept(monitor: Monitor) -> None:
    assert monitor.answered is None
    send(monitor.theirs, {"return": {}}, {"return": [{"device": "card"}]}, {"return": {}}, {"return": ""})
    assert list(monitor.events()) == []
    assert monitor.answered == [{"device": "card"}]


def test_a_message_in_two_pieces_is_one(monitor: Monitor) -> None:
    monitor.theirs.sendall(b'{"event": "RE')
    assert list(monitor.events()) == []
    monitor.theirs.sendall(b'SET"}\n')
    assert list(monitor.events()) == [RESET]


@pytest.mark.parametrize("noise", [b"{]\n", b"\xff\xfe\n", b"[" * 20000 + b"\n"])
def test_what_is_no_message_is_passed_over(monitor: Monitor, noise: bytes) -> None:
    monitor.theirs.sendall(noise + b'{"event": "RESET"}\n')
    assert list(monitor.events()) == [RESET]


def test_a_message_without_end_closes_it(monitor: Monitor) -> None:
    for _ in range(3):
        monitor.theirs.sendall(b"x" * (MESSAGE_LIMIT // 2))
        assert list(monitor.events()) == []
    assert not monitor.is_open


def test_it_is_closed_when_qemu_ends(monitor: Monitor) -> None:
    monitor.theirs.close()
    assert list(monitor.events()) == []
    assert not monitor.is_open


class LastWords:
    """A line on which QEMU says a last thing and ends, just before it is answered."""

    def __init__(self, monitor: Monitor) -> None:
        self._line, self._theirs = monitor.line, monitor.theirs

    def recv(self, size: int) -> bytes:
        return self._line.recv(size)

    def send(self, data: bytes) -> int:
        send(self._theirs, {"event": SHUTDOWN})
        self._theirs.close()
        return self._line.send(data)

    def close(self) -> None:
        self._line.close()


def test_what_qemu_said_before_it_ended_is_heard_though_it_cannot_be_answered(monitor: Monitor) -> None:
    send(monitor.theirs, {"QMP": {}})
    monitor.line = cast("socket.socket", LastWords(monitor))
    assert [*monitor.events(), *monitor.events()] == [ANSWERED, SHUTDOWN]
    assert not monitor.is_open
