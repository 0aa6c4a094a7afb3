"""What the caged worker of `firmward harden` does: open, judge, apply cures to a draft, judge again, write.

Both judgements are of one root, with the rest of the image around it; equal roots, the other slot of an A/B system say,
get the same draft.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from firmward.cli.harden_write import Form, Hardened, write
from firmward.cli.judging import Question, Reading, left_out_of, opened
from firmward.harden.draft import Draft
from firmward.harden.outcome import Found, Outcome, Standing, cures, outcome
from firmward.harden.plan import plan
from firmward.model.errors import InputError
from firmward.model.facts import Source, Unavailable
from firmward.model.hardening import Changed, Hardening, State
from firmward.model.tree import Entry, Kind, Tree

if TYPE_CHECKING:
    from firmward.audit.engine import Verdict
    from firmward.cli.caged import Journal
    from firmward.cli.deadline import Deadline
    from firmward.harden.plan import Plan
    from firmward.harden.site import Site
    from firmward.image.foreign import Foreign
    from firmward.image.new_folder import NewFolder
    from firmward.image.opening import Image, Root
    from firmward.model.facts import Facts
    from firmward.model.finding import Finding


NO_POLICY = "without a policy (-p device.toml) nobody knows what the product needs, and fewer cures are safe"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked: which root, which cures, and in which form. Without a form nothing is written."""

    target: Path | None
    part: str | None
    unsafe: bool
    only: tuple[str, ...]
    form: Form | None


@dataclass(frozen=True, slots=True)
class Around:
    """What the worker is given beside the order."""

    journal: "Journal"
    avoided: Mapping[str, str]
    foreign: "Foreign | None"
    store: "NewFolder | None"


Answer = tuple[Hardening, tuple[Entry, ...], bool]
"""What was done, the entries of the folder `rootfs`, and whether these are to be given their owners."""


def harden(order: Order, question: Question, reading: Reading, around: Around) -> Answer:
    """Raises InputError."""
    from firmward.cli.deadline import Deadline

    seconds = reading.limits.seconds
    deadline = Deadline(time.monotonic() + seconds, f"not done within {seconds:g} s (--budget-seconds)")
    journal = around.journal
    image = opened(order.target, reading, journal, around.avoided, around.foreign, left_out_of(order.target).paths)
    root = chosen(image, order.part)
    journal.judge()
    round_ = _Round(image, root, question, reading, deadline, around)
    return round_.harden(order)


