"""What changed from one build to the next: findings, checks, parts, files, services and sockets.

Findings are known by their fingerprints; where a part has another name in the other build, by check, key and path in
the part that it is paired with. What nobody could look at has neither gone nor come: a finding whose check has no
verdict on the other side is out of sight there, and never mended. A check that loses its verdict is worse, since it may
hide whatever it asks about.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from firmward.audit.drift import Drift, drift
from firmward.audit.part_pairs import pairs
from firmward.audit.redact import redact, redacted
from firmward.audit.tree_difference import Manner, TreeDifference, tree_difference
from firmward.model.finding import Outcome, Severity
from firmward.model.inventory import Inventory
from firmward.model.report import CheckResult, Part, Report, ReportedFinding
from firmward.model.side import Side

WITHOUT_VERDICT = (Outcome.UNKNOWN, Outcome.ERROR)
UNOWNED = "foreign"
"""The kind of a part that another program unpacked: its owners and modes are not the image's."""


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

    @property
    def is_complete(self) -> bool:
        return self.old.complete and self.new.complete

    @property
    def is_empty(self) -> bool:
        lost = [one for one in self.blind if one.lost]
        return not (self.findings or self.checks or self.parts or self.facts or lost or self.differing_trees)

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


def difference(old: Side, new: Side, manner: Manner | None = None) -> Difference:
    """Everything that changed from an old build to a new one. Raises InputError for inventories that are none."""
    paired = pairs(old.report.parts, new.report.parts)
    trees = _trees(old, new, paired, manner or Manner())
    facts, blind = _facts(old, new, paired)
    return redacted(
        Difference(
            about(old.report),
            about(new.report),
            tuple(_findings(old.report, new.report, paired)),
            tuple(_checks(old.report, new.report, paired)),
            tuple(_parts(old, new, paired)),
            trees,
            facts,
            blind,
            tuple(_notes(old, new, paired)),
        )
    )


def about(report: Report) -> About:
    return About(
        report.subject.name,
        report.subject.digest,
        report.product,
        report.version,
        report.budget.complete,
        report.budget.exhausted,
        sum(1 for finding in report.findings if finding.outcome == "fail"),
        report.unknown,
        len(report.checks),
    )


def _findings(old: Report, new: Report, paired: Mapping[str, str]) -> Iterator[FindingChange]:
    back = {theirs: mine for mine, theirs in paired.items()}
    olds, news = Sight(old), Sight(new)
    changes = []
    for was, now in _matched(old.findings, new.findings, paired):
        if was is None and now is not None:
            seen = _is_seen(olds.blind(now.check, _in_pair(now, back)), news.blind(now.check, _part_of(now)))
            changes.append(FindingChange(_came(now, seen=seen), None, now))
        elif now is None and was is not None:
            seen = _is_seen(news.blind(was.check, _in_pair(was, paired)), olds.blind(was.check, _part_of(was)))
            changes.append(FindingChange(_went(was, seen=seen), was, None))
        elif was is not None and now is not None and (changed := _turned(was, now)):
            changes.append(FindingChange(changed, was, now))
    kinds = list(FindingChanged)
    yield from sorted(
        changes,
        key=lambda change: (
            change.severity.rank,
            kinds.index(change.changed),
            change.finding.check,
            change.finding.key,
            change.finding.fingerprint,
        ),
    )


def _matched(
    old: Sequence[ReportedFinding], new: Sequence[ReportedFinding], paired: Mapping[str, str]
) -> Iterator[tuple[ReportedFinding | None, ReportedFinding | None]]:
    """Findings of both sides, None where a side has no such one. A check that broke is told as a check."""
    olds = [finding for finding in old if finding.outcome != "error"]
    news = [finding for finding in new if finding.outcome != "error"]
    for mine, theirs in (
        (lambda finding: finding.fingerprint, lambda finding: finding.fingerprint),
        (lambda finding: _identity(finding, paired), lambda finding: _identity(finding, None)),
        # a key is distinct in its part, and what it names may be told of another file
        (lambda finding: _identity(finding, paired)[:3], lambda finding: _identity(finding, None)[:3]),
    ):
        waiting: dict[object, list[ReportedFinding]] = {}
        for finding in reversed(news):
            waiting.setdefault(theirs(finding), []).append(finding)
        left = []
        for finding in olds:
            same = waiting.get(mine(finding))
            if same:
                yield finding, same.pop()
            else:
                left.append(finding)
        olds, news = left, [finding for several in waiting.values() for finding in reversed(several)]
    yield from ((finding, None) for finding in olds)
    yield from ((None, finding) for finding in news)


