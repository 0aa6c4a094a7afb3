"""`firmward diff`: what changed from one build to the next."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.audit import (
    EXIT_FOUND,
    EXIT_INCOMPLETE,
    BytesOption,
    JobsOption,
    MemoryOption,
    OnlyOption,
    PolicyOption,
    QuietOption,
    SecondsOption,
)
from firmward.cli.console import Color, ColorOption
from firmward.cli.inside import UnblobOption
from firmward.cli.judging import Question, Reading, examine, judging_day, progress, read_policy
from firmward.model.errors import InputError
from firmward.model.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmward.audit.difference_record import Difference
    from firmward.model.side import Side

EPILOG = """
**Examples**

    firmward diff camera-1.4.img camera-1.5.img

    firmward diff released.json camera.img --policy device.toml --fail-on high

    firmward diff camera-1.4.img camera-1.5.img -o changes.md -o changes.json

    firmward diff old-rootfs new-rootfs --all --format markdown

**Exit codes**

- 0: nothing got worse. Changes of files, services and sockets alone never give 1: the checks judge them
- 1: a finding at or above --fail-on is new, more severe, accepted no more or in sight for the first time, or a check of
  such a severity has no verdict any more
- 2: the input or the command is wrong
- 3: a side was not wholly looked at
"""


class Format(StrEnum):
    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


class FailOn(StrEnum):
    """The severities, and what no change reaches."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    NEVER = "never"


OldArgument = Annotated[
    Path, typer.Argument(metavar="OLD", help="The build before: an image, a folder, or a report (.json) of an audit.")
]
NewArgument = Annotated[Path, typer.Argument(metavar="NEW", help="The build now: an image, a folder, or a report.")]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write the difference; .md or .json. Repeatable.", show_default=False
    ),
]
FormatOption = Annotated[
    Format, typer.Option("--format", metavar="FORM", help="How it is printed: terminal, markdown or json.")
]
FailOption = Annotated[
    FailOn,
    typer.Option(
        "--fail-on",
        metavar="SEVERITY",
        help="Exit with 1 when a finding this severe or worse came, or rose: critical, high, medium, low, info or "
        "never.",
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="List every file that differs, however many.")]
TimesOption = Annotated[bool, typer.Option("--times", help="Times of files count too; a new build changes them all.")]


def add_to(app: typer.Typer) -> None:
    app.command("diff", epilog=EPILOG)(diff)


def diff(
    old: OldArgument,
    new: NewArgument,
    output: OutputOption = None,
    form: FormatOption = Format.TERMINAL,
    fail_on: FailOption = FailOn.LOW,
    all_files: AllOption = False,
    times: TimesOption = False,
    policy: PolicyOption = None,
    only: OnlyOption = None,
    jobs: JobsOption = None,
    budget_seconds: SecondsOption = 300.0,
    budget_mib: BytesOption = 2048,
    memory_mib: MemoryOption = 4096,
    unblob: UnblobOption = False,
    quiet: QuietOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Compare two builds: what got worse, what got better, what came and went.

    Of images and folders it compares findings, checks, parts, files (content, mode, owner, type, attributes), what
    starts, and the sockets that are open. A report holds findings, checks and parts only, and the rest is then not
    compared. Both sides are judged today, by the same checks and the same policy; a report says what was judged then.
    """
    from firmward.audit.difference import difference
    from firmward.audit.tree_difference import Manner
    from firmward.audit.writing import check_outputs, write_texts
    from firmward.image.budget import Limits

    outputs = tuple(output or ())
    check_outputs(outputs, keep=[path for path in (old, new, policy) if path is not None], forms=_forms())
    question = Question(tuple(only or ()), read_policy(policy), judging_day())
    _ = question.checks  # a wrong word is told before an image is opened, and all are imported once for both sides
    limits = Limits(expanded_bytes=budget_mib << 20, seconds=budget_seconds, memory=memory_mib << 20)
    both = not (is_report(old) or is_report(new))
    reading = Reading(limits, jobs or os.cpu_count() or 1, unblob=unblob, inventory=both)
    with progress(color, quiet=quiet) as tell:
        before = _side(old, question, reading, tell)
        after = _side(new, question, reading, tell)
        found = difference(before, after, Manner(times=times, all=all_files))
        write_texts([(path, _forms()[path.suffix.lower()](found)) for path in outputs])
    if not quiet:
        _print(found, form, color)
    raise typer.Exit(exit_code(found, fail_on))


def exit_code(found: "Difference", fail_on: FailOn) -> int:
    """0, 1 or 3; incomplete wins."""
    if not found.is_complete:
        return EXIT_INCOMPLETE
    if fail_on is FailOn.NEVER:
        return 0
    return EXIT_FOUND if found.worse(Severity(fail_on.value)) else 0


HEAD = 4096
"""Bytes in which a report says that it is one."""


def is_report(path: Path) -> bool:
    """Whether a side is a report: by its name, or by how it begins."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    return path.suffix.lower() == ".json" or (head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and b'"schema"' in head)


def _side(path: Path, question: Question, reading: Reading, tell: "Callable[[str], None]") -> "Side":
    from firmward.audit.json_report import read_report
    from firmward.model.side import Side

    if is_report(path):
        return Side(read_report(path))
    tell(f"Opening {path}")
    return examine(path, question, reading, tell)


def _forms() -> "dict[str, Callable[[Difference], str]]":
    from firmward.audit.difference_json import render_difference_json
    from firmward.audit.difference_markdown import render_difference_markdown

    return {".json": render_difference_json, ".md": render_difference_markdown}


def _print(found: "Difference", form: Format, color: Color) -> None:
    from firmward.cli.console import make_console
    from firmward.cli.difference_terminal import print_difference

    if form is Format.TERMINAL:
        print_difference(found, make_console(color))
    else:
        typer.echo(_forms()[".md" if form is Format.MARKDOWN else ".json"](found), nl=False)
