"""Times as TUF writes them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.malformed import Malformed
from firmward.formats.utc_time import parse

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))


@given(MOMENTS)
def test_it_counts_as_datetime_does(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert parse(moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")) == int(moment.timestamp())


@given(st.from_regex(r"\A(19[67]|20[0-3])[0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z\Z"))
def test_it_takes_the_days_that_there_are(text: str) -> None:
    try:
        expected = int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        expected = -1
    if expected < 0 or text[17:19] >= "60":
        with pytest.raises(Malformed):
            parse(text)
    else:
        assert parse(text) == expected


DAY = "2031-06-30"


@pytest.mark.parametrize("text", ["", DAY, f"{DAY}T00:00:00", f"{DAY}T00:00:00.5Z", f"{DAY}T00:00:00+00:00", f"٢{DAY}"])
def test_no_other_form_is_taken(text: str) -> None:
    with pytest.raises(Malformed, match="is no time such as"):
        parse(text)
