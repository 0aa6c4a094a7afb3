"""What is known of vulnerabilities, read from the local database: what the matching asks, and how old it is.

Sources contradict each other, and each keeps its own rows; only what a vulnerability is called and how it is scored is
told in one record, the words of CVE's list before the kernel's, NVD's and OSV's. Rejected vulnerabilities have no
claims, fixes or flaws here, whichever feed still has some.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.model.vulnerability import KnownExploited, Score
from firmward.vulns import schema
from firmward.vulns.bodies import claim_of
from firmward.vulns.fields import CVE
from firmward.vulns.intake import keyed
from firmward.vulns.packed import KernelFlaws, unpack
from firmward.vulns.record import About, Claim, Fix

PRECEDENCE = ("cve", "kernel", "nvd", "osv")
"""Whose words are taken first; the others' come behind in the order of their names."""
OWN_DISTRIBUTIONS = ("debian", "alpine", "openwrt")
"""Feeds whose word on their distribution counts before OSV's copy of it."""
CHUNK = 400
"""Values in one query."""
IS_REJECTED = "EXISTS (SELECT 1 FROM about r WHERE r.vulnerability = t.vulnerability AND r.rejected = 1)"
COUNTED = (schema.ABOUT, schema.CLAIM, schema.FIX, schema.KERNEL, schema.EXPLOITED, schema.PROBABILITY, schema.NAMED,
           schema.SUPPORT)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """One feed in the database: when it was last `checked` for news and `updated`, the `newest` day on which a record
    of it changed (None where its records have no days), `rows` by table, how many records of the last update were
    `skipped`, and of the first of these name and reason."""

    name: str
    checked: datetime
    updated: datetime
    newest: date | None
    rows: Mapping[str, int]
    skipped: int
    reasons: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """The database as a whole, `size` in bytes."""

    path: Path
    size: int
    feeds: tuple[FeedStatus, ...]

    @property
    def as_of(self) -> datetime | None:
        """When the feed was checked that was checked longest ago: nothing is known for certain beyond. None without
        any."""
        return min((feed.checked for feed in self.feeds), default=None)

    @property
    def newest(self) -> date | None:
        return max((feed.newest for feed in self.feeds if feed.newest is not None), default=None)

    def age(self, today: date) -> int | None:
        """Whole days since `as_of`; None without data."""
        return None if self.as_of is None else max((today - self.as_of.date()).days, 0)


