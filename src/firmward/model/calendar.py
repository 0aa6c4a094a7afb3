"""What falls out of support when: the record that reports carry. Days are texts such as `2028-06-30`."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.model.location import Location


class State(StrEnum):
    """Of one entry, on the day of the calendar."""

    PAST = "past"
    """Nobody mends it any more."""
    EARLY = "early"
    """It ends before the support of the product does."""
    LASTS = "lasts"
    """It lasts as long as the product, or it is not known how long that must be."""
    OPEN = "open"
    """It is supported, and no end is announced."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing with a life: `kind` is kernel, boot-loader, distribution or component, `product` its name among the
    facts of support, `title` that for people.

    `line` is what is supported together, `end` the last day of that, None where none is known; `is_rule` says that the
    end follows from a rule and was announced by nobody. `by` says who supports it, `carrier` which distribution keeps
    it, `reason` why its state is unknown.
    """

    kind: str
    product: str
    title: str
    version: str
    state: State
    line: str | None = None
    end: str | None = None
    is_rule: bool = False
    by: str = ""
    carrier: str | None = None
    reason: str | None = None
    at: Location | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """All `entries` as they stand on the day `today`, by dates that were known `as_of` another, what ends first before
    the others. `support_end` is the last day of the product's own support, None where none is declared; `notes` say
    what could not be looked at."""

    today: str
    as_of: str
    entries: tuple[Entry, ...]
    support_end: str | None = None
    notes: tuple[str, ...] = ()
