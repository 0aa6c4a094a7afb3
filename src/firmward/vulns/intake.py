"""Write what a feed says into the database: all of it in one transaction, or nothing.

A whole feed replaces its rows; changes are added, and what a record said before goes when it says something else. The
last record of a name counts. What is rejected keeps nothing but that it is.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import singledispatchmethod
from types import TracebackType

from firmward.vulns import schema
from firmward.vulns.bodies import body_of
from firmward.vulns.packed import pack
from firmward.vulns.record import About, Claim, Fix, KernelFlaw
from firmward.vulns.rows import Branches, Exploited, Named, Probability, Row, Support

BATCH = 4000
"""Rows that are held before they are written."""
SKIPPED_LIMIT = 200
"""Records that are named; of the others the number is kept."""
BEFORE_ALL = "kernel"
"""The feed whose pairs of the kernel count before another's."""


class Extent(StrEnum):
    """What documents are: the whole of a feed, or what changed in it."""

    WHOLE = "whole"
    CHANGES = "changes"


KERNEL = """
INSERT INTO kernel VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET pairs = coalesce(excluded.pairs, pairs),
branches = coalesce(excluded.branches, branches), files = coalesce(excluded.files, files)
"""
FLAWS = """
SELECT vulnerability, feed, coalesce(branches, pairs, ''), coalesce(files, '') FROM kernel
WHERE vulnerability NOT IN (SELECT vulnerability FROM about WHERE rejected = 1) ORDER BY vulnerability, feed = ? DESC
"""
INSERT = {table.name: table.insert for table in schema.TABLES} | {"kernel": KERNEL}


@dataclass(slots=True)
class Told:
    """What became of a feed: records taken, rejected and skipped, the first of these with reasons, and the `newest`
    day on which one of them changed."""

    records: int = 0
    rejected: int = 0
    skipped: int = 0
    reasons: list[tuple[str, str]] = field(default_factory=list)
    newest: date | None = None

    def skip(self, name: str, reason: str) -> None:
        self.skipped += 1
        if len(self.reasons) < SKIPPED_LIMIT:
            self.reasons.append((name, reason))


