"""What differs between two builds, as records: each change with both its sides, and whether it is for the worse."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.audit.drift import Drift
from firmward.audit.sight import WITHOUT_VERDICT
from firmward.audit.tree_difference import TreeDifference
from firmward.model.chain import State
from firmward.model.finding import Outcome, Severity
from firmward.model.report import Part, ReportedFinding


class Direction(StrEnum):
    WORSE = "worse"
    BETTER = "better"
    NEUTRAL = "neutral"


class FindingChanged(StrEnum):
    """How a finding differs, seen from the old build to the new."""

    NEW = "new"
    RAISED = "raised"
    """More severe than before."""
    REOPENED = "reopened"
    """Its accepted risk covers it no more."""
    SEEN = "seen"
    """Its check had no verdict in the old build, or was not asked: it may have been there."""
    FIXED = "fixed"
    LOWERED = "lowered"
    ACCEPTED = "accepted"
    NEW_ACCEPTED = "new-accepted"
    """It is new, and an accepted risk covers it."""
    UNSEEN = "unseen"
    """Its check has no verdict in the new build, or was not asked: it may still be there."""
    DROPPED = "dropped"
    """An accepted one that is not there any more."""


RANKS = {State.VERIFIED: 0, State.UNKNOWN: 1, State.UNVERIFIED: 2, State.BROKEN: 2}
"""How far a link is from holding."""
WORSE = (FindingChanged.RAISED, FindingChanged.NEW, FindingChanged.REOPENED, FindingChanged.SEEN)
BETTER = (FindingChanged.FIXED, FindingChanged.LOWERED)


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding that differs: as it was, and as it is."""

    changed: FindingChanged
    was: ReportedFinding | None
    now: ReportedFinding | None

    @property
    def finding(self) -> ReportedFinding:
        found = self.now or self.was
        if found is None:
            raise ValueError("a change of no finding")
        return found

    @property
    def severity(self) -> Severity:
        return self.finding.severity

    @property
    def direction(self) -> Direction:
        if self.changed in WORSE:
            return Direction.WORSE
        return Direction.BETTER if self.changed in BETTER else Direction.NEUTRAL


@dataclass(frozen=True, slots=True)
class CheckChange:
    """A check with another outcome, in one part (of the new build) or over all (None); None on a side that was not
    asked. `reason` is the newer one."""

    check: str
    title: str
    severity: Severity
    part: str | None
    was: Outcome | None
    now: Outcome | None
    reason: str | None = None
    was_blind: bool = False
    """What cannot be read now could not be read then: findings beside it are all that is gone."""

    @property
    def lost_verdict(self) -> bool:
        if self.was is None or self.was_blind:
            return False
        return self.now in WITHOUT_VERDICT and self.was not in WITHOUT_VERDICT

    @property
    def direction(self) -> Direction:
        """What findings say already, says the check too: it has failed, or fails no more."""
        if self.was is None or self.now is None:
            return Direction.NEUTRAL
        if self.lost_verdict:
            return Direction.WORSE
        if self.now is Outcome.FAIL:
            return Direction.NEUTRAL if self.was in WITHOUT_VERDICT else Direction.WORSE
        if self.now in WITHOUT_VERDICT:
            return Direction.NEUTRAL
        return Direction.BETTER if self.was in (*WITHOUT_VERDICT, Outcome.FAIL) else Direction.NEUTRAL


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part that came, went, or is not what it was: `differs` names fields."""

    was: Part | None
    now: Part | None
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FactChange:
    """A service or socket that differs, in the root `part` of the new build (or of the old, where it has gone)."""

    part: str
    drift: Drift


@dataclass(frozen=True, slots=True)
class Blind:
    """A family of facts that cannot be compared in a part, and why. `lost`: it was known in the old build."""

    part: str
    family: str
    reason: str
    lost: bool


@dataclass(frozen=True, slots=True)
class About:
    """A side: what was audited, by which firmward, and whether all of it was looked at."""

    name: str
    digest: str | None
    product: str | None
    version: str
    complete: bool
    exhausted: tuple[str, ...]
    open: int
    """Findings that are open in it."""
    unknown: int
    """Checks without a verdict."""
    checks: int


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link of the chain of trust with another state; None on a side whose chain has no such link. `why` is what shows
    the newer one."""

    link: str
    was: State | None
    now: State | None
    why: str

    @property
    def direction(self) -> Direction:
        """A link that is not there any more, or was not, says nothing by itself."""
        if self.was is None or self.now is None or RANKS[self.was] == RANKS[self.now]:
            return Direction.NEUTRAL
        return Direction.WORSE if RANKS[self.now] > RANKS[self.was] else Direction.BETTER


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed. `trees` is None where a side is a report, which says nothing of files, services and sockets."""

    old: About
    new: About
    findings: tuple[FindingChange, ...]
    checks: tuple[CheckChange, ...]
    parts: tuple[PartChange, ...]
    trees: tuple[TreeDifference, ...] | None
    facts: tuple[FactChange, ...]
    blind: tuple[Blind, ...]
    notes: tuple[str, ...] = ()
    links: tuple[LinkChange, ...] = ()

    @property
    def is_complete(self) -> bool:
        return self.old.complete and self.new.complete

    @property
    def is_empty(self) -> bool:
        lost = [one for one in self.blind if one.lost]
        seen = (self.findings, self.checks, self.parts, self.facts, lost, self.differing_trees, self.links)
        return not any(seen)

    @property
    def differing_trees(self) -> tuple[TreeDifference, ...]:
        return tuple(tree for tree in self.trees or () if tree.total)

    @property
    def lost(self) -> tuple[CheckChange, ...]:
        """The checks that lost their verdict."""
        return tuple(change for change in self.checks if change.lost_verdict)

    def worse(self, at_least: Severity) -> bool:
        """Whether a finding this severe or worse came, rose or came into sight, or such a check lost its verdict."""
        ranks = [change.severity.rank for change in self.findings if change.direction is Direction.WORSE]
        ranks += [change.severity.rank for change in self.lost]
        return any(rank <= at_least.rank for rank in ranks)