def _identity(finding: ReportedFinding, paired: Mapping[str, str] | None) -> tuple[str | None, ...]:
    part = finding.at.part if finding.at else None
    there = part if paired is None or part is None else paired.get(part)
    return (finding.check, finding.key, there, finding.at.path if finding.at else None)


def _is_seen(there: str | None, here: str | None) -> bool:
    """Whether a check would have found it on the other side too: it looked at everything there, or at all but the same
    as here."""
    return there is None or (there == here and there != NOT_ASKED)


def _part_of(finding: ReportedFinding) -> str | None:
    return finding.at.part if finding.at else None


def _in_pair(finding: ReportedFinding, paired: Mapping[str, str]) -> str | None:
    return paired.get(finding.at.part) if finding.at and finding.at.part else None


def _came(now: ReportedFinding, *, seen: bool) -> FindingChanged:
    if now.outcome == "accepted":
        return FindingChanged.NEW_ACCEPTED
    return FindingChanged.NEW if seen else FindingChanged.SEEN


def _went(was: ReportedFinding, *, seen: bool) -> FindingChanged:
    if not seen:
        return FindingChanged.UNSEEN
    return FindingChanged.DROPPED if was.outcome == "accepted" else FindingChanged.FIXED


def _turned(was: ReportedFinding, now: ReportedFinding) -> FindingChanged | None:
    if was.outcome != now.outcome:
        return FindingChanged.ACCEPTED if now.outcome == "accepted" else FindingChanged.REOPENED
    if now.outcome == "accepted" or was.severity is now.severity:
        return None
    return FindingChanged.RAISED if now.severity.rank < was.severity.rank else FindingChanged.LOWERED


class Sight:
    """Where a report's checks looked to the end: what they do not find there is not there."""

    def __init__(self, report: Report) -> None:
        self._over_all = {check.check: _blind(check) for check in report.checks}
        self._in_part = {
            (check.check, part.part): blind_spot(part.outcome, part.reason)
            for check in report.checks
            for part in check.parts
        }

    def blind(self, check: str, part: str | None) -> str | None:
        """Why a check did not look at all of a part; over all, where it says nothing of that part."""
        over_all = self._over_all.get(check, NOT_ASKED)
        return over_all if part is None else self._in_part.get((check, part), over_all)


NOT_ASKED = "was not asked"


def _blind(check: CheckResult) -> str | None:
    spots = [blind_spot(part.outcome, part.reason) for part in check.parts]
    return blind_spot(check.outcome, check.reason) or next((spot for spot in spots if spot is not None), None)


def blind_spot(outcome: Outcome, reason: str | None) -> str | None:
    """Why a check could not look at everything; None if it could. One that failed and gives a reason could not."""
    if outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        return None
    return reason if outcome is Outcome.FAIL else reason or outcome.value


def _checks(old: Report, new: Report, paired: Mapping[str, str]) -> Iterator[CheckChange]:
    olds = {check.check: check for check in old.checks}
    news = {check.check: check for check in new.checks}
    changes: list[CheckChange] = []
    for name in sorted(olds.keys() | news.keys()):
        was, now = olds.get(name), news.get(name)
        known = now or was
        if known is None:
            continue
        changes += _outcomes(known, was, now, paired)
    severest = sorted(changes, key=lambda change: (change.severity.rank, change.check, change.part or ""))
    yield from severest


def _outcomes(
    known: CheckResult, was: CheckResult | None, now: CheckResult | None, paired: Mapping[str, str]
) -> Iterator[CheckChange]:
    over_all = CheckChange(
        known.check,
        known.title,
        known.severity,
        None,
        was.outcome if was else None,
        now.outcome if now else None,
        now.reason if now else None,
        was is not None and now is not None and same_blind_spot(was.outcome, was.reason, now.outcome, now.reason),
    )
    if was is None or now is None:
        yield over_all
        return
    theirs = {part.part: part for part in now.parts}
    both = [(part, theirs[paired[part.part]]) for part in was.parts if paired.get(part.part) in theirs]
    turned = [
        replace(
            over_all,
            part=there.part,
            was=here.outcome,
            now=there.outcome,
            reason=there.reason,
            was_blind=same_blind_spot(here.outcome, here.reason, there.outcome, there.reason),
        )
        for here, there in both
        if here.outcome is not there.outcome
    ]
    if turned:
        yield from turned
    elif was.outcome is not now.outcome:
        yield over_all


