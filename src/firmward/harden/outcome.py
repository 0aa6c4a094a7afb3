"""What became of every finding, told from how the root stood before and how it stands after.

The rules this file holds:

- A finding is cured when it is found no more, whatever was done for it; never because its check has no verdict now.
  One that sees as little as before has lost nothing: what it found in spite of that, it would find again.
- Findings are known again by check and key, which stay; the place may be another after the cure.
- What is found afterwards and was not before is a fault of ours, and so is a cure that was applied and does not cure.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from firmward.harden.apply import Applied
from firmward.harden.plan import Cure, Plan
from firmward.model.finding import Severity
from firmward.model.hardening import Counts, Fate, Treated
from firmward.model.remedy import (
    Remedy,
    RemoveKernelWord,
    Safety,
    SetDeviceTreeProperty,
    SetKernelOption,
    SetKernelWord,
    SetUbootOption,
    Stage,
)

BESIDE = (SetKernelOption, SetKernelWord, RemoveKernelWord, SetUbootOption, SetDeviceTreeProperty)
"""Changes of what is no file of the root."""
BY_ANOTHER = "by the cure of another finding"
NO_CURE = "no cure is written down for it"


@dataclass(frozen=True, slots=True)
class Found:
    """An open finding. `elsewhere` is the part whose files its cure would change, where that is not the root that is
    hardened."""

    check: str
    key: str
    severity: Severity
    message: str
    place: str = ""
    elsewhere: str | None = None
    remedy: Remedy | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a root stands: what is found, and which checks have no verdict, with the reason. `doubts` are what checks
    could not see that found something all the same."""

    found: tuple[Found, ...]
    blind: Mapping[str, str]
    judged: int = 0
    accepted: int = 0
    doubts: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> Counts:
        counted = Counter(one.severity for one in self.found)
        return tuple((severity, counted[severity]) for severity in Severity)


@dataclass(frozen=True, slots=True)
class Outcome:
    findings: tuple[Treated, ...]
    new: tuple[Treated, ...]


def cures(found: Iterable[Found]) -> tuple[Cure, ...]:
    """The cures that findings bring; what would change a file of another part is none of this root's."""
    return tuple(
        Cure(one.check, one.key, one.severity, one.message, "", one.remedy)
        for one in found
        if one.remedy is not None and one.elsewhere is None
    )


def outcome(before: Standing, after: Standing, plan: Plan, applied: Applied, only: Collection[str] = ()) -> Outcome:
    there = _still_there(before.found, after.found)
    reasons = {(left.cure.check, left.cure.key): left.reason for left in plan.left}
    refused = {(left.cure.check, left.cure.key): left.reason for left in applied.refused}
    done = {(cure.check, cure.key) for cure in applied.done}
    findings = []
    for one in sorted(before.found, key=_order):
        name = one.check, one.key
        lost = after.blind.get(one.check)
        if lost is not None and lost not in (before.blind.get(one.check), before.doubts.get(one.check)):
            fate, reason = Fate.KEPT, f"its check has no verdict any more: {lost}"
        elif one not in there:
            fate, reason = Fate.CURED, "" if name in done else BY_ANOTHER
        else:
            fate, reason = _left(one, only, done=name in done, refused=refused.get(name), planned=reasons.get(name))
        findings.append(_treated(one, fate, reason))
    return Outcome(tuple(findings), tuple(_new(before, after)))


def _still_there(before: Iterable[Found], after: Iterable[Found]) -> set[Found]:
    """Those of before that are found again: at the same place first, then wherever."""
    places = Counter((one.check, one.key, one.place) for one in after)
    names = Counter((one.check, one.key) for one in after)
    there = set()
    ordered = sorted(before, key=_order)
    for one in ordered:
        if places[one.check, one.key, one.place]:
            places[one.check, one.key, one.place] -= 1
            names[one.check, one.key] -= 1
            there.add(one)
    for one in ordered:
        if one not in there and names[one.check, one.key]:
            names[one.check, one.key] -= 1
            there.add(one)
    return there


def _left(
    one: Found, only: Collection[str], *, done: bool, refused: str | None, planned: str | None
) -> tuple[Fate, str]:
    """Why a finding is still there."""
    if one.remedy is None:
        return Fate.NO_CURE, NO_CURE
    if one.elsewhere is not None:
        return Fate.REFUSED, f"it lies in {one.elsewhere}, which is not the root that is hardened"
    if only and one.check not in only and f"{one.check}[{one.key}]" not in only:
        return Fate.NOT_ASKED, "--only names others"
    if refused is not None:
        return Fate.REFUSED, refused
    if done:
        aside = any(isinstance(change, BESIDE) for change in one.remedy.changes)
        return (Fate.BESIDE, "built with what is written beside") if aside else (Fate.KEPT, "its cure was applied")
    return _fate(one.remedy), planned or ""


def _fate(remedy: Remedy) -> Fate:
    if remedy.safety is Safety.MANUAL or not remedy.changes:
        return Fate.FACTORY if remedy.stage is Stage.FACTORY else Fate.MANUAL
    return Fate.UNSAFE


def _new(before: Standing, after: Standing) -> Iterator[Treated]:
    """What came, or became worse."""
    known: dict[tuple[str, str], list[int]] = {}
    for one in sorted(before.found, key=_order):
        known.setdefault((one.check, one.key), []).append(one.severity.rank)
    for one in sorted(after.found, key=_order):
        ranks = known.get((one.check, one.key))
        if not ranks:
            yield _treated(one, Fate.NEW, "it was not found before")
        elif ranks.pop(0) > one.severity.rank:
            yield _treated(one, Fate.NEW, "it is more severe than before")


def _order(one: Found) -> tuple[object, ...]:
    return one.severity.rank, one.check, one.key, one.place, one.message


def _treated(one: Found, fate: Fate, reason: str) -> Treated:
    return Treated(one.check, one.key, one.severity, one.message, one.place, fate, reason, one.remedy)
