"""Bring feeds into the database, each in a transaction of its own: what fails leaves its feed as it was.

A feed comes from upstream or its mirror, or from files that the user gives. Nothing else of firmward uses the network.
"""

import itertools
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from firmward.formats.malformed import Malformed
from firmward.model.errors import DeviceError, InputError
from firmward.vulns import schema
from firmward.vulns.documents import Budget, Document, documents
from firmward.vulns.download import Absent, Downloader, Limits, Stamp, cache_folder
from firmward.vulns.feed import Feed, feed_named
from firmward.vulns.feed import feeds as known_feeds
from firmward.vulns.fields import plain
from firmward.vulns.intake import Extent, Intake, Told
from firmward.vulns.rows import Raw
from firmward.vulns.settings import Settings, mirrored

RECORDS_LIMIT = 10_000_000
"""Records of one feed; all of them together have fewer."""
REASON_LIMIT = 200
TELL_EVERY = 500
"""Records between two words of how far it is."""
Tell = Callable[[str, str, int], None]
"""Told the feed, what is being done, and how many records were taken."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A feed to update: from the `given` files and folders, else from its upstream. `anew` asks for all of it, whatever
    was there before."""

    feed: Feed
    given: tuple[Path, ...] = ()
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a feed: what was `told` of its records, None where nothing had changed upstream; or the `error`
    that left it as it was."""

    feed: str
    told: Told | None = None
    extent: Extent | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """What an update works with: the `settings`, the moment `now`, the `limits` of downloads, the folder `cache` in
    which parts wait, how to `sleep`, whom to `tell`, and the `budget` of each feed."""

    settings: Settings = field(default_factory=Settings)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    limits: Limits = field(default_factory=Limits)
    cache: Path = field(default_factory=cache_folder)
    sleep: Callable[[float], None] = time.sleep
    tell: Tell = lambda feed, stage, count: None
    budget: Callable[[], Budget] = Budget


def wanted(
    names: Sequence[str], given: Mapping[str, Sequence[Path]], settings: Settings, *, anew: bool
) -> list[Wanted]:
    """What is to be done: the feeds that are named or given, else those of the settings, else all."""
    for name in given:
        feed_named(name)
    chosen = list(dict.fromkeys((*names, *given))) or list(settings.feeds or known_feeds())
    return [Wanted(feed_named(name), tuple(given.get(name, ())), anew) for name in chosen]


def update(path: Path, orders: Sequence[Wanted], means: Means) -> Iterator[Outcome]:
    """Do it, feed after feed. Raises InputError where the database itself cannot be used."""
    with schema.writing(path) as connection:
        for order in orders:
            try:
                yield _update(connection, order, means)
            except (InputError, DeviceError) as error:
                yield Outcome(order.feed.name, error=str(error))
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise
                yield Outcome(order.feed.name, error=f"{path}: {error}")


def _update(connection: sqlite3.Connection, order: Wanted, means: Means) -> Outcome:
    feed = order.feed
    if order.given:
        found = _given(order, means)
        extents = {feed.extent(path) for path in order.given}
        extent = Extent.WHOLE if Extent.WHOLE in extents else Extent.CHANGES
        told = _take(connection, feed, extent, found, means, "", written=_written(order.given))
        return Outcome(feed.name, told, extent)
    upstream = Upstream(connection, feed, means, anew=order.anew)
    plan = feed.plan(upstream)
    first = upstream.first(plan.documents)
    if first is None:
        _check_empty(feed, plan.extent, upstream)
        upstream.checked(plan.cursor)
        return Outcome(feed.name, None, plan.extent)
    found = itertools.chain([first], plan.documents)
    try:
        told = _take(connection, feed, plan.extent, found, means, plan.cursor, upstream)
    except Absent:
        raise
    except InputError:
        upstream.forget_parts()  # what cannot be read is no part of anything
        raise
    upstream.forget_parts()
    return Outcome(feed.name, told, plan.extent)


def _check_empty(feed: Feed, extent: Extent, upstream: "Upstream") -> None:
    if extent is Extent.WHOLE and not upstream.unchanged:
        raise InputError(f"{feed.name}: upstream has nothing at {mirrored(feed.url, upstream.mirror)}")


def _written(given: Sequence[Path]) -> datetime:
    """When the oldest of the files or folders was last written; who reads them tells of one that is not there."""
    moments = [path.stat().st_mtime for path in given if path.exists()]
    return datetime.fromtimestamp(min(moments, default=0), UTC).replace(microsecond=0)


def _given(order: Wanted, means: Means) -> Iterator[Document]:
    budget = means.budget()
    for path in order.given:
        yield from documents(path, budget, lambda name: means.tell(order.feed.name, name, 0))


def _take(
    connection: sqlite3.Connection,
    feed: Feed,
    extent: Extent,
    found: Iterator[Document],
    means: Means,
    cursor: str,
    upstream: "Upstream | None" = None,
    written: datetime | None = None,
) -> Told:
    with Intake(connection, feed.name, extent, means.now, written) as intake:
        intake.cursor = cursor
        for document in found:
            means.tell(feed.name, document.name, intake.told.records)
            for raw in feed.records(document):
                _record(feed, raw, intake)
                if intake.told.records % TELL_EVERY == 0:
                    means.tell(feed.name, document.name, intake.told.records)
        if not intake.told.records:
            raise InputError(_nothing(feed, intake.told))
        if upstream is not None:
            upstream.note()
    return intake.told


def _record(feed: Feed, raw: Raw, intake: Intake) -> None:
    try:
        if isinstance(raw.value, Malformed):
            raise raw.value
        name, rows = feed.rows(raw.value)
    except Malformed as error:
        intake.told.skip(plain(raw.name)[-REASON_LIMIT:], plain(str(error))[:REASON_LIMIT])
        return
    intake.add(name, rows)
    if intake.told.records > RECORDS_LIMIT:
        raise InputError(f"{feed.name}: more than {RECORDS_LIMIT} records; nothing of it was taken")


def _nothing(feed: Feed, told: Told) -> str:
    why = (
        f"; of {told.skipped} records none could be read, the first: {': '.join(told.reasons[0])}"
        if told.reasons
        else ""
    )
    return f"{feed.name}: no record of {feed.title} is in there{why}"


class Upstream:
    """One feed's upstream, or its mirror (feed.py's Remote)."""

    def __init__(self, connection: sqlite3.Connection, feed: Feed, means: Means, *, anew: bool) -> None:
        self.now = means.now
        self.key = means.settings.keys.get(feed.name, "")
        self.ecosystems = means.settings.ecosystems
        self.mirror = means.settings.mirrors.get(feed.name)
        self.unchanged = 0
        self._connection, self._feed, self._means = connection, feed, means
        row = connection.execute("SELECT cursor FROM feed WHERE name = ?", (feed.name,)).fetchone()
        self._is_known = row is not None and not anew
        self.cursor = row[0] if row and not anew else ""
        self._folder = means.cache / feed.name
        self._stamps: dict[str, Stamp] = {}
        self._budget = means.budget()
        tell = means.tell
        self._downloader = Downloader(
            self._folder,
            means.limits,
            lambda name, done, total: tell(feed.name, f"{name.rpartition('/')[2]} {_amount(done, total)}", 0),
            means.sleep,
        )

    def document(self, url: str, *, fresh: bool = False, optional: bool = False) -> Iterator[Document]:
        address = mirrored(url, self.mirror)
        known = None if fresh or not self._is_known else self._known(address)
        try:
            fetched = self._downloader.fetch(address, known, self._headers())
        except Absent:
            if not optional:
                raise
            return
        if fetched is None:
            self.unchanged += 1
            return
        self._stamps[address] = fetched.stamp
        yield from documents(fetched.path, self._budget, called=address.partition("?")[0].partition("://")[2])

    def first(self, found: Iterator[Document]) -> Document | None:
        """The first document, None where there is none. What opens as none is not kept. Raises InputError."""
        try:
            return next(found, None)
        except Absent:
            raise
        except InputError:
            self.forget_parts()
            raise

    def content(self, url: str, limit: int) -> bytes:
        return self._downloader.content(mirrored(url, self.mirror), limit, self._headers())

    def pause(self, seconds: float) -> None:
        self._means.sleep(seconds)

    def note(self) -> None:
        """Remember in which state files were taken, together with what was in them."""
        rows = [(self._feed.name, url, stamp.etag, stamp.modified) for url, stamp in self._stamps.items()]
        self._connection.executemany(schema.SOURCE.insert, rows)

    def checked(self, cursor: str) -> None:
        """Nothing was new: what there is holds until today."""
        moment = self.now.isoformat(timespec="seconds")
        statement = "UPDATE feed SET checked = ?, cursor = ? WHERE name = ?"
        self._connection.execute(statement, (moment, cursor, self._feed.name))

    def forget_parts(self) -> None:
        """What is in the database needs no copy."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _known(self, url: str) -> Stamp | None:
        statement = "SELECT etag, modified FROM source WHERE feed = ? AND url = ?"
        row = self._connection.execute(statement, (self._feed.name, url)).fetchone()
        return None if row is None else Stamp(*row)

    def _headers(self) -> dict[str, str]:
        return {"apiKey": self.key} if self.key else {}


def _amount(done: int, total: int) -> str:
    mebibytes = done / (1 << 20)
    return f"{mebibytes:.1f} of {total / (1 << 20):.1f} MiB" if total else f"{mebibytes:.1f} MiB"
