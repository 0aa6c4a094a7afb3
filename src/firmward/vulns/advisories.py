"""What a local database says of the components of an image: the advisories that an audit asks (facts/advisories.py).

The file is opened where it is asked, which may be a process of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from firmward.facts.advisories import Advisories, Surroundings
from firmward.model.component import Component
from firmward.model.errors import InputError
from firmward.model.facts import Unknown
from firmward.model.vulnerability import KnownVulnerabilities
from firmward.vulns.database import Database, DatabaseStatus
from firmward.vulns.match import Matches, of_image
from firmward.vulns.rank import ranked

NAMED = 3
"""Components that a note names."""


class DatabaseAdvisories(Advisories):
    """By the database in a file. `today` is the day that decisions are dated with."""

    def __init__(self, path: Path, today: date) -> None:
        self._path = path
        self._today = today

    @property
    def places(self) -> tuple[Path, ...]:
        return (self._path,)

    def known(self, components: Sequence[Component], surroundings: Surroundings) -> KnownVulnerabilities | Unknown:
        try:
            with Database(self._path) as database:
                status = database.status()
                if status.as_of is None:
                    return Unknown(f"{self._path.name} has no data yet: firmward vulns update gets them")
                every = list(of_image(components, database))
        except InputError as error:
            return Unknown(str(error))
        found = ranked(every, surroundings.ways)
        doubtful = frozenset(one.component.ref for one in every if one.unknown or one.doubts)
        return KnownVulnerabilities(found, status.as_of.date(), tuple(_notes(every)), _feeds(status), doubtful)


def _feeds(status: DatabaseStatus) -> tuple[tuple[str, str], ...]:
    return tuple((feed.name, feed.checked.date().isoformat()) for feed in status.feeds)


def _notes(every: Iterable[Matches]) -> Iterator[str]:
    """What could not be told, alike of several components at once."""
    reasons: dict[str, list[str]] = {}
    doubts: dict[str, int] = {}
    for one in every:
        name = one.component.name
        for reason in one.unknown:
            reasons.setdefault(reason.replace(name, "it"), []).append(name)
        if one.doubts:
            doubts[f"{name} {one.component.version}".strip()] = len(one.doubts)
    for reason, names in reasons.items():
        yield f"{_listed(names)}: {reason}"
    if doubts:
        yield f"it is not known whether {sum(doubts.values())} more vulnerabilities apply, to {_listed(list(doubts))}"


def _listed(names: Sequence[str]) -> str:
    told = ", ".join(names[:NAMED])
    return f"{told} and {len(names) - NAMED} more" if len(names) > NAMED else told
