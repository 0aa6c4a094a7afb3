"""`firmward chain IMAGE`: what starts what, who verifies it, and where that ends."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.inside import EXIT_INCOMPLETE, BytesOption, JsonOption, SecondsOption
from firmward.cli.judging import Question, Reading, audit_target, judging_day, policy_for, progress, read_policy
from firmward.cli.loose import (
    DtbOption,
    EnvOption,
    FitOption,
    FusesOption,
    ImageArgument,
    InitramfsOption,
    KernelConfigOption,
    Loose,
    PublicKeyOption,
    RootfsOption,
    UbootConfigOption,
    UbootOption,
)

if TYPE_CHECKING:
    from firmward.model.report import Report

EXIT_FOUND = 1
EPILOG = """\
Each link is verified, unverified, broken or unknown. Verified: what comes before checks it, and no way round was seen.
Unverified: nothing checks it. Broken: it is checked, and there is a way round. Unknown: it cannot be told from what is
here.

Examples:

  firmward chain firmware.img

  firmward chain firmware.img --json | jq '.chain[] | select(.state != "verified")'

  firmward chain deploy/images/board/ --fail-on unverified

  firmward chain firmware.img --uboot u-boot.imx --fuses otp.txt

Exit codes:

- 0: drawn
- 1: with --fail-on, a link is in that state or a worse one
- 2: the input or the command is wrong
- 3: a budget ran out, or there is nothing that a chain could be drawn of
"""


class Grade(StrEnum):
    """States of a link that a build may fail on, each with what is worse."""

    UNKNOWN = "unknown"
    UNVERIFIED = "unverified"
    BROKEN = "broken"


FAILS = {
    Grade.UNKNOWN: ("unknown", "unverified", "broken"),
    Grade.UNVERIFIED: ("unverified", "broken"),
    Grade.BROKEN: ("broken",),
}

PolicyOption = Annotated[
    Path | None, typer.Option("--policy", "-p", metavar="FILE", help="The maker's declaration.", show_default=False)
]
FailOption = Annotated[
    Grade | None,
    typer.Option(
        "--fail-on",
        metavar="STATE",
        help="Exit with 1 when a link is unknown, unverified or broken, or worse than that.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command("chain", epilog=EPILOG)(chain)


def chain(
    image: ImageArgument = None,
    policy: PolicyOption = None,
    fail_on: FailOption = None,
    as_json: JsonOption = False,
    budget_seconds: SecondsOption = 300.0,
    budget_mib: BytesOption = 2048,
    kernel_config: KernelConfigOption = None,
    dtb: DtbOption = None,
    uboot: UbootOption = None,
    uboot_config: UbootConfigOption = None,
    env: EnvOption = None,
    fit: FitOption = None,
    initramfs: InitramfsOption = None,
    rootfs: RootfsOption = None,
    fuses: FusesOption = None,
    public_key: PublicKeyOption = None,
    color: ColorOption = Color.AUTO,
) -> None:
    """Draw the chain of trust, from the boot ROM to the last plug-in directory.

    The first link that does not hold is the headline: what comes behind it can be replaced by whoever breaks it.
    """
    from firmward.audit.chain import CHECKS
    from firmward.image.budget import Limits

    given = Loose(
        kernel_config, dtb, uboot, uboot_config, env, fit, initramfs, rootfs, fuses, public_key
    ).gathered_beside(image)
    question = Question(tuple(sorted(CHECKS)), read_policy(policy_for(policy, image)), judging_day())
    limits = Limits(expanded_bytes=budget_mib << 20, seconds=budget_seconds)
    with progress(color, quiet=as_json) as tell:
        report = audit_target(image, question, Reading(limits, os.cpu_count() or 1, given=given), tell)
    _print(report, color, as_json=as_json)
    raise typer.Exit(_exit_code(report, fail_on))


def _exit_code(report: "Report", fail_on: Grade | None) -> int:
    if not report.budget.complete or not report.chain:
        return EXIT_INCOMPLETE
    return EXIT_FOUND if fail_on and any(link.state in FAILS[fail_on] for link in report.chain) else 0


def _print(report: "Report", color: Color, *, as_json: bool) -> None:
    from firmward.audit import chain_words
    from firmward.audit.json_record import to_json
    from firmward.cli.chain_page import print_chain
    from firmward.cli.console import make_console
    from firmward.cli.inside import warn

    if as_json:
        document = {
            "schema": "firmward.chain/1",
            "subject": to_json(report.subject),
            "headline": chain_words.headline(report.chain),
            "chain": to_json(report.chain),
        }
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif report.chain:
        print_chain(report.subject.name, report.chain, make_console(color))
    if not report.chain:
        warn(("there is nothing here that a chain of trust could be drawn of",))
    warn(report.budget.exhausted)
