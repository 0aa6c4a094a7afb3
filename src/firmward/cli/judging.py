"""Open a target, collect its facts and judge them, in a caged worker: what `audit` and `diff` do alike."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from firmward.cli.console import Color
from firmward.cli.inside import foreign_beside
from firmward.model.errors import InputError
from firmward.model.facts import OutOfTime, Source, Unavailable

if TYPE_CHECKING:
    from firmward.audit.engine import Verdict
    from firmward.cli.caged import Journal, Lost
    from firmward.facts.collection import Collection
    from firmward.image.budget import Limits
    from firmward.image.foreign import Foreign
    from firmward.image.opening import Image, Root
    from firmward.model.check import Check
    from firmward.model.clock import Clock
    from firmward.model.facts import Facts
    from firmward.model.inventory import Inventory
    from firmward.model.parts import OpenPart
    from firmward.model.policy import Policy
    from firmward.model.report import Budget, Report
    from firmward.model.side import PartFacts, Side

    Judged = tuple[tuple[Verdict, ...], PartFacts | None]
    """What was said of one root, and its facts where they are compared."""

LATE = 5.0
"""Seconds beyond the deadline after which a process that judges is ended."""

LONG = 1e6
"""Seconds; a timer takes no infinity."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every root: the checks `wanted` by id or area, all without any."""

    wanted: tuple[str, ...]
    policy: "Policy | None"
    clock: "Clock"

    @property
    def checks(self) -> "tuple[Check, ...]":
        """Raises InputError for a word that is neither id nor area. Importing all of them takes a while."""
        from firmward.audit.catalogue import select

        return select(self.wanted)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the target is read: what that may cost, by how many processes, and whether it is the running machine or an
    image of which unblob opens the rest. With `inventory` all files are listed and read."""

    limits: "Limits"
    jobs: int = 1
    live: bool = False
    unblob: bool = False
    inventory: bool = False


def audit_target(target: Path, question: Question, reading: Reading, tell: Callable[[str], None]) -> "Report":
    """The report alone, of `examine`."""
    return examine(target, question, reading, tell).report


def examine(target: Path, question: Question, reading: Reading, tell: Callable[[str], None]) -> "Side":
    """Open, judge every distinct root, compose the report: in a worker process, caged, so that nothing that an image
    may do to its reader costs the report."""
    from firmward.cli.caged import Lost, run_caged, walls_around
    from firmward.model.side import Side

    before = _stamp(target)
    with foreign_beside(reading.limits, wanted=reading.unblob) as foreign:

        def work(journal: "Journal", avoided: Mapping[str, str]) -> "Side":
            return _audit(target, question, reading, journal, avoided, foreign)

        walls = walls_around(target, reading.limits, foreign=foreign)
        try:
            # the running machine is read as its user may: Landlock would hide other processes' files in /proc
            side = run_caged(
                work, replace(walls, readable=None) if reading.live else walls, reading.limits.seconds, tell
            )
        except Lost as lost:
            side = Side(_without_answer(target, question, lost))
    if not reading.live and _stamp(target) != before:
        budget = _with_lost(side.report.budget, ["the file was changed while it was read"])
        side = replace(side, report=replace(side.report, budget=budget))
    return side


def _stamp(target: Path) -> tuple[int, int] | None:
    """Size and time of change of a file; None for a folder, whose files are looked at one by one."""
    status = target.stat() if target.is_file() else None
    return None if status is None else (status.st_size, status.st_mtime_ns)


def _without_answer(target: Path, question: Question, lost: "Lost") -> "Report":
    """The report when no worker came to an answer: what was opened until then, and that nothing was judged."""
    from firmward.audit.composition import compose
    from firmward.image.opening import TOP
    from firmward.model.report import Budget, Part, Subject

    reason = f"the process that read it {lost.reason}"
    parts = lost.parts or (Part(TOP, "unknown", problem=reason),)
    subject = Subject(target.name, None, Source.IMAGE.value)
    return compose(subject, parts, {}, question.policy, question.clock, Budget(False, (reason,)), question.checks)


def _audit(
    target: Path,
    question: Question,
    reading: Reading,
    journal: "Journal",
    avoided: Mapping[str, str],
    foreign: "Foreign | None",
) -> "Side":
    """What the worker does."""
    from firmward.audit.composition import compose
    from firmward.cli.inventories import take_digests, take_inventories
    from firmward.model.report import Subject
    from firmward.model.side import Side

    deadline = Deadline(
        time.monotonic() + reading.limits.seconds, f"not done within {reading.limits.seconds:g} s (--budget-seconds)"
    )
    image = _open(target, reading, journal, avoided, foreign)
    journal.judge()
    journal.tell(f"Judging {len(image.roots)} root file system{'s' if len(image.roots) != 1 else ''}")
    source = Source.LIVE if reading.live else Source.IMAGE
    lost: list[str] = []
    judged = _judge_roots(image, question, reading, source, deadline, lost)
    inventories: tuple[Inventory, ...] | None = None
    blobs: tuple[tuple[str, str], ...] = ()
    if reading.inventory:
        journal.tell("Reading every file")
        inventories = take_inventories(image, reading.jobs, deadline.at, lost)
        blobs = take_digests(image, deadline.at, lost)
    report = compose(
        Subject(image.name, image.digest, source.value),
        image.parts,
        {part: verdicts for part, (verdicts, _) in judged.items()},
        question.policy,
        question.clock,
        _with_lost(deadline.account(image.budget), lost),
        question.checks,
    )
    return Side(report, inventories, tuple(facts for _, facts in judged.values() if facts is not None), blobs)


def _open(
    target: Path, reading: Reading, journal: "Journal", avoided: Mapping[str, str], foreign: "Foreign | None"
) -> "Image":
    from firmward.image.opening import open_image, open_machine

    if reading.live:
        return open_machine(target)
    return open_image(target, reading.limits, journal.tell, journal, avoided, foreign)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, on the monotonic clock, at which all collecting and judging ends."""

    at: float
    reason: str

    @contextmanager
    def running(self) -> Iterator[None]:
        """Raises Unavailable when the time is over, and OutOfTime inside the block when it ends there.

        The alarm rings again every second, should something on the way have swallowed it.
        """
        started = time.monotonic()
        left = self.at - started
        if left <= 0:
            raise Unavailable(self.reason)
        if threading.current_thread() is not threading.main_thread():  # only there do signals arrive
            yield
            return
        handler = signal.signal(signal.SIGALRM, self._ring)
        before, interval = signal.setitimer(signal.ITIMER_REAL, min(left, LONG), 1.0)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            if before:  # somebody else's alarm, a test's
                signal.setitimer(signal.ITIMER_REAL, max(before + started - time.monotonic(), 0.001), interval)

    def _ring(self, *_: object) -> None:
        if time.monotonic() >= self.at:
            raise OutOfTime(self.reason)

    def account(self, budget: "Budget") -> "Budget":
        """The budget with the time that ran out, if it did."""
        if time.monotonic() <= self.at or self.reason in budget.exhausted:
            return budget
        return replace(budget, complete=False, exhausted=(*budget.exhausted, self.reason))


