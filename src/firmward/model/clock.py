"""Time comes in as an argument."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Clock:
    """The day on which a subject is judged, in UTC."""

    today: date


def years_on(day: date, years: int) -> date:
    """The same day some years on, the 28th for a 29th of February; the last of all days where that is too far."""
    if day.year + years > date.max.year:
        return date.max
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if is_leap_day else day.day)
