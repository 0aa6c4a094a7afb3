"""Times as TUF and others write them, 2031-06-30T23:59:59Z, in seconds since 1970 (UTC, without leap seconds).

Python's datetime does the same, and takes longer to be imported than a small device has.
"""

import re

from firmward.formats.malformed import Malformed

_FORM = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z", re.ASCII)
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
"""Each month, in a year that is no leap year; then the year."""


def parse(text: str) -> int:
    """Raises Malformed: another form, a day that there is not, a year before 1970."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise Malformed(f"{text[:32]!r} is no time such as 2031-06-30T00:00:00Z")
    year, month, day, hour, minute, second = map(int, found.groups())
    is_time = hour < 24 and minute < 60 and second < 60
    if year < 1970 or not is_time or not 1 <= month <= 12 or not 1 <= day <= _length(year, month):
        raise Malformed(f"{text!r} is no time that there is")
    return (((_days(year, month) + day - 1) * 24 + hour) * 60 + minute) * 60 + second


def _days(year: int, month: int) -> int:
    """From 1970 to the first of a month."""
    leap_days = (year - 1) // 4 - (year - 1) // 100 + (year - 1) // 400 - 477
    return (year - 1970) * 365 + leap_days + _DAYS_BEFORE[month - 1] + (month > 2 and _is_leap(year))


def _length(year: int, month: int) -> int:
    return _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1] + (month == 2 and _is_leap(year))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