def _judge_roots(
    image: "Image", question: Question, reading: Reading, source: Source, deadline: Deadline, lost: list[str]
) -> "dict[str, Judged]":
    """The verdicts by part; what was not judged for want of a process is told in `lost`."""
    from firmward.cli.workers import at_work, run_each

    def give_up(root: "Root", reason: str) -> "Judged":
        lost.append(f"{root.part.id}: {reason}")
        return tuple(_unknown(check, reason) for check in question.checks), None

    everything = all_parts(image)
    has_core = reading.jobs > len(image.roots)
    ends = deadline.at + LATE

    def judge(root: "Root") -> "Judged":
        return _judge_root(root, everything, question, reading, source, deadline, has_core=has_core)

    if has_core and len(image.roots) == 1:
        (root,) = image.roots
        with at_work(lambda: judge(root), lambda reason: give_up(root, reason), ends) as wait:
            _ = question.checks  # the answer names them: they are imported while it is worked out
            return {root.part.id: wait()}
    _ = question.checks  # imported once, before the processes part
    answers = run_each(judge, image.roots, reading.jobs, give_up, ends)
    return {root.part.id: answer for root, answer in zip(image.roots, answers, strict=True)}


def all_parts(image: "Image") -> "dict[str, OpenPart]":
    """The image around each of its roots, as collectors ask for it."""
    from firmward.model.parts import OpenPart

    trees = {root.part.id: root.tree for root in image.trees}
    return {
        part.id: OpenPart(part, image.sources.get(part.id), trees.get(part.id), image.whole.get(part.id))
        for part in image.parts
    }


