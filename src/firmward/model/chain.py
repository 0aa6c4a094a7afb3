"""The chain of trust: what starts what, from the boot ROM to plug-ins and updates, and who verifies each link."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.model.location import Location


class State(StrEnum):
    """Of one link, or of one piece of it."""

    VERIFIED = "verified"
    """What comes before checks it, and no way round was seen."""
    UNVERIFIED = "unverified"
    """Nothing checks it."""
    BROKEN = "broken"
    """It is checked, and there is a way round, or what is checked does not hold."""
    UNKNOWN = "unknown"
    """It cannot be told from what is here."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows the state of a link: what was seen in words, where, and the check that found it, if one did."""

    says: str
    at: Location | None = None
    check: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its name, its `state`, `by` whom or what it is verified or meant to be, and the `evidence`, what counts
    most first."""

    link: str
    state: State
    by: str | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is known not to hold."""
        return self.state in (State.UNVERIFIED, State.BROKEN)
