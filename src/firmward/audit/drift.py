"""Drift: the facts of one moment against those of another, whatever the families are.

A family that can be compared says so where it is defined, beside `collect`: `keyed(record)` gives each of its records
under a key that stays from build to build. What of a record is compared are its fields, but for places in files, which
move without meaning, and those that `repr` leaves out. Unknown is a state of its own: what nobody could look at has
neither appeared nor vanished.

Facts are first made into snapshots, plain text by key, so that one side may come from another process, machine or year.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, StrEnum
from importlib import import_module

from firmward.facts.listeners import Listeners
from firmward.facts.startup import Startup
from firmward.model.facts import Facts, Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.side import Item, Knowledge, Snapshot

FAMILIES: tuple[type, ...] = (Startup, Listeners)
"""What two builds are compared by."""


class Change(StrEnum):
    APPEARED = "appeared"
    VANISHED = "vanished"
    CHANGED = "changed"


@dataclasses.dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs; None where the record did not have it."""

    name: str
    was: str | None
    now: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Drift:
    """One record of a family that differs. `fields` are those that differ, or all of one that came or went."""

    family: str
    key: str
    change: Change
    fields: tuple[FieldChange, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Unseen:
    """A family that cannot be compared, since one side does not know it, and why. `lost`: the old side knew it."""

    family: str
    reason: str
    lost: bool


def snapshots(facts: Facts, families: Iterable[type] = FAMILIES) -> tuple[Snapshot, ...]:
    """These families of facts, ready to be compared."""
    return tuple(_snapshot(facts, family) for family in families)


def drift(old: Sequence[Snapshot], new: Sequence[Snapshot]) -> tuple[Drift | Unseen, ...]:
    """What differs, by family and key. A family that only one side was asked about is left out."""
    known = {snapshot.family: snapshot for snapshot in old}
    pairs = [(known[snapshot.family], snapshot) for snapshot in new if snapshot.family in known]
    return tuple(change for was, now in pairs for change in _family(was, now))


def _snapshot(facts: Facts, family: type) -> Snapshot:
    record = facts.get(family)
    name = family.__name__
    if isinstance(record, Unknown):
        return Snapshot(name, Knowledge.UNKNOWN, reason=record.reason)
    if record is None:
        return Snapshot(name, Knowledge.ABSENT)
    try:
        items = tuple(Item(key, _fields(one)) for key, one in import_module(family.__module__).keyed(record))
    except Unavailable as reason:
        return Snapshot(name, Knowledge.UNKNOWN, reason=str(reason))
    return Snapshot(name, Knowledge.KNOWN, tuple(sorted(items, key=lambda item: (item.key, item.fields))))


def _fields(record: object) -> tuple[tuple[str, str], ...]:
    if not dataclasses.is_dataclass(record):
        return (("value", _text(record)),)
    values = [(field.name, getattr(record, field.name)) for field in dataclasses.fields(record) if field.repr]
    return tuple((name, _text(value)) for name, value in values if not _says_nothing(value))


def _says_nothing(value: object) -> bool:
    return value is None or value == () or value == "" or isinstance(value, Location)


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return " ".join(map(_text, value))
    if isinstance(value, frozenset):
        return " ".join(sorted(map(_text, value)))
    if dataclasses.is_dataclass(value):
        return ",".join(f"{name}={text}" for name, text in _fields(value))
    return str(value)


def _family(was: Snapshot, now: Snapshot) -> Iterator[Drift | Unseen]:
    for side, lost in ((now, True), (was, False)):
        if side.knowledge is Knowledge.UNKNOWN:
            both = was.knowledge is now.knowledge
            yield Unseen(side.family, side.reason or "not known", lost and not both)
            return
    olds, news = _by_key(was.items), _by_key(now.items)
    for key in sorted(olds.keys() | news.keys()):
        yield from _key(was.family, key, olds.get(key, []), news.get(key, []))


def _by_key(items: Iterable[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.key, []).append(item)
    return found


def _key(family: str, key: str, olds: Sequence[Item], news: Sequence[Item]) -> Iterator[Drift]:
    """The records under one key: equal ones are set aside, the others are held against each other in their order."""
    gone, come = _without(olds, news), _without(news, olds)
    for was, now in zip(gone, come, strict=False):
        changed = _compared(dict(was.fields), dict(now.fields))
        yield Drift(family, key, Change.CHANGED, tuple(field for field in changed if field.was != field.now))
    for was in gone[len(come) :]:
        yield Drift(family, key, Change.VANISHED, tuple(_compared(dict(was.fields), {})))
    for now in come[len(gone) :]:
        yield Drift(family, key, Change.APPEARED, tuple(_compared({}, dict(now.fields))))


def _without(items: Sequence[Item], others: Sequence[Item]) -> list[Item]:
    left = Counter(others)
    rest = []
    for item in items:
        if left[item] > 0:
            left[item] -= 1
        else:
            rest.append(item)
    return rest


def _compared(was: dict[str, str], now: dict[str, str]) -> Iterator[FieldChange]:
    for name in dict.fromkeys([*was, *now]):
        yield FieldChange(name, was.get(name), now.get(name))