def same_blind_spot(was: Outcome, was_reason: str | None, now: Outcome, now_reason: str | None) -> bool:
    """Whether a check could not look at something then, and cannot look at the same now."""
    spot = blind_spot(was, was_reason)
    return spot is not None and spot == blind_spot(now, now_reason)


def _parts(old: Side, new: Side, paired: Mapping[str, str]) -> Iterator[PartChange]:
    theirs = {part.id: part for part in new.report.parts}
    olds, news = ({redact(id_): digest for id_, digest in side.blobs} for side in (old, new))
    for was in old.report.parts:
        now = theirs.get(paired.get(was.id, ""))
        differs = () if now is None else tuple(_part_differs(was, now))
        if now is not None and was.id in olds and now.id in news and olds[was.id] != news[now.id]:
            differs = (*differs, "content")
        if now is None or differs:
            yield PartChange(was, now, differs)
    taken = set(paired.values())
    yield from (PartChange(None, part) for part in new.report.parts if part.id not in taken)


def _part_differs(was: Part, now: Part) -> Iterator[str]:
    """What a person would see: where a part lies changes with every build."""
    if was.kind != now.kind:
        yield "kind"
    if was.role is not now.role:
        yield "role"
    if was.size != now.size and was.parent is not None:
        yield "size"
    if (was.problem is None) is not (now.problem is None):
        yield "problem"
    if (was.same_as is None) is not (now.same_as is None):
        yield "same_as"


def _trees(old: Side, new: Side, paired: Mapping[str, str], manner: Manner) -> tuple[TreeDifference, ...] | None:
    if old.inventories is None or new.inventories is None:
        return None
    olds, news = _inventories(old.report, old.inventories), _inventories(new.report, new.inventories)
    kinds = {part.id: part.kind for part in (*old.report.parts, *new.report.parts)}
    done: dict[tuple[str, str], None] = {}
    for mine, theirs in paired.items():
        if mine in olds and theirs in news:
            done[olds[mine].part, news[theirs].part] = None
    by_id = {redact(one.part): one for one in old.inventories}, {redact(one.part): one for one in new.inventories}
    found = []
    for was, now in done:
        owned = UNOWNED not in (kinds.get(redact(was)), kinds.get(redact(now)))
        each = replace(manner, owners=owned)
        found.append(tree_difference(by_id[0][redact(was)], by_id[1][redact(now)], each))
    return tuple(found)


def _inventories(report: Report, known: Iterable[Inventory]) -> dict[str, Inventory]:
    """By the id of a part; an equal part has that of the one which was read."""
    own = {redact(inventory.part): inventory for inventory in known}
    same = {part.id: own[part.same_as] for part in report.parts if part.same_as in own}
    return own | {id_: inventory for id_, inventory in same.items() if id_ not in own}


def _facts(old: Side, new: Side, paired: Mapping[str, str]) -> tuple[tuple[FactChange, ...], tuple[Blind, ...]]:
    theirs = {redact(one.part): one for one in new.facts}
    changes: list[FactChange] = []
    blind: list[Blind] = []
    for was in old.facts:
        now = theirs.get(_judged_as(new.report, paired.get(redact(was.part), "")))
        if now is None:
            continue
        for one in drift(was.snapshots, now.snapshots):
            if isinstance(one, Drift):
                changes.append(FactChange(now.part, one))
            else:
                blind.append(Blind(now.part, one.family, one.reason, one.lost))
    return tuple(changes), tuple(blind)


def _judged_as(report: Report, id_: str) -> str:
    """An equal part's facts are those of the one that was judged."""
    return next((part.same_as for part in report.parts if part.id == id_ and part.same_as), id_)


def _notes(old: Side, new: Side, paired: Mapping[str, str]) -> Iterator[str]:
    if old.inventories is None or new.inventories is None:
        sides = [word for word, side in (("old", old), ("new", new)) if side.inventories is None]
        yield (
            f"Files, services and sockets were not compared: of the {' and the '.join(sides)} build only a report is "
            "at hand."
        )
    if old.report.version != new.report.version:
        yield (
            f"The reports are by different versions of firmward ({old.report.version}, {new.report.version}), whose "
            "checks may judge differently."
        )
    if old.report.product != new.report.product and None not in (old.report.product, new.report.product):
        yield f"The policy was declared for {old.report.product}, now for {new.report.product}."
    if not paired:
        yield "No part of the old build is known again in the new one."
