"""The calendar of what falls out of support: states, order, words, the picture, and the file for calendar programs."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from life_sample import CALENDAR, ENTRIES

from firmward.audit import life, life_chart
from firmward.audit.calendar_file import LINE, render_calendar_file
from firmward.facts.lifecycle import Line
from firmward.facts.lives import Kind, Life, Lives
from firmward.model.calendar import Calendar, Entry, State
from firmward.model.clock import Clock
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.policy import parse_policy

TODAY = date(2026, 11, 20)
AT = Location("etc/os-release")


def one(title: str, line: Line | Unknown, version: str = "1", carrier: str = "") -> Life:
    return Life(Kind.COMPONENT, title.lower(), title, version, AT, "its makers", line, carrier)


def calendar(*found: Life, support: str = "until = 2029-01-01") -> Calendar:
    policy = parse_policy(f"[support]\n{support}\n")
    drawn = life.calendar({"image/root": Lives(found, date(2026, 8, 22))}, policy, Clock(TODAY))
    assert drawn is not None
    return drawn


STATES = [
    (Line("1", date(2026, 11, 19)), State.PAST),
    (Line("1", date(2026, 11, 20)), State.EARLY),
    (Line("1", date(2028, 12, 31)), State.EARLY),
    (Line("1", date(2029, 1, 1)), State.LASTS),
    (Line("1", is_over=True), State.PAST),
    (Line("1"), State.OPEN),
    (Unknown("not said"), State.UNKNOWN),
]


@pytest.mark.parametrize(("line", "state"), STATES)
def test_each_has_a_state_on_the_day(line: Line | Unknown, state: State) -> None:
    (entry,) = calendar(one("A", line)).entries
    assert entry.state is state


def test_without_a_declared_end_nothing_ends_early() -> None:
    found = calendar(one("A", Line("1", date(2027, 1, 1))), support='contact = "x"')
    assert found.support_end is None
    assert [entry.state for entry in found.entries] == [State.LASTS]


def test_what_is_past_or_ends_first_stands_first() -> None:
    found = calendar(
        one("Unknown", Unknown("not said")),
        one("Open", Line("1")),
        one("Late", Line("1", date(2032, 1, 1))),
        one("Soon", Line("1", date(2027, 1, 1))),
        one("Over", Line("1", is_over=True)),
        one("Past", Line("1", date(2020, 1, 1))),
    )
    assert [entry.title for entry in found.entries] == ["Over", "Past", "Soon", "Late", "Open", "Unknown"]


def test_two_slots_and_two_roots_tell_each_once() -> None:
    lives = Lives((one("A", Line("1")), one("A", Line("1"))), date(2026, 8, 22))
    found = life.calendar({"image/a": lives, "image/b": lives}, None, Clock(TODAY))
    assert found is not None
    assert [(entry.title, entry.at) for entry in found.entries] == [("A", Location("etc/os-release", part="image/a"))]


def test_what_could_not_be_looked_at_is_noted() -> None:
    known = Lives((one("A", Line("1")),), date(2026, 8, 22), ("a kernel",), ("a database",))
    found = life.calendar({"a": known, "b": Unknown("a root")}, None, Clock(TODAY))
    assert found is not None
    assert found.notes == ("a root", "a kernel", "a database")
    assert life.calendar({"b": Unknown("a root"), "c": None}, None, Clock(TODAY)) is None


def test_old_dates_are_told_as_old() -> None:
    lives = Lives((one("A", Line("1")),), date(2026, 8, 22))
    for day, told in ((date(2027, 8, 22), 0), (date(2027, 8, 23), 1)):
        found = life.calendar({"a": lives}, None, Clock(day))
        assert found is not None
        assert len(found.notes) == told


HEADLINES = [
    ((Line("1", date(2020, 1, 1)), Line("2", date(2027, 1, 1))), "Past support: A0 1"),
    (
        (Line("1", date(2027, 1, 1)), Line("2", date(2028, 1, 1))),
        "First to fall out of support: A0 1, on 2027-01-01, and 1 more before the product",
    ),
    ((Line("1", date(2030, 1, 1)),), "Nothing is past support; the first to end is A0 1, on 2030-01-01"),
    ((Line("1"),), "Of nothing in it the end of support is known"),
]


@pytest.mark.parametrize(("lines", "words"), HEADLINES)
def test_the_headline_says_what_matters(lines: tuple[Line, ...], words: str) -> None:
    assert life.headline(calendar(*(one(f"A{n}", line) for n, line in enumerate(lines)))) == words


SPANS = [(0, "the last day"), (1, "1 day"), (29, "29 days"), (31, "1 month"), (364, "11 months"), (366, "1 year"),
    (800, "2 years 2 months"), (3653, "10 years")]  # fmt: skip


@pytest.mark.parametrize(("days", "words"), SPANS)
def test_days_are_said_as_people_say_them(days: int, words: str) -> None:
    assert life.span(days) == words


@given(st.integers(0, 40_000))
def test_no_span_is_without_words(days: int) -> None:
    assert life.span(days)


# the picture


def test_bars_run_from_today_to_the_end_and_what_is_past_from_the_end_to_today() -> None:
    chart = life_chart.chart(CALENDAR)
    now = chart.today.x
    assert len(chart.bars) == len(ENTRIES)
    for bar in chart.bars:
        if bar.entry.state is State.PAST:
            assert bar.start < now
            assert bar.start + bar.width == pytest.approx(now, abs=0.5)
        else:
            assert bar.start == now
    assert chart.bars[0].width > chart.bars[1].width > chart.bars[2].width
    lasting = next(bar for bar in chart.bars if bar.entry.state is State.LASTS)
    early = next(bar for bar in chart.bars if bar.entry.state is State.EARLY)
    assert chart.support is not None
    assert early.start + early.width < chart.support.x < lasting.start + lasting.width


def test_what_has_no_end_reaches_the_edge() -> None:
    chart = life_chart.chart(CALENDAR)
    ends = [bar.start + bar.width for bar in chart.bars if bar.entry.state in (State.OPEN, State.UNKNOWN)]
    assert ends == [pytest.approx(100), pytest.approx(100)]


DAYS = st.dates(date(1990, 1, 1), date(2200, 12, 31))


@given(st.lists(st.one_of(st.none(), DAYS), min_size=1, max_size=60), st.one_of(st.none(), DAYS), DAYS)
def test_every_picture_stays_within_its_frame(ends: list[date | None], support: date | None, today: date) -> None:
    lines = [Line("1", end) for end in ends]
    entries = tuple(
        Entry("component", "a", "A", str(number), life.state(one("A", line), support, today), "1",
            None if line.end is None else line.end.isoformat())
        for number, line in enumerate(lines)
    )  # fmt: skip
    found = Calendar(today.isoformat(), "2026-08-22", entries, None if support is None else support.isoformat())
    chart = life_chart.chart(found)
    assert len(chart.bars) + chart.left_out == len(entries)
    marks = [chart.today, *([chart.support] if chart.support else [])]
    assert all(0 <= mark.x <= 100 for mark in marks)
    assert all(0 <= bar.start <= 100 and bar.width > 0 and bar.start + bar.width <= 100.5 for bar in chart.bars)
    assert all(0 <= x <= 100 for x, _ in chart.years)
    assert len(chart.years) <= life_chart.TICKS + 1
    assert chart.height > chart.bars[-1].y + life_chart.ROW


# the file for calendar programs


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def test_each_end_is_a_day_with_a_reminder_before_it() -> None:
    lines = unfolded(render_calendar_file(CALENDAR, "Porch camera"))
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    days = [line.removeprefix("DTSTART;VALUE=DATE:") for line in lines if line.startswith("DTSTART")]
    assert days == [entry.end.replace("-", "") for entry in ENTRIES if entry.end is not None] + ["20310630"]
    past = sum(entry.state is State.PAST for entry in ENTRIES)
    assert lines.count("BEGIN:VALARM") == len(days) - past == lines.count("END:VALARM")
    ids = [line for line in lines if line.startswith("UID:")]
    assert len(set(ids)) == len(days)
    assert lines.count("DTSTAMP:20261120T000000Z") == len(days)


def test_no_line_is_too_long_and_no_word_becomes_a_line() -> None:
    entry = Entry("component", "a", "Ä;,\\b\r\nBEGIN:VEVENT " + "é" * 200, "1", State.LASTS, "1", "2030-01-01")
    text = render_calendar_file(Calendar("2026-11-20", "2026-08-22", (entry,)), "x" * 300)
    assert all(len(line.encode()) <= LINE for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    lines = unfolded(text)
    assert lines.count("BEGIN:VEVENT") == 1
    assert "Ä\\;\\,\\\\b" in next(line for line in lines if line.startswith("SUMMARY"))


def test_the_same_calendar_gives_the_same_file_and_another_day_the_same_events() -> None:
    again = render_calendar_file(CALENDAR, "x")
    assert again == render_calendar_file(CALENDAR, "x")
    later = Calendar("2026-12-24", CALENDAR.as_of, CALENDAR.entries, CALENDAR.support_end)
    ids = [line for line in again.splitlines() if line.startswith("UID")]
    assert ids == [line for line in render_calendar_file(later, "x").splitlines() if line.startswith("UID")]