class Intake:
    """One feed's transaction: rows are added within, and count when it is left without an error."""

    def __init__(
        self, connection: sqlite3.Connection, feed: str, extent: Extent, now: datetime, written: datetime | None = None
    ) -> None:
        self.told = Told()
        self.cursor = ""
        self._connection, self._feed, self._extent, self._now = connection, feed, extent, now
        self._written = written
        self._rows: dict[str, list[tuple[object, ...]]] = defaultdict(list)
        self._waiting = 0
        self._seen: set[str] = set()

    def __enter__(self) -> "Intake":
        self._connection.execute("BEGIN IMMEDIATE")
        for table in schema.OF_FEED:
            if self._extent is Extent.WHOLE or table is schema.SKIPPED:  # which are those of one run
                self._connection.execute(f"DELETE FROM {table.name} WHERE feed = ?", (self._feed,))  # noqa: S608
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None:
            self._connection.execute("ROLLBACK")
            return
        try:
            self._finish()
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def add(self, name: str, rows: Iterable[Row]) -> None:
        """What one record says. `name` is the vulnerability that it is all about; empty where it is about several."""
        made = list(rows)
        if name:
            self._replace(name, made)
        for row in made:
            self._add(row)
        self.told.records += 1
        if self._waiting >= BATCH:
            self._flush()

    def _replace(self, name: str, rows: list[Row]) -> None:
        again = name in self._seen
        self._seen.add(name)
        if again:
            self._flush()
        if again or self._extent is Extent.CHANGES:
            self._forget(name, ("claim", "fix"))
        if any(isinstance(row, About) and row.is_rejected for row in rows):
            self.told.rejected += 1
            self._flush()
            self._forget(name, ("claim", "fix", "kernel"))

    def _forget(self, name: str, tables: tuple[str, ...]) -> None:
        for table in tables:
            statement = f"DELETE FROM {table} WHERE vulnerability = ? AND feed = ?"  # noqa: S608 - our own names
            self._connection.execute(statement, (name, self._feed))

    def _write(self, table: schema.Table, *values: object) -> None:
        self._rows[table.name].append(values)
        self._waiting += 1

    @singledispatchmethod
    def _add(self, row: object) -> None:
        raise TypeError(f"{type(row).__name__} is no row")

    @_add.register
    def _(self, row: About) -> None:
        if row.modified is not None and (self.told.newest is None or row.modified > self.told.newest):
            self.told.newest = row.modified
        self._write(
            schema.ABOUT,
            row.id,
            self._feed,
            row.title,
            row.description,
            _day(row.published),
            _day(row.modified),
            " ".join(map(str, row.cwes)),
            " ".join(row.aliases),
            json.dumps([[one.vector, one.score, one.by] for one in row.scores]) if row.scores else "",
            int(row.is_rejected),
        )

    @_add.register
    def _(self, row: Claim) -> None:
        product = row.product
        key, name = keyed(product.ecosystem or product.vendor, product.product)
        self._write(schema.CLAIM, row.vulnerability, self._feed, row.by, key, name, body_of(row))

    @_add.register
    def _(self, row: Fix) -> None:
        self._write(schema.FIX, row.vulnerability, row.distribution, row.package, self._feed, row.fixed, row.urgency)

    @_add.register
    def _(self, row: KernelFlaw) -> None:
        files = "\n".join(row.files)
        self._write(schema.KERNEL, row.vulnerability, self._feed, pairs_text(row.pairs), None, files)

    @_add.register
    def _(self, row: Branches) -> None:
        self._write(schema.KERNEL, row.vulnerability, self._feed, None, pairs_text(row.pairs), None)

    @_add.register
    def _(self, row: Exploited) -> None:
        known = row.known
        self._write(
            schema.EXPLOITED, row.vulnerability, self._feed, _day(known.added), _day(known.due), int(known.ransomware)
        )

    @_add.register
    def _(self, row: Probability) -> None:
        self._write(schema.PROBABILITY, row.vulnerability, self._feed, row.epss)

    @_add.register
    def _(self, row: Named) -> None:
        self._write(schema.NAMED, row.distribution, row.package, row.vendor, row.product, self._feed)

    @_add.register
    def _(self, row: Support) -> None:
        self._write(schema.SUPPORT, row.product, self._feed, row.lines)

    def _flush(self) -> None:
        for name, rows in self._rows.items():
            self._connection.executemany(INSERT[name], rows)
        self._rows.clear()
        self._waiting = 0

    def _finish(self) -> None:
        for name, reason in self.told.reasons:
            self._write(schema.SKIPPED, self._feed, name, reason)
        moment = self._now.isoformat(timespec="seconds")
        newest = _day(self.told.newest)
        if self._extent is Extent.CHANGES:
            row = self._connection.execute("SELECT newest FROM feed WHERE name = ?", (self._feed,)).fetchone()
            newest = max(newest, row[0] if row else "")
        self._write(schema.FEED, self._feed, self._checked(newest), moment, newest, self.cursor, self.told.skipped)
        self._flush()
        repack(self._connection)

    def _checked(self, newest: str) -> str:
        """Until when what was taken holds: now, if it was asked of upstream; files hold until they were `written`, or
        until the newest day that is in them, which a copy does not move."""
        if self._written is None:
            return self._now.isoformat(timespec="seconds")
        written = min(self._written, self._now)
        told = f"{newest}T23:59:59+00:00" if newest else ""
        return min(filter(None, (written.isoformat(timespec="seconds"), told)))


def repack(connection: sqlite3.Connection) -> None:
    """Make the packed form of the kernel's flaws anew."""
    connection.execute("DELETE FROM packed")
    connection.executemany(schema.PACKED.insert, list(pack(_flaws(connection))))


def _flaws(connection: sqlite3.Connection) -> Iterator[KernelFlaw]:
    last = ""
    for vulnerability, _, pairs, files in connection.execute(FLAWS, (BEFORE_ALL,)):
        if vulnerability != last:  # the first of those alike is the kernel feed's own
            last = vulnerability
            made = tuple((start, end) for start, _, end in (pair.partition(":") for pair in pairs.split()))
            yield KernelFlaw(vulnerability, made, tuple(files.split("\n")) if files else ())


def keyed(first: str, name: str) -> tuple[str, str]:
    """How a vendor or ecosystem and a name are looked for: in small letters, and as PyPI takes names for the same."""
    first, name = first.lower(), name.lower()
    if first == "pypi":
        name = name.replace("_", "-").replace(".", "-")
    return first, name


def pairs_text(pairs: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{start}:{end}" for start, end in pairs)


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