def _judge_root(
    root: "Root",
    everything: "Mapping[str, OpenPart]",
    question: Question,
    reading: Reading,
    source: Source,
    deadline: Deadline,
    *,
    has_core: bool,
) -> "Judged":
    """With `has_core` there is a core to spare for what reads every file."""
    from firmward.audit.engine import families, judge
    from firmward.facts.collection import Collection
    from firmward.image.words import FastWordSearch
    from firmward.model.parts import Parts

    collection = Collection(root.tree, source, deadline.running, Parts(root.part.id, everything), FastWordSearch())
    with _collected_beside(collection, _heavy(collection, question) if has_core else (), deadline):
        # what is asked for is imported beside the search
        compared = _compared() if reading.inventory else ()
        checks = question.checks
        facts = collection.facts(root.part.id, families(checks) | {*compared})

    def verdict(check: "Check") -> "Verdict":
        try:
            with deadline.running():
                return judge(check, facts, question.policy, question.clock)
        except (Unavailable, OutOfTime) as reason:
            return _unknown(check, str(reason))

    verdicts = tuple(verdict(check) for check in checks)
    return verdicts, _kept(facts, compared) if compared else None


def _heavy(collection: "Collection", question: Question) -> "tuple[type, ...]":
    """What reads every file and is asked for; all of it when every check is, which are then not imported for it."""
    from firmward.audit.engine import families
    from firmward.facts.collection import heavy

    return collection.needed(families(question.checks), heavy()) if question.wanted else heavy()


def _compared() -> tuple[type, ...]:
    from firmward.audit.drift import FAMILIES

    return FAMILIES


def _kept(facts: "Facts", compared: tuple[type, ...]) -> "PartFacts":
    from firmward.audit.drift import snapshots
    from firmward.model.side import PartFacts

    return PartFacts(facts.subject, snapshots(facts, compared))


@contextmanager
def _collected_beside(collection: "Collection", heavy: "Sequence[type]", deadline: Deadline) -> Iterator[None]:
    """These families come from a process of their own; without one they are unknown."""
    from firmward.cli.workers import at_work
    from firmward.model.facts import Unknown

    if not heavy:
        yield
        return

    def collected() -> dict[type, object]:
        return {family: collection.get(family) for family in heavy}

    def lost(reason: str) -> dict[type, object]:
        return {family: Unknown(f"{family.__name__}: {reason}") for family in heavy}

    def answer(family: type) -> Callable[[], object]:
        return lambda: wait()[family]

    with at_work(collected, lost, deadline.at + LATE) as wait:
        for family in heavy:
            collection.expect(family, answer(family))
        yield


def _unknown(check: "Check", reason: str) -> "Verdict":
    from firmward.audit.engine import Verdict
    from firmward.model.finding import Outcome

    return Verdict(check, Outcome.UNKNOWN, reason)


def _with_lost(budget: "Budget", lost: list[str]) -> "Budget":
    return replace(budget, complete=False, exhausted=(*budget.exhausted, *lost)) if lost else budget


def read_policy(path: Path | None) -> "Policy | None":
    from firmward.model.policy import parse_policy

    return None if path is None else parse_policy(policy_text(path), str(path))


def policy_text(path: Path) -> str:
    """The text of a policy file. Raises InputError."""
    from firmward.model.policy import SIZE_LIMIT

    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a file")
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
        return content.decode("utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 at byte {error.start}") from error


def judging_day() -> "Clock":
    """Today in UTC, or the day of SOURCE_DATE_EPOCH, so that a report can be made again."""
    from firmward.model.clock import Clock

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return Clock(datetime.now(UTC).date())
    try:
        return Clock(date.fromtimestamp(int(epoch)))
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"SOURCE_DATE_EPOCH: {epoch!r} is not a number of seconds") from error


@contextmanager
def progress(color: Color, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal's stderr with what is being done; nothing in a pipe."""
    from rich.text import Text

    from firmward.cli.console import make_console
    from firmward.cli.inside import shown

    console = make_console(color, stderr=True)
    if quiet or not console.is_terminal:
        yield lambda message: None
        return
    with console.status("Opening") as status:
        yield lambda message: status.update(Text(shown(message)))  # parts have names from the image