class _Round:
    """Audit, harden, audit."""

    def __init__(
        self, image: "Image", root: "Root", question: Question, reading: Reading, deadline: "Deadline", around: Around
    ) -> None:
        from firmward.cli.bills import bills_in
        from firmward.cli.verdicts import Case

        self._image, self._root, self._around = image, root, around
        self._lost: list[str] = []
        self._here = {root.part.id, *(part.id for part in image.parts if part.same_as == root.part.id)}
        self._case = Case(image, question, reading, Source.IMAGE, deadline, self._lost, bills_in(image))

    def harden(self, order: Order) -> Answer:
        from firmward.audit.kernel_rows import asked
        from firmward.harden.rounds import apply_rounds
        from firmward.harden.site import Beside, Site

        tell = self._around.journal.tell
        tell(f"Judging {self._root.part.id}")
        policy = self._case.question.policy
        before, facts = self._judged(self._root.tree)
        planned = plan(cures(before.found), unsafe=order.unsafe, only=order.only)
        tell(f"Applying {len(planned.chosen)} cures")
        after, facts_after = before, facts

        def judge(site: "Site") -> "tuple[Plan, Facts]":
            nonlocal after, facts_after
            tell("Judging what came of it")
            after, facts_after = self._judged(site.draft)
            return plan(cures(after.found), unsafe=order.unsafe, only=order.only), facts_after

        rows = asked(facts, policy, self._case.question.clock.today, unsafe=order.unsafe, only=order.only)
        given = Site(Draft(self._root.tree), facts, policy, Beside(rows=rows))
        site, applied = apply_rounds(planned, given, self._functions, judge)
        told = outcome(before, after, planned, applied, order.only)
        hardening = self._hardening(order, site, (before, after), told, facts_after, planned)
        hardened = Hardened(self._folder(order.target), site, self._root.part, hardening)
        entries: tuple[Entry, ...] = ()
        if order.form is not None and self._around.store is not None:
            entries = write(hardened, order.form, self._around.store, tell)
        return hardening, entries, hardened.owners_count

    def _folder(self, target: Path | None) -> Path | None:
        """Where the root lies as a folder on this machine."""
        from firmward.image.opening import FOLDER, TOP

        if self._root.part.kind != FOLDER:
            return None
        given = (one.path for one in self._case.reading.given if one.claim == "rootfs")
        return target if self._root.part.id == TOP else next(given, None)

    def _functions(self, site: "Site") -> frozenset[str]:
        from firmward.cli.verdicts import facts_of
        from firmward.harden import declared

        root = replace(self._root, tree=site.draft)
        return declared.functions(site.draft, facts_of(root, self._case, declared.FAMILIES), site.policy)

    def _judged(self, tree: Tree) -> "tuple[Standing, Facts]":
        from firmward.cli.verdicts import verdicts_and_facts

        root = replace(self._root, tree=tree)
        trees = tuple(replace(one, tree=tree) if one.part.id in self._here else one for one in self._image.trees)
        case = replace(self._case, image=replace(self._image, roots=(root,), trees=trees))
        verdicts, facts = verdicts_and_facts(root, case)
        return self._standing(verdicts), facts

    def _standing(self, verdicts: "tuple[Verdict, ...]") -> Standing:
        from firmward.audit.accept import accept
        from firmward.audit.composition import reported
        from firmward.model.finding import Outcome as Said

        question = self._case.question
        found, accepted = dict[Found, None](), 0
        for verdict in verdicts:
            for finding in verdict.findings:
                told = reported(verdict.check, finding, self._root.part.id, "fail")
                (judged,) = accept((told,), question.policy, question.clock.today)
                if judged.outcome == "accepted":
                    accepted += 1
                else:
                    place = str(finding.at) if finding.at is not None else ""
                    elsewhere = self._elsewhere(finding)
                    one = Found(told.check, told.key, told.severity, told.message, place, elsewhere, finding.remedy)
                    found[one] = None
        blind = {
            verdict.check.id: verdict.reason or "no reason is known"
            for verdict in verdicts
            if verdict.outcome in (Said.UNKNOWN, Said.ERROR)
        }
        doubts = {one.check.id: one.reason for one in verdicts if one.outcome is Said.FAIL and one.reason is not None}
        return Standing(tuple(found), blind, len(verdicts) - len(blind), accepted, doubts)

    def _elsewhere(self, finding: "Finding") -> str | None:
        """The part whose file the cure of a finding would change, where that is another."""
        at = finding.at
        if at is None or at.part is None or at.part in self._here or at.path is None or finding.remedy is None:
            return None
        changes = finding.remedy.changes
        return at.part if any(getattr(change, "path", None) == at.path for change in changes) else None

    def _hardening(
        self,
        order: Order,
        site: "Site",
        standings: tuple[Standing, Standing],
        told: Outcome,
        facts_after: "Facts",
        planned: "Plan",
    ) -> Hardening:
        from firmward.audit.redact import redacted
        from firmward.harden import declared
        from firmward.harden.beside import rendered
        from firmward.model.report import Subject

        policy, (before, after) = site.policy, standings
        had = declared.functions(site.draft.below, site.facts, policy)
        has = declared.functions(site.draft, facts_after, policy)
        notes = (*declared.missing(site.draft.below, site.facts, policy), *_unmatched(order.only, before.found))
        blind = declared.unknown_start(site.facts)
        if policy is None:
            notes = (NO_POLICY, *notes)
        notes = (*notes, *_blinded(before, after))
        budget = self._case.deadline.account(self._image.budget)
        if self._lost:
            budget = replace(budget, complete=False, exhausted=(*budget.exhausted, *self._lost))
        return Hardening(
            Subject(redacted(self._image.name), self._image.digest, Source.IMAGE.value),
            redacted(self._root.part.id),
            before.counts,
            after.counts,
            redacted(told.findings),
            redacted(told.new),
            redacted(tuple(sorted(had - has))),
            after.accepted,
            after.judged,
            len(after.blind),
            redacted((*notes, *(() if blind is None else (blind,)), *self._problems())),
            tuple(changes(site.draft)),
            tuple(name for name, _ in rendered(site.beside, policy)),
            redacted(budget),
        )

    def _problems(self) -> tuple[str, ...]:
        problem = self._root.part.problem
        return (f"the root was read only in part: {problem}",) if problem else ()


