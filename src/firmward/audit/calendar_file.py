"""The calendar in the form that calendar programs import (RFC 5545): a day for every end, and a reminder before it.

The same calendar gives the same bytes: the stamp of each event is the day on which it was judged.
"""

import hashlib
from collections.abc import Iterator

from firmward.audit import life
from firmward.model.calendar import Calendar, Entry, State

LINE = 75
"""Bytes of a line, without its end; what is longer goes on in the next, behind a space."""
REMINDER = "-P180D"
"""Half a year before: to move a product to another line takes that long."""


def render_calendar_file(found: Calendar, name: str) -> str:
    """`name` is the product's, or the image's."""
    stamp = f"{found.today.replace('-', '')}T000000Z"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//firmward//life//EN", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{_text(f'Ends of support: {name}')}")
    for entry in found.entries:
        if entry.end is not None:
            lines += _event(_of_entry(entry, found, name), entry.end, stamp, has_reminder=entry.state is not State.PAST)
    if found.support_end is not None:
        words = (f"{name}: the product's own support ends", "As its maker declares it.", "product")
        lines += _event(_with_id(words, name), found.support_end, stamp, has_reminder=True)
    lines.append("END:VCALENDAR")
    return "".join(f"{piece}\r\n" for line in lines for piece in _folded(line))


_Words = tuple[str, str, str]
"""Summary, description and identity of an event."""


def _of_entry(entry: Entry, found: Calendar, name: str) -> _Words:
    kept = f", as long as {entry.carrier}" if entry.carrier else ""
    about = [
        f"Supported by {entry.by}{kept}, by dates as known on {found.as_of}.",
        *(["No end is announced: this follows from the age of the release."] if entry.is_rule else []),
        *([f"Found in {life.place(entry.at)}."] if life.place(entry.at) else []),
    ]
    words = (f"{name}: support of {life.name(entry)} ends", "\n".join(about), f"{entry.kind} {life.name(entry)}")
    return _with_id(words, name)


def _with_id(words: _Words, name: str) -> _Words:
    summary, about, identity = words
    return summary, about, hashlib.sha256(f"{name}\n{identity}".encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _event(words: _Words, day: str, stamp: str, *, has_reminder: bool) -> Iterator[str]:
    summary, about, identity = words
    yield from ("BEGIN:VEVENT", f"UID:{identity}@firmward", f"DTSTAMP:{stamp}")
    yield from (f"DTSTART;VALUE=DATE:{day.replace('-', '')}", f"SUMMARY:{_text(summary)}")
    yield from (f"DESCRIPTION:{_text(about)}", "TRANSP:TRANSPARENT")
    if has_reminder:
        yield from (
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"TRIGGER:{REMINDER}",
            f"DESCRIPTION:{_text(summary)}",
            "END:VALARM",
        )
    yield "END:VEVENT"


def _text(words: str) -> str:
    """A text as the format escapes it, without the characters that it cannot hold."""
    held = "".join(sign for sign in words if sign == "\n" or sign.isprintable())
    for sign in ("\\", ";", ","):
        held = held.replace(sign, f"\\{sign}")
    return held.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Cut at so many bytes, and never within a character."""
    held = b""
    for sign in line:
        coded = sign.encode("utf-8", "replace")
        if len(held) + len(coded) > LINE:
            yield held.decode("utf-8")
            held = b" "
        held += coded
    yield held.decode("utf-8")
