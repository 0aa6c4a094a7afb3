"""`firmward audit`: open, collect facts, judge, report."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.inside import UnblobOption, foreign_beside
from firmward.model.errors import InputError
from firmward.model.facts import OutOfTime, Source, Unavailable
from firmward.model.finding import Severity

if TYPE_CHECKING:
    from firmward.audit.engine import Verdict
    from firmward.cli.caged import Journal, Lost
    from firmward.image.budget import Limits
    from firmward.image.foreign import Foreign
    from firmward.image.opening import Image, Root
    from firmward.model.check import Check
    from firmward.model.clock import Clock
    from firmward.model.parts import OpenPart
    from firmward.model.policy import Policy
    from firmward.model.report import Budget, Report

EXIT_FOUND = 1
EXIT_INCOMPLETE = 3

LATE = 5.0
"""Seconds beyond the deadline after which a process that judges is ended."""

LONG = 1e6
"""Seconds; a timer takes no infinity."""

EPILOG = """
**Examples**

    firmward audit camera.img

    firmward audit build/tmp/deploy/images/board --policy device.toml -o report.html -o report.sarif

    firmward audit rootfs.squashfs --fail-on high --only access --only plaintext-protocol

    firmward audit --live

**Exit codes**: 0 nothing at or above --fail-on (without it findings never give 1), 1 something, 2 the input or the
command is wrong, 3 a budget ran out and the report is partial.
"""

Target = Annotated[
    Path | None,
    typer.Argument(help="A firmware image, a root file system folder, or a build's output folder.", show_default=False),
]
PolicyOption = Annotated[
    Path | None, typer.Option("--policy", "-p", help="The maker's declaration, device.toml.", show_default=False)
]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option("--output", "-o", help="Write a report; .html .json .sarif or .md. Repeatable.", show_default=False),
]
FailOption = Annotated[
    Severity | None, typer.Option("--fail-on", help="Exit with 1 on findings this severe or worse.", show_default=False)
]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", help="Judge this area or check only. Repeatable.", show_default=False)
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="Processes at once.  [default: one a core]")
]
SecondsOption = Annotated[float, typer.Option("--budget-seconds", min=1, help="Give up after this time, and say so.")]
BytesOption = Annotated[
    int, typer.Option("--budget-mib", min=1, help="MiB that compressed parts may expand to, all together.")
]
MemoryOption = Annotated[int, typer.Option("--memory-mib", min=256, help="MiB that one reading process may hold.")]
LiveOption = Annotated[bool, typer.Option("--live", help="Audit the running machine (TARGET is its root, or /).")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No summary on the terminal.")]


def add_to(app: typer.Typer) -> None:
    app.command("audit", epilog=EPILOG)(audit)


def audit(
    target: Target = None,
    policy: PolicyOption = None,
    output: OutputOption = None,
    fail_on: FailOption = None,
    only: OnlyOption = None,
    jobs: JobsOption = None,
    budget_seconds: SecondsOption = 300.0,
    budget_mib: BytesOption = 2048,
    memory_mib: MemoryOption = 4096,
    unblob: UnblobOption = False,
    live: LiveOption = False,
    quiet: QuietOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Open a firmware image in place, judge it, report it.

    Nothing is unpacked to disk, nothing is mounted, and no root rights are needed. What cannot be read is told, and the
    checks that depend on it are unknown, never passed.
    """
    from firmward.audit.catalogue import select
    from firmward.audit.writing import check_outputs, write_reports
    from firmward.image.budget import Limits

    outputs = tuple(output or ())
    check_outputs(outputs, keep=[path for path in (target, policy) if path is not None])
    question = Question(select(only or ()), _policy(policy), judging_day())
    limits = Limits(expanded_bytes=budget_mib << 20, seconds=budget_seconds, memory=memory_mib << 20)
    with _progress(color, quiet=quiet) as tell:
        report = audit_target(
            _target(target, live=live), question, Reading(limits, jobs or os.cpu_count() or 1, live, unblob), tell
        )
        write_reports(report, outputs)
    if not quiet:
        _print(report, outputs, color)
    raise typer.Exit(exit_code(report, fail_on))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every root."""

    checks: "tuple[Check, ...]"
    policy: "Policy | None"
    clock: "Clock"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the target is read: what that may cost, by how many processes, and whether it is the running machine or an
    image of which unblob opens the rest."""

    limits: "Limits"
    jobs: int = 1
    live: bool = False
    unblob: bool = False


