"""What time it is where nobody knows it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from played_repository import NOW, Played

from firmward.trust.clock import BUILT, FLOOR, WALL, Signed, TimeFloor, judged, keys_of, signed_in
from firmward.trust.metadata import Root
from firmward.trust.store import Store

SECONDS = int(NOW.timestamp())
BUILT_AT = SECONDS - 1000
IN_2100 = 4_102_444_800
ROOT: Root = Played().refreshed().root
KEYS = keys_of(ROOT)


@pytest.mark.parametrize(
    ("wall", "floor", "now", "source"),
    [
        (SECONDS, SECONDS - 10, SECONDS, WALL),
        (0, None, BUILT_AT, BUILT),
        (0, SECONDS, SECONDS, FLOOR),
        (SECONDS - 1, SECONDS, SECONDS, FLOOR),
        (SECONDS, SECONDS, SECONDS, WALL),
        (IN_2100, SECONDS, IN_2100, WALL),
        (0, BUILT_AT - 5, BUILT_AT, BUILT),
    ],
)
def test_the_latest_that_is_known_counts(wall: int, floor: int | None, now: int, source: str) -> None:
    clock = judged(wall, BUILT_AT, None if floor is None else Signed(floor, KEYS), ROOT)
    assert (clock.now, clock.source, clock.wall) == (now, source, wall)


def test_a_floor_of_keys_that_were_replaced_counts_for_nothing() -> None:
    assert judged(0, BUILT_AT, Signed(IN_2100, "0" * 64), ROOT).now == BUILT_AT


@given(st.lists(st.integers(0, IN_2100), max_size=8))
def test_a_clock_that_goes_back_and_forth_is_never_before_the_floor(walls: list[int]) -> None:
    assert all(judged(wall, BUILT_AT, Signed(SECONDS, KEYS), ROOT).now >= SECONDS for wall in walls)


def stamped(moment: str | None) -> Signed | None:
    played = Played()
    if moment is not None:
        played.timestamp.unrecognized_fields["x-firmward-signed"] = moment
        played.publish("timestamp")
    return signed_in(played.refreshed())


def test_accepted_metadata_says_when_it_was_signed() -> None:
    found = stamped("2026-11-21T00:00:00Z")
    assert found is not None
    assert found.at == int((NOW - timedelta(days=1)).timestamp())


def test_metadata_without_a_time_says_nothing() -> None:
    assert stamped(None) is None


def test_whoever_stole_the_key_of_the_timestamp_moves_no_floor_beyond_what_was_signed_offline() -> None:
    found = stamped("2100-01-01T00:00:00Z")
    assert found is not None
    assert found.at == int((NOW + timedelta(days=365)).timestamp())


def test_the_floor_goes_up_and_never_down(tmp_path: Path) -> None:
    floor = TimeFloor(Store(tmp_path))
    for moment in (5, 9, 7):
        floor.advance(Signed(moment, KEYS))
    floor.advance(None)
    assert floor.read() == Signed(9, KEYS)


def test_other_keys_begin_anew(tmp_path: Path) -> None:
    floor = TimeFloor(Store(tmp_path))
    floor.advance(Signed(IN_2100, KEYS))
    floor.advance(Signed(SECONDS, "0" * 64))
    assert floor.read() == Signed(SECONDS, "0" * 64)


@pytest.mark.parametrize("damage", [b"", b"\xff" * 40, b"{}", b'{"at":4102444800}', None])
def test_a_floor_that_is_damaged_is_none_and_is_written_anew(tmp_path: Path, damage: bytes | None) -> None:
    floor, path = TimeFloor(Store(tmp_path)), tmp_path / "time-floor.json"
    floor.advance(Signed(SECONDS, KEYS))
    turned = path.read_bytes().replace(str(SECONDS).encode(), str(SECONDS | 1 << 33).encode())
    path.write_bytes(turned if damage is None else damage)
    assert floor.read() is None
    floor.advance(Signed(SECONDS, KEYS))
    assert floor.read() == Signed(SECONDS, KEYS)


def test_a_key_under_another_name_is_the_same_key() -> None:
    timestamp = ROOT.roles["timestamp"]
    renamed = replace(timestamp, keys=tuple(replace(key, id="other") for key in timestamp.keys))
    assert keys_of(replace(ROOT, roles={**ROOT.roles, "timestamp": renamed})) == KEYS
