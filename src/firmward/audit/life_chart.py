"""The calendar as a picture: a bar a thing, from today to its end, and a line where the product's own support ends.

What is past has its bar to the left of today, as long as nobody has mended it. Places are in percent of the width, so
that one drawing serves a telephone and a desk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from firmward.audit import life
from firmward.model.calendar import Calendar, Entry, State

BEFORE, AFTER = 6, 15
"""Years before and after today that are drawn; what lies beyond ends at the edge."""
TICKS = 7
"""Years that are named, at most: more do not fit on a telephone."""
ROW, HEAD, FOOT = 46, 40, 24
"""Pixels of one thing, of the words above and of the years below."""
ROWS_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing: `start` and `width` in percent, `y` in pixels. `is_cut` says that it goes on beyond the edge."""

    entry: Entry
    name: str
    until: str
    left: str
    about: str
    y: int
    start: float
    width: float
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the picture, with its words, which stand to the left of it where there is no room to the right."""

    x: float
    words: str
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture: its bars, today, the product's end, the years along the lower edge, and its height in pixels."""

    bars: tuple[Bar, ...]
    today: Mark
    support: Mark | None
    years: tuple[tuple[float, str], ...]
    height: int
    left_out: int = 0


def chart(found: Calendar) -> Chart:
    first, last = _span(found)
    today = date.fromisoformat(found.today)

    def place(day: date) -> float:
        return round(100 * (min(max(day, first), last) - first).days / (last - first).days, 3)

    now = place(today)
    drawn = found.entries[:ROWS_LIMIT]
    bars = tuple(_bar(entry, found.today, HEAD + ROW * number, now, place) for number, entry in enumerate(drawn))
    support = None
    if found.support_end is not None:
        x = place(date.fromisoformat(found.support_end))
        support = Mark(x, f"product until {found.support_end}", is_left=x > 50)
    years = range(first.year, last.year + 1)
    step = -(-len(years) // TICKS)
    named = tuple((place(date(year, 1, 1)), str(year)) for year in years if (year - first.year) % step == 0)
    height = HEAD + ROW * len(drawn) + FOOT
    return Chart(bars, Mark(now, "today"), support, named, height, len(found.entries) - len(drawn))


def _span(found: Calendar) -> tuple[date, date]:
    """From one year's first day to another's, with everything that is near enough between them."""
    today = date.fromisoformat(found.today)
    days = [date.fromisoformat(entry.end) for entry in found.entries if entry.end is not None]
    if found.support_end is not None:
        days.append(date.fromisoformat(found.support_end))
    first = max(min([today, *days]).year, today.year - BEFORE)
    last = min(max([today, *days]).year + 1, today.year + AFTER)
    return date(max(first, date.min.year), 1, 1), date(min(max(last, first + 2), date.max.year), 1, 1)


def _bar(entry: Entry, today: str, y: int, now: float, place: Callable[[date], float]) -> Bar:
    end = None if entry.end is None else date.fromisoformat(entry.end)
    x = 100.0 if end is None else place(end)
    is_past = entry.state is State.PAST
    start, stop = (0.0 if end is None else x, now) if is_past else (now, x)
    until, left = life.until(entry), life.left(entry, today)
    width = round(max(stop - start, 0.4), 3)
    return Bar(entry, life.name(entry), until, left, life.about(entry), y, start, width, end is None)
