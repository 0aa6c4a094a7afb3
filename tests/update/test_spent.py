"""The month's quota: nobody gets more of it by cutting the power or turning the clock, and nobody is left without."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_files import Files

from firmward.model.errors import DeviceError
from firmward.trust.store import Store
from firmward.update import spent
from firmward.update.spent import STEP, Meter, Spent, in_month, kept, month_of

QUOTA = 10 * STEP
MONTH = 2026 * 12 + 10


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def store(files: Files) -> Store:
    return Store(Path(), files)


def used(store: Store, month: int = MONTH, quota: int = QUOTA, most: int = STEP) -> int:
    """All that a meter gives, in pieces."""
    meter, total = Meter(store, quota, month), 0
    try:
        while True:
            total += meter.take(most)
    except DeviceError:
        meter.close()
        return total


def test_a_month_has_its_quota_once(store: Store) -> None:
    assert used(store) == QUOTA
    assert used(store) == 0
    assert used(store, MONTH + 1) == QUOTA
    assert kept(store) == Spent(MONTH + 1, QUOTA)


def test_what_is_used_up_is_told_with_month_and_amount(store: Store) -> None:
    used(store)
    with pytest.raises(DeviceError, match=f"the quota for 2026-11, {QUOTA} bytes, is used up"):
        Meter(store, QUOTA, MONTH).check()


@pytest.mark.parametrize("quota", [1, 65535, STEP - 1, STEP, STEP + 1, 3 * STEP + 7])
def test_the_last_byte_of_a_quota_is_given_and_none_beyond(store: Store, quota: int) -> None:
    assert used(store, quota=quota, most=65536) == quota


def test_what_was_not_used_is_given_back(store: Store) -> None:
    meter = Meter(store, QUOTA, MONTH)
    assert meter.take(1000) == 1000
    meter.close()
    assert kept(store) == Spent(MONTH, 1000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3 * STEP), st.booleans()), max_size=20))
def test_power_cuts_never_give_anything_away_and_cost_a_step_each_at_most(turns: list[tuple[int, bool]]) -> None:
    """A cut is a meter that nobody closes."""
    store, total, cuts = Store(Path(), Files()), 0, 0
    for wanted, is_cut in turns:
        meter = Meter(store, QUOTA, MONTH)
        came = 0
        try:
            while came < wanted:
                came += meter.take(min(wanted - came, 65536))
        except DeviceError:
            assert total + came + cuts * STEP >= QUOTA
        total += came
        cuts += is_cut
        if not is_cut:
            meter.close()
        now = kept(store)
        counted = 0 if now is None else now.amount
        assert total <= counted <= min(QUOTA, total + cuts * STEP)


def test_nothing_comes_that_could_not_be_written_down(store: Store, files: Files) -> None:
    files.is_full = True
    with pytest.raises(DeviceError, match="cannot be written"):
        Meter(store, QUOTA, MONTH).take(1)


@pytest.mark.parametrize(
    "months",
    [
        [MONTH, 1970 * 12, MONTH, 1970 * 12],
        [1970 * 12, 1970 * 12],
        [2100 * 12, MONTH, MONTH - 1, 2100 * 12 - 1],
        [MONTH, MONTH - 1, MONTH - 2],
    ],
    ids=str,
)
def test_a_clock_that_goes_back_gives_no_second_quota(store: Store, months: list[int]) -> None:
    forward = sum(later > month for month, later in pairwise(months))
    assert sum(used(store, month) for month in months) <= QUOTA * (1 + forward)


@pytest.mark.parametrize("wrong", [1970 * 12, 2100 * 12 + 5, spent.MONTHS_LIMIT])
def test_a_clock_that_was_wrong_blocks_for_no_longer_than_a_month(store: Store, wrong: int) -> None:
    used(store, wrong)
    used(store, MONTH)
    assert used(store, MONTH + 1) == QUOTA


@given(st.lists(st.integers(1970 * 12, 2200 * 12), min_size=1, max_size=12))
def test_the_next_month_that_begins_is_a_new_one_whatever_the_clock_said_before(months: list[int]) -> None:
    last: Spent | None = None
    for month in months:
        last = in_month(last, month)
        last = Spent(last.month, QUOTA)
    assert in_month(last, months[-1]) == Spent(months[-1], QUOTA)
    assert in_month(last, months[-1] + 1) == Spent(months[-1] + 1, 0)


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), "1970-01"),
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), "2026-11"),
        (datetime(2026, 12, 1, tzinfo=UTC), "2026-12"),
        (datetime(2100, 2, 28, tzinfo=UTC), "2100-02"),
    ],
    ids=str,
)
def test_months(moment: datetime, name: str) -> None:
    assert Spent(month_of(moment.timestamp()), 0).name == name


@pytest.mark.parametrize("seconds", [-1.0, 2.0**41, 1e300])
def test_times_that_cannot_be_have_a_month_all_the_same(seconds: float) -> None:
    assert 0 < month_of(seconds) <= spent.MONTHS_LIMIT


@pytest.mark.parametrize("content", [b"", b"{", b'{"month":-1,"bytes":0}', b'{"month":1,"bytes":"all"}', b"[" * 5000])
def test_a_damaged_record_is_none(store: Store, content: bytes) -> None:
    store.keep(spent.FILE, content)
    assert kept(store) is None
    assert used(store) == QUOTA