class Database:
    """Implements the matching's Knowledge. Raises InputError where the file is none of ours, or damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = schema.open_reading(path)
        self._kernel: KernelFlaws | None = None

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def claims(self, products: Iterable[tuple[str, str]]) -> Sequence[Claim]:
        found: dict[int, Claim] = {}
        with self._told():
            for first, product in dict.fromkeys(products):
                key, name = keyed(first, product)
                narrowed = "" if not key else " AND key = ?"
                statement = (
                    "SELECT rowid, vulnerability, feed, said_by, body FROM claim t"  # noqa: S608 - our own words
                    f" WHERE name = ?{narrowed} AND NOT {IS_REJECTED}"
                )
                for row, *rest in self._connection.execute(statement, (name, key) if key else (name,)):
                    if row not in found:
                        found[row] = claim_of(*rest)
        return tuple(found.values())

    def fixes(self, distribution: str, packages: Iterable[str]) -> Sequence[Fix]:
        statement = (
            "SELECT vulnerability, distribution, package, fixed, urgency, feed FROM fix t"  # noqa: S608
            f" WHERE distribution = ? AND package = ? AND NOT {IS_REJECTED}"
        )
        found: dict[tuple[str, str], Fix] = {}
        with self._told():
            for package in dict.fromkeys(packages):
                rows = self._connection.execute(statement, (distribution, package)).fetchall()
                for vulnerability, *fields, feed in sorted(rows, key=lambda row: row[5] in OWN_DISTRIBUTIONS):
                    del feed
                    found[vulnerability, package] = Fix(vulnerability, *fields)
        return tuple(found.values())

    def covers(self, distribution: str) -> bool:
        with self._told():
            statement = "SELECT EXISTS (SELECT 1 FROM fix WHERE distribution = ?)"
            return bool(self._connection.execute(statement, (distribution,)).fetchone()[0])

    def kernel(self) -> KernelFlaws:
        if self._kernel is None:
            with self._told():
                self._kernel = unpack(dict(self._connection.execute("SELECT name, content FROM packed")))
        return self._kernel

    def about(self, ids: Iterable[str]) -> Mapping[str, About]:
        with self._told():
            made = self._described(tuple(dict.fromkeys(ids)))
            # exploits and probabilities are known by CVE's names alone
            other = {
                name: next((one for one in about.aliases if CVE.fullmatch(one)), "") for name, about in made.items()
            }
            asked = tuple(dict.fromkeys(alias for name, alias in other.items() if alias and not CVE.fullmatch(name)))
            used = self._used((*made, *asked))
        for name, about in made.items():
            exploited, epss = used.get(name) or used.get(other[name]) or (None, None)
            if exploited is not None or epss is not None:
                made[name] = replace(about, exploited=exploited, epss=epss)
        return {name: about for name, about in made.items() if about != About(name)}

    def names(self, distribution: str, package: str) -> tuple[tuple[str, str], ...]:
        """What CPE calls a distribution's package, as the distribution says: vendor and product."""
        with self._told():
            statement = "SELECT DISTINCT vendor, product FROM named WHERE distribution = ? AND package = ?"
            return tuple(self._connection.execute(statement, (distribution, package)))

    def support(self) -> Mapping[str, str]:
        """Lines of support by product, in JSON: what lifecycle.py makes a file of dates of."""
        with self._told():
            return dict(self._connection.execute("SELECT product, lines FROM support ORDER BY product"))

    def days(self) -> tuple[tuple[str, date], ...]:
        """Each feed with the day on which it was checked, by name: what every audit asks, without counting rows."""
        with self._told():
            rows = self._connection.execute("SELECT name, checked FROM feed ORDER BY name")
            return tuple((name, datetime.fromisoformat(checked).date()) for name, checked in rows)

    def status(self) -> DatabaseStatus:
        with self._told():
            feeds = tuple(self._feeds())
        return DatabaseStatus(self.path, self.path.stat().st_size, feeds)

    def _feeds(self) -> Iterator[FeedStatus]:
        counts = {
            table.name: dict(self._connection.execute(f"SELECT feed, count(*) FROM {table.name} GROUP BY feed"))  # noqa: S608
            for table in COUNTED
        }
        for name, checked, updated, newest, _, skipped in self._connection.execute("SELECT * FROM feed ORDER BY name"):
            reasons = self._connection.execute("SELECT name, reason FROM skipped WHERE feed = ?", (name,)).fetchall()
            rows = {table: by_feed[name] for table, by_feed in counts.items() if by_feed.get(name)}
            day = date.fromisoformat(newest) if newest else None
            moments = datetime.fromisoformat(checked), datetime.fromisoformat(updated)
            yield FeedStatus(name, *moments, day, rows, skipped, tuple(reasons))

    def _described(self, ids: Sequence[str]) -> dict[str, About]:
        made = {name: About(name) for name in ids}
        rows = list(self._of("SELECT * FROM about WHERE vulnerability IN", ids))
        for name, _, *fields in sorted(rows, key=lambda row: (_rank(row[1]), row[1])):
            made[name] = _joined(made[name], fields)
        return made

    def _used(self, ids: Sequence[str]) -> dict[str, tuple[KnownExploited | None, float | None]]:
        exploited = {
            name: KnownExploited(date.fromisoformat(added), date.fromisoformat(due) if due else None, bool(ransomware))
            for name, _, added, due, ransomware in self._of("SELECT * FROM exploited WHERE vulnerability IN", ids)
        }
        epss = {name: number for name, _, number in self._of("SELECT * FROM probability WHERE vulnerability IN", ids)}
        return {name: (exploited.get(name), epss.get(name)) for name in exploited.keys() | epss.keys()}

    def _of(self, statement: str, ids: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(ids), CHUNK):
            some = ids[start : start + CHUNK]
            yield from self._connection.execute(f"{statement} ({', '.join('?' * len(some))})", some)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with schema.told(self.path):
                yield
        except (Malformed, ValueError, TypeError) as error:
            raise InputError(f"{self.path}: is damaged: {error}; remove it and update anew"[:300]) from error


def _rank(feed: str) -> int:
    return PRECEDENCE.index(feed) if feed in PRECEDENCE else len(PRECEDENCE)


def _joined(about: About, fields: Sequence[str]) -> About:
    """What is known already, with what another feed says added: its words where there were none."""
    title, description, published, modified, cwes, aliases, scores, rejected = fields
    given = tuple(Score(*one) for one in json.loads(scores)) if scores else ()
    return About(
        about.id,
        about.title or title,
        about.description or description,
        about.published or _day(published),
        max((day for day in (about.modified, _day(modified)) if day is not None), default=None),
        tuple(dict.fromkeys((*about.cwes, *map(int, cwes.split())))),
        tuple(dict.fromkeys((*about.aliases, *aliases.split()))),
        tuple(dict.fromkeys((*about.scores, *given))),
        is_rejected=about.is_rejected or bool(rejected),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
