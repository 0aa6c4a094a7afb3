"""The calendar of what falls out of support when, drawn from the lives in each root, and the words for it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from firmward.facts.lives import Life, Lives
from firmward.model.calendar import Calendar, Entry, State
from firmward.model.clock import Clock
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.policy import Policy

CHECKS = frozenset(("kernel-end-of-life", "component-end-of-life", "support-outlives-component"))
"""The checks that ask of the same lives; a report that asks all of them has the calendar."""
ENTRIES_LIMIT = 500
NOTES_LIMIT = 12
STALE = 365
"""Days after which the dates of support want to be renewed: ends are moved each year."""
DAYS_OF_YEAR, DAYS_OF_MONTH = 365.25, 30.44
ORDER = (State.PAST, State.EARLY, State.LASTS, State.OPEN, State.UNKNOWN)
KINDS = {
    "kernel": "kernel",
    "boot-loader": "boot loader",
    "distribution": "distribution",
    "component": "component",
}
SIGNS = {State.PAST: "✗", State.EARLY: "!", State.LASTS: "✓", State.OPEN: "✓", State.UNKNOWN: "?"}


def calendar(found: Mapping[str, Lives | None | Unknown], policy: Policy | None, clock: Clock) -> Calendar | None:
    """Of all roots, by the id of their part; None where nothing has a life that is known."""
    support = None if policy is None else policy.support
    needed = None if support is None else support.end(clock.today)
    known = {part: one for part, one in found.items() if isinstance(one, Lives)}
    entries = _entries(known, needed, clock.today)
    if not entries:
        return None
    notes = [one.reason for one in found.values() if isinstance(one, Unknown)]
    notes += [note for one in known.values() for note in (*one.kernels_unread, *one.unread)]
    as_of = min(one.as_of for one in known.values())
    if (clock.today - as_of).days > STALE:
        notes.insert(0, f"the dates of support are those of {as_of}: newer ones can be given with --lifecycle")
    return Calendar(
        clock.today.isoformat(),
        as_of.isoformat(),
        tuple(sorted(entries, key=_order)[:ENTRIES_LIMIT]),
        None if needed is None else needed.isoformat(),
        tuple(dict.fromkeys(notes))[:NOTES_LIMIT],
    )


def _entries(known: Mapping[str, Lives], needed: date | None, today: date) -> list[Entry]:
    """Each once: two slots have the same, and every root sees the boot loader."""
    entries: dict[tuple[str, str, str, str | None], Entry] = {}
    for part, lives in known.items():
        for life in lives.found:
            entry = _entry(life, part, needed, today)
            entries.setdefault((entry.kind, entry.title, entry.version, entry.carrier), entry)
    return list(entries.values())


def _entry(life: Life, part: str, needed: date | None, today: date) -> Entry:
    unknown = life.line if isinstance(life.line, Unknown) else None
    return Entry(
        str(life.kind),
        life.product,
        life.title,
        life.version,
        state(life, needed, today),
        None if isinstance(life.line, Unknown) else life.line.line,
        None if life.end is None else life.end.isoformat(),
        life.is_rule,
        life.by,
        life.carrier or None,
        None if unknown is None else unknown.reason,
        life.at if life.at.part is not None else replace(life.at, part=part),
    )


def state(life: Life, needed: date | None, today: date) -> State:
    if isinstance(life.line, Unknown):
        return State.UNKNOWN
    if life.line.is_past(today):
        return State.PAST
    if life.line.end is None:
        return State.OPEN
    return State.EARLY if needed is not None and life.line.end < needed else State.LASTS


def _order(entry: Entry) -> tuple[object, ...]:
    """What is past or ends first stands first; what it is known of no day, last."""
    is_dated = entry.end is not None
    last = ORDER.index(entry.state) if entry.state in (State.OPEN, State.UNKNOWN) else 0
    return (last, is_dated, entry.end or "", list(KINDS).index(entry.kind), entry.title, entry.version)


def headline(found: Calendar) -> str:
    """What matters of it, in one sentence."""
    past = [entry for entry in found.entries if entry.state is State.PAST]
    if past:
        return f"Past support: {_listed(past)}"
    early = [entry for entry in found.entries if entry.state is State.EARLY]
    if early:
        first = early[0]
        others = f", and {len(early) - 1} more before the product" if len(early) > 1 else ""
        return f"First to fall out of support: {name(first)}, on {first.end}{others}"
    dated = [entry for entry in found.entries if entry.end is not None]
    if not dated:
        return "Of nothing in it the end of support is known"
    return f"Nothing is past support; the first to end is {name(dated[0])}, on {dated[0].end}"


def _listed(entries: list[Entry]) -> str:
    named = ", ".join(name(entry) for entry in entries[:3])
    return f"{named} and {len(entries) - 3} more" if len(entries) > 3 else named


def name(entry: Entry) -> str:
    return f"{entry.title} {entry.version}".strip()


def about(entry: Entry) -> str:
    """Who supports it, as what."""
    if entry.state is State.UNKNOWN:
        return entry.reason or ""
    if entry.carrier:
        return f"kept by {entry.carrier}"
    if entry.is_rule:
        return f"{entry.by}, by the age of the release"
    return f"{entry.by}, line {entry.line}" if entry.line and entry.line != entry.version else entry.by


def until(entry: Entry) -> str:
    """The last day, in words where none is known."""
    if entry.end is not None:
        return entry.end
    return {State.PAST: "over", State.OPEN: "not announced"}.get(entry.state, "not known")


def left(entry: Entry, today: str) -> str:
    """How long it still has, or has been without support."""
    if entry.end is None:
        return ""
    days = (date.fromisoformat(entry.end) - date.fromisoformat(today)).days
    if entry.state is State.PAST:
        return f"{span(-days)} ago"
    return span(days)


def time_left(found: Calendar) -> str:
    """How long the product itself is supported."""
    if found.support_end is None:
        return ""
    days = (date.fromisoformat(found.support_end) - date.fromisoformat(found.today)).days
    return span(days) if days >= 0 else f"{span(-days)} ago"


def span(days: int) -> str:
    """Days as people say them: the two largest of years, months and days."""
    years, rest = divmod(days, DAYS_OF_YEAR)
    months = int(rest / DAYS_OF_MONTH)
    if years:
        return " ".join(_counted(((int(years), "year"), (months, "month"))))
    return " ".join(_counted(((months, "month"),))) or " ".join(_counted(((days, "day"),))) or "the last day"


def _counted(pairs: Iterable[tuple[int, str]]) -> Iterator[str]:
    return (f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in pairs if count)


def place(at: Location | None) -> str:
    """Where it was seen, with the part where there is no path."""
    return "" if at is None else str(at) or at.part or ""
