"""The record of one way to update; every mechanism gives it."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.model.finding import Severity
from firmward.model.location import Location
from firmward.model.remedy import Change


class Aspect(StrEnum):
    """What is asked of an updater."""

    SIGNATURE = "signature"
    TRANSPORT = "transport"
    DOWNGRADE = "downgrade"
    FALLBACK = "fallback"
    AUTOMATIC = "automatic"


class Kind(StrEnum):
    """What it replaces."""

    IMAGE = "image"
    """The system as a whole."""
    PACKAGES = "packages"
    """The system, package by package, in place."""
    PART = "part"
    """Something beside the system: applications, the firmware of a component."""


class Server(StrEnum):
    """How far the server that it asks is known to be the right one."""

    NONE = "none"
    """It asks none: somebody hands it the file."""
    TLS = "tls"
    """Its certificate is checked."""
    ANYONE = "anyone"
    """Whoever is on the way can answer."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Remark:
    """A weakness. `key` is stable within the updater; `instead` is the cure, `changes` where it can be written;
    `severity` where it is not the check's."""

    aspect: Aspect
    key: str
    says: str
    instead: str
    at: Location
    changes: tuple[Change, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """An aspect that could not be decided, and why."""

    aspect: Aspect
    reason: str


@dataclass(frozen=True, slots=True)
class Updater:
    """One configured way to update.

    `name` is the mechanism's (`rauc`, `apt`) or `script PATH`; `at` is what configures it; `automatic` whether it
    fetches by itself.
    """

    name: str
    kind: Kind
    at: Location
    server: Server = Server.NONE
    automatic: bool = False
    remarks: tuple[Remark, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def is_system(self) -> bool:
        """Whether it replaces the system itself, which applications and component firmware do not."""
        return self.kind is not Kind.PART

    def about(self, aspect: Aspect) -> tuple[Remark, ...]:
        return tuple(remark for remark in self.remarks if remark.aspect is aspect)

    def doubted(self, aspect: Aspect) -> tuple[str, ...]:
        return tuple(doubt.reason for doubt in self.doubts if doubt.aspect is aspect)
