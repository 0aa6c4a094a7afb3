"""Facts have three states: a record, None (looked, and it is not there) and Unknown (could not look)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, cast

Record = TypeVar("Record")


class Source(StrEnum):
    IMAGE = "image"
    """Bytes at rest."""
    LIVE = "live"
    """Claimed by the running device."""
    ATTESTED = "attested"
    """Claimed, and backed by a verified quote."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It could not be looked at."""

    reason: str


class Unavailable(Exception):  # noqa: N818 - it is a state of knowledge, not a fault of the program
    """Raised by a collector, a parser or a check that cannot look; becomes `Unknown(reason)`."""

    @property
    def reason(self) -> str:
        return str(self)


class OutOfTime(BaseException):
    """Raised wherever the work is when the time for all is over; who set the alarm turns it into `Unknown`.

    No `Exception`, so that nobody on the way takes it for a fault of his own.
    """


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one subject at one moment."""

    subject: str
    source: Source
    families: Mapping[type, object]

    def get(self, family: type[Record]) -> Record | None | Unknown:
        """The family's record, None or Unknown; a family nobody collected is Unknown, never None."""
        if family not in self.families:
            return Unknown(f"{family.__name__} was not collected")
        return cast("Record | None | Unknown", self.families[family])