def chosen(image: "Image", name: str | None) -> "Root":
    """The root to harden. Raises InputError where it is not clear which."""
    from firmward.cli import inside
    from firmward.model.report import Role

    if name is not None:
        part = inside.part_named(image, name)
        if part is None:
            raise InputError(f"{image.name} has no part {inside.shown(name)}; there are {_listed(image.roots)}")
        found, _ = inside.tree_of(image, part)
        wanted = found.same_as or found.id
        root = next((one for one in image.roots if one.part.id == wanted), None)
        if root is None:
            raise InputError(f"{inside.shown(found.id)} is no root file system; there are {_listed(image.roots)}")
        return root
    roots = [one for one in image.roots if one.part.role is Role.ROOT] or list(image.roots)
    outer = [one for one in roots if not any(one.part.id.startswith(f"{other.part.id}/") for other in roots)]
    if len(outer) == 1:
        return outer[0]
    if not outer:
        problems = "; ".join(f"{part.id}: {part.problem}" for part in image.parts[:8] if part.problem)
        raise InputError(
            f"{image.name} holds no root file system that could be read" + (f" ({problems})" * bool(problems))
        )
    raise InputError(f"{image.name} has several root file systems, say which one with --part: {_listed(outer)}")


def _listed(roots: "Iterable[Root]") -> str:
    from firmward.cli.inside import shown

    return ", ".join(shown(root.part.id) for root in roots) or "none"


def _unmatched(only: tuple[str, ...], found: Iterable[Found]) -> Iterator[str]:
    known = {name for one in found for name in (one.check, f"{one.check}[{one.key}]")}
    return (f"--only {word}: nothing is found by that name" for word in only if word not in known)


def _blinded(before: Standing, after: Standing) -> Iterator[str]:
    """Checks that found nothing, and cannot look any more; those that found something are told with their findings."""
    told = {one.check for one in before.found}
    for check, reason in sorted(after.blind.items()):
        if check not in before.blind and check not in told:
            yield f"{check} has no verdict any more: {reason}"


def changes(draft: Draft) -> Iterator[Changed]:
    """What differs, with the digests of contents. Raises InputError for a content that cannot be read."""
    for one in draft.touched():
        before = None if one.before is None else State(one.before, digest(draft.below, one.before))
        after = None if one.after is None else State(one.after, digest(draft, one.after))
        if before != after:
            yield Changed(one.path, before, after)


def digest(tree: Tree, entry: Entry) -> str | None:
    """The SHA-256 of a regular file."""
    if entry.kind is not Kind.FILE:
        return None
    found = hashlib.sha256()
    try:
        for piece in tree.chunks(entry):
            found.update(piece)
    except Unavailable as reason:
        raise InputError(f"/{entry.path}: would be changed, and cannot be read: {reason}") from reason
    return found.hexdigest()
