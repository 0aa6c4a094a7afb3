"""Open a target, collect its facts and judge them, in a caged worker: what `audit` and `diff` do alike."""

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from firmward.cli.console import Color
from firmward.cli.inside import foreign_beside
from firmward.model.errors import InputError
from firmward.model.facts import Source

if TYPE_CHECKING:
    from firmward.build.rom.material import Material
    from firmward.cli.caged import Journal, Lost
    from firmward.facts.advisories import Advisories
    from firmward.facts.lifecycle import Lifecycle
    from firmward.image.budget import Limits
    from firmward.image.foreign import Foreign
    from firmward.image.given import Given
    from firmward.image.opening import Image
    from firmward.model.check import Check
    from firmward.model.clock import Clock
    from firmward.model.inventory import Inventory
    from firmward.model.policy import Policy
    from firmward.model.report import Budget, Report
    from firmward.model.side import Side


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every root: the checks `wanted` by id or area, all without any. `lifecycle` are dates of support
    beside those that are shipped, `advisories` what is known of vulnerabilities. It `lists` components whatever is
    asked where a document is to name them."""

    wanted: tuple[str, ...]
    policy: "Policy | None"
    clock: "Clock"
    lifecycle: "Lifecycle | None" = None
    advisories: "Advisories | None" = None
    lists: bool = False

    @property
    def checks(self) -> "tuple[Check, ...]":
        """Raises InputError for a word that is neither id nor area. Importing all of them takes a while."""
        from firmward.audit.catalogue import select

        return select(self.wanted)


BUILT, POLICY = "build.json", "device.toml"
"""What a folder that `firmward build` wrote is known by, and the policy in it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the target is read: what that may cost, by how many processes, and whether it is the running machine or an
    image of which unblob opens the rest. With `inventory` all files are listed and read; `given` are parts beside the
    target, or instead of one."""

    limits: "Limits"
    jobs: int = 1
    live: bool = False
    unblob: bool = False
    inventory: bool = False
    given: "tuple[Given, ...]" = ()

    @property
    def loose(self) -> tuple[Path, ...]:
        """Where the given parts lie."""
        return tuple(one.path for one in self.given)


def audit_target(target: Path | None, question: Question, reading: Reading, tell: Callable[[str], None]) -> "Report":
    """The report alone, of `examine`."""
    return examine(target, question, reading, tell).report


def examine(target: Path | None, question: Question, reading: Reading, tell: Callable[[str], None]) -> "Side":
    """Open, judge every distinct root, compose the report: in a worker process, caged, so that nothing that an image
    may do to its reader costs the report."""
    from firmward.cli.caged import Lost, run_caged, walls_around
    from firmward.model.side import Side

    before = _stamps(target, reading)
    with foreign_beside(reading.limits, wanted=reading.unblob) as foreign:

        def work(journal: "Journal", avoided: Mapping[str, str]) -> "Side":
            return _audit(target, question, reading, journal, avoided, foreign)

        asked = () if question.advisories is None else question.advisories.places
        walls = walls_around(target, reading.limits, foreign=foreign, given=(*reading.loose, *asked))
        try:
            # the running machine is read as its user may: Landlock would hide other processes' files in /proc
            side = run_caged(
                work, replace(walls, readable=None) if reading.live else walls, reading.limits.seconds, tell
            )
        except Lost as lost:
            side = Side(_without_answer(target, question, lost))
    if not reading.live and _stamps(target, reading) != before:
        budget = _with_lost(side.report.budget, ["the file was changed while it was read"])
        side = replace(side, report=replace(side.report, budget=budget))
    return side


def _stamps(target: Path | None, reading: Reading) -> tuple[tuple[int, int] | None, ...]:
    return tuple(_stamp(path) for path in (target, *reading.loose) if path is not None)


def _stamp(target: Path) -> tuple[int, int] | None:
    """Size and time of change of a file; None for a folder, whose files are looked at one by one."""
    status = target.stat() if target.is_file() else None
    return None if status is None else (status.st_size, status.st_mtime_ns)


def _without_answer(target: Path | None, question: Question, lost: "Lost") -> "Report":
    """The report when no worker came to an answer: what was opened until then, and that nothing was judged."""
    from firmward.audit.composition import compose
    from firmward.image.opening import ALONE, TOP
    from firmward.model.report import Budget, Part, Subject

    reason = f"the process that read it {lost.reason}"
    parts = lost.parts or (Part(TOP, "unknown", problem=reason),)
    subject = Subject(ALONE if target is None else target.name, None, Source.IMAGE.value)
    return compose(subject, parts, {}, question.policy, question.clock, Budget(False, (reason,)), question.checks)


def _audit(
    target: Path | None,
    question: Question,
    reading: Reading,
    journal: "Journal",
    avoided: Mapping[str, str],
    foreign: "Foreign | None",
) -> "Side":
    """What the worker does."""
    from firmward.audit.composition import compose
    from firmward.audit.redact import redacted
    from firmward.cli.bills import bills_in
    from firmward.cli.deadline import Deadline
    from firmward.cli.inventories import take_digests, take_inventories
    from firmward.cli.verdicts import Case, judged
    from firmward.model.report import Subject
    from firmward.model.side import Side

    deadline = Deadline(
        time.monotonic() + reading.limits.seconds, f"not done within {reading.limits.seconds:g} s (--budget-seconds)"
    )
    left_out = left_out_of(target)
    image = opened(target, reading, journal, avoided, foreign, left_out.paths)
    journal.judge()
    journal.tell(f"Judging {len(image.roots)} root file system{'s' if len(image.roots) != 1 else ''}")
    source = Source.LIVE if reading.live else Source.IMAGE
    lost: list[str] = []
    bills = bills_in(image)
    answers = judged(Case(image, question, reading, source, deadline, lost, bills))
    inventories: tuple[Inventory, ...] | None = None
    blobs: tuple[tuple[str, str], ...] = ()
    if reading.inventory:
        journal.tell("Reading every file")
        inventories = take_inventories(image, reading.jobs, deadline.at, lost)
        blobs = take_digests(image, deadline.at, lost)
    report = compose(
        Subject(image.name, image.digest, source.value),
        image.parts,
        {part: one.verdicts for part, one in answers.by_part.items()},
        question.policy,
        question.clock,
        _with_lost(deadline.account(image.budget), lost),
        question.checks,
        answers.beside,
    )
    report = replace(report, notes=(*report.notes, *redacted(bills.notes), *redacted(left_out.notes)))
    compared = tuple(one.facts for one in answers.by_part.values() if one.facts is not None)
    return Side(report, inventories, compared, blobs)


def opened(
    target: Path | None,
    reading: Reading,
    journal: "Journal",
    avoided: Mapping[str, str],
    foreign: "Foreign | None",
    without: Collection[str],
) -> "Image":
    from firmward.image.opening import open_image, open_machine

    if reading.live:
        return open_machine(target or Path("/"))
    return open_image(target, reading.limits, journal.tell, journal, avoided, foreign, reading.given, without)


def _with_lost(budget: "Budget", lost: list[str]) -> "Budget":
    return replace(budget, complete=False, exhausted=(*budget.exhausted, *lost)) if lost else budget


def policy_for(policy: Path | None, target: Path | None) -> Path | None:
    """The policy that was given, else the one in a folder that `firmward build` wrote."""
    if policy is not None or target is None or not (target / BUILT).is_file():
        return policy
    beside = target / POLICY
    return beside if beside.is_file() else None


def left_out_of(target: Path | None) -> "Material":
    """What of a folder that `firmward build` wrote is on no device."""
    from firmward.build.rom.material import Material, material

    return material(target) if target is not None and (target / BUILT).is_file() else Material()


def read_policy(path: Path | None) -> "Policy | None":
    from firmward.model.policy import parse_policy

    return None if path is None else parse_policy(policy_text(path), str(path))


def read_lifecycle(path: Path | None) -> "Lifecycle | None":
    """Dates of support from a file. Raises InputError."""
    from firmward.facts.lifecycle import SIZE_LIMIT, read_lifecycle

    return None if path is None else read_lifecycle(_text(path, SIZE_LIMIT), str(path))


def policy_text(path: Path) -> str:
    """The text of a policy file. Raises InputError."""
    from firmward.model.policy import SIZE_LIMIT

    return _text(path, SIZE_LIMIT)


def _text(path: Path, limit: int) -> str:
    """What a file holds, and one byte more than the limit of one that is too large."""
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a file")
        with path.open("rb") as file:
            content = file.read(limit + 1)
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