def audit_target(target: Path, question: Question, reading: Reading, tell: Callable[[str], None]) -> "Report":
    """Open, judge every distinct root, compose the report: in a worker process, caged, so that nothing that an image
    may do to its reader costs the report."""
    from firmward.cli.caged import Lost, run_caged, walls_around

    before = _stamp(target)
    with foreign_beside(reading.limits, wanted=reading.unblob) as foreign:

        def work(journal: "Journal", avoided: Mapping[str, str]) -> "Report":
            return _audit(target, question, reading, journal, avoided, foreign)

        walls = walls_around(target, reading.limits, foreign=foreign)
        try:
            # the running machine is read as its user may: Landlock would hide other processes' files in /proc
            report = run_caged(
                work, replace(walls, readable=None) if reading.live else walls, reading.limits.seconds, tell
            )
        except Lost as lost:
            report = _without_answer(target, question, lost)
    if not reading.live and _stamp(target) != before:
        report = replace(report, budget=_with_lost(report.budget, ["the file was changed while it was read"]))
    return report


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
) -> "Report":
    """What the worker does."""
    from firmward.audit.composition import compose
    from firmward.model.report import Subject

    deadline = Deadline(
        time.monotonic() + reading.limits.seconds, f"not done within {reading.limits.seconds:g} s (--budget-seconds)"
    )
    image = _open(target, reading, journal, avoided, foreign)
    journal.judge()
    journal.tell(f"Judging {len(image.roots)} root file system{'s' if len(image.roots) != 1 else ''}")
    source = Source.LIVE if reading.live else Source.IMAGE
    lost: list[str] = []
    verdicts = _judge_roots(image, question, reading.jobs, source, deadline, lost)
    return compose(
        Subject(image.name, image.digest, source.value),
        image.parts,
        verdicts,
        question.policy,
        question.clock,
        _with_lost(deadline.account(image.budget), lost),
        question.checks,
    )


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
    image: "Image", question: Question, jobs: int, source: Source, deadline: Deadline, lost: list[str]
) -> "dict[str, tuple[Verdict, ...]]":
    """The verdicts by part; what was not judged for want of a process is told in `lost`."""
    from firmward.cli.workers import run_each

    def give_up(root: "Root", reason: str) -> "tuple[Verdict, ...]":
        lost.append(f"{root.part.id}: {reason}")
        return tuple(_unknown(check, reason) for check in question.checks)

    everything = _everything(image)
    answers = run_each(
        lambda root: _judge_root(root, everything, question, source, deadline),
        image.roots,
        jobs,
        give_up,
        deadline.at + LATE,
    )
    return {root.part.id: answer for root, answer in zip(image.roots, answers, strict=True)}


def _everything(image: "Image") -> "dict[str, OpenPart]":
    from firmward.model.parts import OpenPart

    trees = {root.part.id: root.tree for root in image.trees}
    return {
        part.id: OpenPart(part, image.sources.get(part.id), trees.get(part.id), image.whole.get(part.id))
        for part in image.parts
    }


def _judge_root(
    root: "Root", everything: "Mapping[str, OpenPart]", question: Question, source: Source, deadline: Deadline
) -> "tuple[Verdict, ...]":
    from firmward.audit.engine import families, judge
    from firmward.facts.collection import Collection
    from firmward.model.parts import Parts

    collection = Collection(root.tree, source, deadline.running, Parts(root.part.id, everything))
    facts = collection.facts(root.part.id, families(question.checks))

    def verdict(check: "Check") -> "Verdict":
        try:
            with deadline.running():
                return judge(check, facts, question.policy, question.clock)
        except (Unavailable, OutOfTime) as reason:
            return _unknown(check, str(reason))

    return tuple(verdict(check) for check in question.checks)


def _unknown(check: "Check", reason: str) -> "Verdict":
    from firmward.audit.engine import Verdict
    from firmward.model.finding import Outcome

    return Verdict(check, Outcome.UNKNOWN, reason)


def _with_lost(budget: "Budget", lost: list[str]) -> "Budget":
    return replace(budget, complete=False, exhausted=(*budget.exhausted, *lost)) if lost else budget


def exit_code(report: "Report", fail_on: Severity | None) -> int:
    """0, 1 or 3 as the design has it; incomplete wins."""
    if not report.budget.complete:
        return EXIT_INCOMPLETE
    if fail_on is None:
        return 0
    worst = (finding.severity.rank for finding in report.findings if finding.outcome == "fail")
    return EXIT_FOUND if any(rank <= fail_on.rank for rank in worst) else 0


def _target(target: Path | None, *, live: bool) -> Path:
    if target is None and not live:
        raise InputError("give an image or a folder to audit, or --live for this machine")
    return target or Path("/")


def _policy(path: Path | None) -> "Policy | None":
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
def _progress(color: Color, *, quiet: bool) -> Iterator[Callable[[str], None]]:
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


def _print(report: "Report", outputs: tuple[Path, ...], color: Color) -> None:
    from firmward.cli.console import make_console
    from firmward.cli.terminal import print_report

    console = make_console(color)
    print_report(report, console)
    for path in outputs:
        console.print(f"Wrote {path}", style="dim", markup=False)
