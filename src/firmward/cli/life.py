"""`firmward life IMAGE`: what falls out of support when."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.inside import EXIT_INCOMPLETE, BytesOption, JsonOption, SecondsOption
from firmward.cli.judging import (
    Question,
    Reading,
    audit_target,
    judging_day,
    policy_for,
    progress,
    read_lifecycle,
    read_policy,
)
from firmward.cli.loose import ImageArgument, KernelConfigOption, Loose, RootfsOption, UbootOption
from firmward.model.calendar import State

if TYPE_CHECKING:
    from firmward.model.report import Report

EXIT_FOUND = 1
EPILOG = """\
Told are kernels, boot loaders, the distribution and the software whose version is known, each with the last day on
which somebody mends it. What a distribution brings lives as long as the distribution. The dates are facts of a day,
which the output names; --lifecycle takes newer ones.

Examples:

  firmward life firmware.img -p device.toml

  firmward life firmware.img --ics support.ics

  firmward life firmware.img --json | jq '.entries[] | select(.state == "past")'

  firmward life rootfs/ -p device.toml --fail-on early

Exit codes:

- 0: told
- 1: with --fail-on, something is in that state or a worse one
- 2: the input or the command is wrong
- 3: a budget ran out, or there is nothing whose life is known
"""


class Grade(StrEnum):
    """States that a build may fail on, each with what is worse."""

    EARLY = "early"
    PAST = "past"


FAILS = {Grade.EARLY: (State.EARLY, State.PAST), Grade.PAST: (State.PAST,)}

PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        "-p",
        metavar="FILE",
        help="The maker's declaration, which says until when the product is supported.",
        show_default=False,
    ),
]
LifecycleOption = Annotated[
    Path | None,
    typer.Option(
        "--lifecycle",
        metavar="FILE",
        help="Dates of support that are newer than those of this firmward.",
        show_default=False,
    ),
]
CalendarOption = Annotated[
    Path | None,
    typer.Option("--ics", metavar="FILE", help="Write the ends as a calendar, to import.", show_default=False),
]
FailOption = Annotated[
    Grade | None,
    typer.Option(
        "--fail-on",
        metavar="STATE",
        help="Exit with 1 when something is past its end, or (early) ends before the product's support.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command("life", epilog=EPILOG)(life)


def life(
    image: ImageArgument = None,
    policy: PolicyOption = None,
    lifecycle: LifecycleOption = None,
    ics: CalendarOption = None,
    fail_on: FailOption = None,
    as_json: JsonOption = False,
    budget_seconds: SecondsOption = 300.0,
    budget_mib: BytesOption = 2048,
    kernel_config: KernelConfigOption = None,
    uboot: UbootOption = None,
    rootfs: RootfsOption = None,
    color: ColorOption = Color.AUTO,
) -> None:
    """Show what falls out of support when: kernel, boot loader, distribution, components.

    What ends first stands first, with who supports it and how long that still is. With a declaration the end of the
    product's own support stands among them, and what does not last as long is marked.
    """
    from firmward.audit.life import CHECKS
    from firmward.audit.writing import check_outputs
    from firmward.image.budget import Limits

    policy = policy_for(policy, image)
    given = Loose(kernel_config, None, uboot, rootfs=rootfs).gathered_beside(image)
    read = [path for path in (image, policy, lifecycle, *(one.path for one in given)) if path is not None]
    if ics is not None:
        check_outputs((ics,), keep=read, forms={".ics": None})
    question = Question(tuple(sorted(CHECKS)), read_policy(policy), judging_day(), read_lifecycle(lifecycle))
    limits = Limits(expanded_bytes=budget_mib << 20, seconds=budget_seconds)
    with progress(color, quiet=as_json) as tell:
        report = audit_target(image, question, Reading(limits, os.cpu_count() or 1, given=given), tell)
        if ics is not None:
            _write(report, ics)
    _print(report, color, as_json=as_json)
    raise typer.Exit(_exit_code(report, fail_on))


def _exit_code(report: "Report", fail_on: Grade | None) -> int:
    if not report.budget.complete or report.life is None:
        return EXIT_INCOMPLETE
    return EXIT_FOUND if fail_on and any(one.state in FAILS[fail_on] for one in report.life.entries) else 0


def _write(report: "Report", path: Path) -> None:
    from firmward.audit.calendar_file import render_calendar_file
    from firmward.audit.writing import write_texts

    if report.life is not None:
        write_texts([(path, render_calendar_file(report.life, report.product or report.subject.name))])


def _print(report: "Report", color: Color, *, as_json: bool) -> None:
    from firmward.audit.json_record import to_json
    from firmward.audit.life import headline
    from firmward.cli.console import make_console
    from firmward.cli.inside import warn
    from firmward.cli.life_page import print_calendar

    if as_json:
        calendar = {} if report.life is None else to_json(report.life)
        document = {
            "schema": "firmward.life/1",
            "subject": to_json(report.subject),
            "headline": "" if report.life is None else headline(report.life),
            **(calendar if isinstance(calendar, dict) else {}),
        }
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif report.life is not None:
        print_calendar(report.subject.name, report.life, make_console(color))
    if report.life is None:
        warn(("there is nothing here whose version and end of support are known",))
    warn(report.budget.exhausted)
