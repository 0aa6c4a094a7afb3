"""What hardening one root did: how it stood before and after, what became of every finding, what was changed."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.model.finding import Severity
from firmward.model.remedy import Remedy
from firmward.model.report import Budget, Subject
from firmward.model.tree import Entry


class Fate(StrEnum):
    """What became of a finding."""

    CURED = "cured"
    BESIDE = "beside"
    """Its cure is in a fragment beside the root, and counts when the kernel or the boot loader is built with it."""
    UNSAFE = "unsafe"
    """`--unsafe` applies its cure."""
    MANUAL = "manual"
    FACTORY = "factory"
    REFUSED = "refused"
    """Its cure cannot be applied to this root."""
    NO_CURE = "no-cure"
    """No cure is written down for it."""
    NOT_ASKED = "not-asked"
    """`--only` names others."""
    KEPT = "kept"
    """Its cure was applied, and it is still found: a fault of ours."""
    NEW = "new"
    """It was not found before: a fault of ours."""


@dataclass(frozen=True, slots=True)
class Treated:
    """An open finding and what became of it; `reason` says why it is left, or
    that another finding's cure has cured it."""

    check: str
    key: str
    severity: Severity
    message: str
    place: str
    fate: Fate
    reason: str = ""
    remedy: Remedy | None = None

    @property
    def name(self) -> str:
        return f"{self.check}[{self.key}]" if self.key else self.check


@dataclass(frozen=True, slots=True)
class State:
    """What stands at a path; `sha256` is that of a regular file's content."""

    entry: Entry
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of one path: `before` is None for what was added, `after` for what was removed."""

    path: str
    before: State | None
    after: State | None


Counts = tuple[tuple[Severity, int], ...]
"""How many open findings of each severity, the worst first."""


@dataclass(frozen=True, slots=True)
class Hardening:
    """The root `part` of the subject, before and after.

    `findings` are those that were open before, `new` those that came. `broken` are functions that the policy declares,
    that the root had, and has no more. `accepted` findings are left alone. `unknown` counts the checks without a
    verdict, afterwards. `beside` names the files beside the root.
    """

    subject: Subject
    part: str
    before: Counts
    after: Counts
    findings: tuple[Treated, ...]
    new: tuple[Treated, ...]
    broken: tuple[str, ...]
    accepted: int
    judged: int
    unknown: int
    notes: tuple[str, ...]
    changed: tuple[Changed, ...]
    beside: tuple[str, ...]
    budget: Budget

    def of(self, *fates: Fate) -> tuple[Treated, ...]:
        return tuple(one for one in (*self.findings, *self.new) if one.fate in fates)

    @property
    def is_faulty(self) -> bool:
        """Whether it did what it promised not to: a new finding of medium or above, a cure that does not cure, a
        declared function that is gone."""
        came = any(one.severity.rank <= Severity.MEDIUM.rank for one in self.new)
        return came or bool(self.broken) or bool(self.of(Fate.KEPT))
