"""Windows, quotas and rates, as a maker writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.model.allowance import MINUTES, Window, quota, rate, window
from firmward.model.errors import InputError
from firmward.model.policy import parse_policy

TIMES = st.integers(0, MINUTES - 1)


@given(TIMES, TIMES)
def test_a_window_has_as_many_minutes_as_lie_between(begin: int, end: int) -> None:
    made = Window(begin, end)
    assert sum(map(made.has, range(MINUTES))) == (end - begin) % MINUTES
    if begin != end:
        assert made.has(begin)
        assert not made.has(end)
        assert window(str(made)) == made


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("02:00-04:00", ("02:00", "03:59"), ("01:59", "04:00", "14:00")),
        ("22:30-01:15", ("22:30", "23:59", "00:00", "01:14"), ("22:29", "01:15", "12:00")),
        ("00:00-23:59", ("00:00", "23:58"), ("23:59",)),
    ],
)
def test_windows(text: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    made = window(text)
    assert all(made.has(minute(one)) for one in inside)
    assert not any(made.has(minute(one)) for one in outside)


def minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


@pytest.mark.parametrize(
    "text", ["02:00-02:00", "2:00-04:00", "24:00-01:00", "02:60-03:00", "02:00", "٠2:00-04:00", ""]
)
def test_no_windows(text: str) -> None:
    with pytest.raises(InputError, match="no window such as"):
        window(text)


@pytest.mark.parametrize(
    ("text", "amount"), [("50M/month", 50_000_000), ("1G/month", 10**9), ("7K/month", 7000), ("1/month", 1)]
)
def test_quotas(text: str, amount: int) -> None:
    assert quota(text) == amount


@pytest.mark.parametrize(
    ("text", "amount"), [("1M/s", 10**6), ("1K/s", 1000), ("1000/s", 1000), ("999999G/s", 999999 * 10**9)]
)
def test_rates(text: str, amount: int) -> None:
    assert rate(text) == amount


@pytest.mark.parametrize(
    "text", ["50M", "50M/s", "0M/month", "1.5M/month", "50 M/month", "50m/month", "9999999K/month", ""]
)
def test_no_quotas(text: str) -> None:
    with pytest.raises(InputError, match="no quota such as"):
        quota(text)


@pytest.mark.parametrize("text", ["999/s", "0/s", "1M/month", "1M", "-1M/s", "1M/s\n"])
def test_no_rates(text: str) -> None:
    with pytest.raises(InputError, match="no rate such as"):
        rate(text)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [("window", "23:00-01:00", "at night"), ("quota", "2G/month", "2G"), ("rate", "64K/s", "fast")],
)
def test_a_policy_that_devices_could_not_read_is_refused_with_its_place(key: str, good: str, bad: str) -> None:
    assert getattr(parse_policy(f'[update]\n{key} = "{good}"').update, key) == good
    with pytest.raises(InputError, match=rf"update\.{key}: '{bad}' is not of the form"):
        parse_policy(f'[update]\n{key} = "{bad}"')
