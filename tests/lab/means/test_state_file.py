"""What an attacker writes into a file of counters."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats import boot_state
from firmward.formats.boot_state import SECTOR
from firmward.lab.challenge import LEAST, MOST, Challenge
from firmward.lab.means.state_file import ENDS, GOOD, beyond, command, requests, sector, states

FACTORS = st.integers(LEAST, MOST - 1)
CHALLENGES = st.builds(Challenge, FACTORS, FACTORS)
ONE = Challenge(LEAST, MOST - 1)


@given(CHALLENGES)
def test_checksums_hold_so_that_nothing_but_the_values_is_wrong(asked: Challenge) -> None:
    for data in states(asked):
        assert len(data) == SECTOR
        assert zlib.crc32(data[4:]) == int.from_bytes(data[:4], "little")


@given(CHALLENGES)
def test_no_value_has_the_answer_in_it(asked: Challenge) -> None:
    for data in (*states(asked), *requests(asked)):
        assert not asked.is_answered(data.decode("latin-1"))


def test_each_value_is_attacked_once_beside_others_that_are_taken() -> None:
    attacked = [data for data in states(ONE) if command(ONE).encode() in data][: len(GOOD)]
    for name, data in zip(GOOD, attacked, strict=True):
        others = [f"{other}={value}\0".encode() for other, value in GOOD.items() if other != name]
        assert all(other in data for other in others)
        assert f"{name}={GOOD[name]}\0".encode() not in data


def test_a_state_of_good_values_is_taken_and_none_that_is_attacked() -> None:
    assert boot_state.parse_copy(sector(GOOD)) is not None
    *attacked, named = states(ONE)
    for name, data in zip(GOOD, attacked, strict=True):
        found = boot_state.parse_copy(data)
        assert found is None if name != "last" else found is not None and found.last == ""
    assert boot_state.parse_copy(named) is not None


def test_every_way_out_of_a_value_is_in_a_request_and_asks_for_slot_a_at_the_most() -> None:
    made = b"".join(requests(ONE))
    for end in ENDS:
        assert end.format(good="a", do=command(ONE)).encode("latin-1") in made
    for data in requests(ONE):
        assert len(data) == SECTOR
        found = boot_state.parse_request(data)
        assert {found.good, found.active} <= {None, "a"}


def test_two_copies_and_a_request_are_there_for_each_start() -> None:
    assert len(list(states(ONE))) == 2 * len(list(requests(ONE)))


def test_variables_beyond_the_counters_have_the_command() -> None:
    last = list(states(ONE))[-1]
    assert all(f"{name}=".encode() in last for name in beyond(ONE))


def test_what_does_not_fit_is_no_sector() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        sector({"active": "a" * SECTOR})
