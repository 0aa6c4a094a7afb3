"""One side of a comparison: what was judged of a build, and in a form that travels and is held against another's, which
files it has and what it starts and opens.
"""

from dataclasses import dataclass
from enum import StrEnum

from firmward.model.inventory import Inventory
from firmward.model.report import Report


class Knowledge(StrEnum):
    """The three states of a family of facts."""

    KNOWN = "known"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Item:
    """One of a family: its key, and its fields as text, by name."""

    key: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A family of facts at one moment; `reason` says why it is not known."""

    family: str
    knowledge: Knowledge
    items: tuple[Item, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PartFacts:
    """The facts of one judged root, by the id of its part."""

    part: str
    snapshots: tuple[Snapshot, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """A build to compare. `inventories` are those of its distinct file systems, None where only its report is at hand;
    `blobs` are the digests of kernels, device trees and boot loaders by part."""

    report: Report
    inventories: tuple[Inventory, ...] | None = None
    facts: tuple[PartFacts, ...] = ()
    blobs: tuple[tuple[str, str], ...] = ()
