"""The chain of trust: what starts what, from the boot ROM to plug-ins and updates, and who verifies each link."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from firmward.model.location import Location

BOOT_ROM, FIRST_STAGE, BOOT_LOADER, KERNEL = "boot-rom", "first-stage", "boot-loader", "kernel"
ROOT, PLUG_INS, UPDATES = "root", "plug-ins", "updates"
LINKS = (BOOT_ROM, FIRST_STAGE, BOOT_LOADER, KERNEL, ROOT, PLUG_INS, UPDATES)
"""Names of links, in the order in which one starts the next."""


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


def first_open(chain: Sequence[Link]) -> Link | None:
    """The first link that is known not to hold."""
    return next((link for link in chain if link.is_open), None)


def first_unproven(chain: Sequence[Link]) -> Link | None:
    """The first link that is not verified, known or not."""
    return next((link for link in chain if link.state is not State.VERIFIED), None)
