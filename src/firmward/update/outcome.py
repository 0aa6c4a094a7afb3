"""What a check came to, for people, for programs, and for `status` afterwards."""

from dataclasses import dataclass

from firmward.formats.canonical_json import Json, encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.trust.clock import FLOOR, WALL, Clock
from firmward.trust.store import Store

SCHEMA = "firmward.update/1"
FILE = "checked"
CURRENT, UPDATE, INSTALLED, REFUSED, UNKNOWN = "current", "update", "installed", "refused", "unknown"
REASON_LIMIT = 1000
TIME_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class Outcome:
    """`outcome` is one of the words above. `version` is the one that is offered, empty where none is. `clock` is what
    stood for the time, None where it did not come to that. `expired` is metadata that was taken by grace alone."""

    outcome: str
    reason: str
    version: str = ""
    clock: Clock | None = None
    expired: tuple[str, ...] = ()

    def table(self) -> dict[str, Json]:
        clock: Json = None
        if self.clock is not None:
            clock = {"now": self.clock.now, "source": self.clock.source, "wall": self.clock.wall}
        return {
            "schema": SCHEMA,
            "outcome": self.outcome,
            "reason": printable(self.reason[:REASON_LIMIT]),
            "version": self.version,
            "clock": clock,
            "expired": [printable(one) for one in self.expired],
        }

    def lines(self) -> tuple[str, ...]:
        said = [f"{self.outcome}: {printable(self.reason)}"]
        if self.clock is not None and self.clock.source != WALL:
            said.append(f"the clock is wrong; taken is the time {_SOURCES[self.clock.source]}")
        if self.expired:
            said.append(f"taken by grace, for it has expired: {printable(', '.join(self.expired))}")
        return tuple(said)


_SOURCES = {"built": "when the system was built", FLOOR: "when the metadata was signed that was accepted last"}


def printable(text: str) -> str:
    """A reason may hold what a server says: no terminal obeys any of it, and JSON has no control characters."""
    return "".join(one if one.isprintable() else "?" for one in text)


def keep(store: Store, outcome: Outcome) -> None:
    """Raises DeviceError."""
    store.keep(FILE, encode(outcome.table()))


def kept(store: Store) -> Outcome | None:
    """The last one, None where there is none or it is damaged."""
    content = store.recall(FILE)
    try:
        return None if content is None else _outcome(Table(parse(content), FILE))
    except Malformed:
        return None


def _outcome(table: Table) -> Outcome:
    return Outcome(
        table.text("outcome", 16),
        table.text("reason", REASON_LIMIT),
        table.text("version", 64),
        None if table.is_null("clock") else _clock(table.table("clock")),
        table.texts("expired", 1 << 10),
    )


def _clock(table: Table) -> Clock:
    return Clock(table.whole("now", most=TIME_LIMIT), table.text("source", 16), table.whole("wall", most=TIME_LIMIT))
