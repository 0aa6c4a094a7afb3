"""Payloads within their hours, their quota and their rate; metadata always."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_files import Files

from firmward.model.allowance import Window, window
from firmward.model.errors import DeviceError
from firmward.trust.place import Steps
from firmward.trust.store import Store
from firmward.update.paced import BURST, Hours, Pace, Paced
from firmward.update.spent import STEP, Meter, kept

MONTH = 2026 * 12 + 10
PIECE = 65536
CONTENT = bytes(range(256)) * 16384
"""4 MiB."""


@dataclass
class Line:
    """A place, and what was asked of it."""

    asked: list[tuple[int, int]] = field(default_factory=list)

    def read(self, path: Steps, limit: int) -> bytes | None:
        return b"metadata"

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        self.asked.append((offset, limit))
        for at in range(offset, min(offset + limit, len(CONTENT)), PIECE):
            yield CONTENT[at : min(at + PIECE, offset + limit)]


@dataclass
class Clock:
    """Time that passes when somebody sleeps."""

    seconds: float = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds


def came(place: Paced, offset: int = 0) -> tuple[bytes, str]:
    """The bytes, and why there were no more."""
    content = bytearray()
    try:
        for piece in place.stream(("blob",), offset, len(CONTENT) - offset):
            content += piece
    except DeviceError as error:
        return bytes(content), str(error)
    return bytes(content), ""


def metered(quota: int) -> tuple[Store, Meter]:
    store = Store(Path(), Files())
    return store, Meter(store, quota, MONTH)


def test_where_nothing_is_limited_everything_comes() -> None:
    assert came(Paced(Line()), 5) == (CONTENT[5:], "")


def test_the_quota_ends_a_payload_at_its_byte_and_metadata_goes_on() -> None:
    store, meter = metered(STEP + 1234)
    place = Paced(Line(), meter=meter)
    content, reason = came(place)
    assert content == CONTENT[: STEP + 1234]
    assert "is used up" in reason
    assert place.read(("timestamp.json",), 100) == b"metadata"
    meter.close()
    assert getattr(kept(store), "amount", 0) == STEP + 1234


def test_nobody_is_asked_where_nothing_may_come() -> None:
    line = Line()
    _, meter = metered(1)
    assert came(Paced(line, meter=meter))[0] == CONTENT[:1]
    for shut in (Paced(line, meter=meter), Paced(line, hours=Hours(window("02:00-04:00"), lambda: 12 * 60))):
        assert came(shut)[0] == b""
    assert len(line.asked) == 1


def test_a_payload_goes_on_where_the_quota_ended_it() -> None:
    _, meter = metered(3 * STEP)
    store, later = metered(3 * STEP)
    first, _ = came(Paced(Line(), meter=meter))
    rest, reason = came(Paced(Line(), meter=later), len(first))
    assert (first + rest, reason) == (CONTENT, "")
    later.close()
    assert getattr(kept(store), "amount", 0) == len(rest)


def test_the_window_ends_a_payload_when_it_closes() -> None:
    clock = Clock()
    hours = Hours(window("23:30-00:10"), lambda: (23 * 60 + 30 + int(clock.seconds // 60)) % 1440)
    content, reason = came(Paced(Line(), hours=hours, pace=Pace(1000, clock.now, clock.sleep)))
    assert "outside of the window 23:30-00:10" in reason
    assert 40 * 60 * 1000 - PIECE <= len(content) <= 40 * 60 * 1000 + 2 * PIECE
    assert content == CONTENT[: len(content)]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1000, 10**7),
    st.lists(st.tuples(st.integers(1, PIECE), st.floats(0, 30)), min_size=1, max_size=40),
)
def test_between_any_two_moments_no_more_comes_than_the_rate_and_a_burst(
    rate: int, steps: list[tuple[int, float]]
) -> None:
    clock, told = Clock(), []
    pace = Pace(rate, clock.now, clock.sleep)
    for count, rest in steps:
        clock.seconds += rest
        pace.wait(count)
        told.append((clock.seconds, count))
    for first in range(len(told)):
        for last in range(first, len(told)):
            total = sum(count for _, count in told[first + 1 : last + 1])
            assert total <= rate * (told[last][0] - told[first][0] + BURST) + 1


def test_a_rate_is_reached_and_not_only_kept() -> None:
    clock = Clock()
    content, _ = came(Paced(Line(), pace=Pace(10**6, clock.now, clock.sleep)))
    assert content == CONTENT
    assert clock.seconds == pytest.approx(len(CONTENT) / 10**6, rel=0.01)


def test_no_window_is_open_at_its_end() -> None:
    assert not Hours(Window(0, 60), lambda: 60).is_open
    assert Hours(Window(0, 60), lambda: 59).is_open
