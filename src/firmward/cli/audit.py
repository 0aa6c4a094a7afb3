"""`firmward audit`: open, collect facts, judge, report."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.inside import UnblobOption
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
from firmward.cli.life import LifecycleOption
from firmward.cli.loose import (
    DtbOption,
    EnvOption,
    FitOption,
    FusesOption,
    InitramfsOption,
    KernelConfigOption,
    Loose,
    ManifestOption,
    PublicKeyOption,
    RootfsOption,
    UbootConfigOption,
    UbootOption,
)
from firmward.cli.vulns_database import AgeOption, DatabaseOption, advisories
from firmward.model.errors import InputError
from firmward.model.finding import Severity

if TYPE_CHECKING:
    from firmward.model.report import Report

EXIT_FOUND = 1
EXIT_INCOMPLETE = 3

EPILOG = """
**Examples**

    firmward audit camera.img

    firmward audit build/images -p device.toml -o report.html -o report.sarif

    firmward audit rootfs.squashfs --fail-on high --only access

    firmward audit camera.img -o sbom.cdx.json -o sbom.spdx.json -o vex.cdx.json

    firmward audit --live

    firmward audit camera.img --write-baseline baseline.json

    firmward audit camera.img --baseline baseline.json --fail-on low

    firmward audit camera.img --uboot u-boot.bin --fuses otp.txt

    firmward audit sbom.cdx.json

**Exit codes**

- 0: nothing at or above --fail-on; without it findings never give 1
- 1: a finding at or above it. With --baseline only findings that are new or more severe than in it count, and checks
  that judged then and have no verdict now
- 2: the input or the command is wrong
- 3: a budget ran out, and the report is partial; or nothing in it could be judged, and it names no component
"""

Target = Annotated[
    Path | None,
    typer.Argument(
        metavar="TARGET",
        help="A firmware image, a root file system folder, a build's output folder, or an SBOM.",
        show_default=False,
    ),
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        "-p",
        metavar="FILE",
        help="The maker's declaration, device.toml; firmward init writes a first one.",
        show_default=False,
    ),
]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write a report (.html .json .sarif .md), an SBOM (.cdx.json .spdx.json) or a VEX document (vex.cdx.json "
        "openvex.json csaf.json). Repeatable.",
        show_default=False,
    ),
]
FailOption = Annotated[
    Severity | None,
    typer.Option(
        "--fail-on",
        metavar="SEVERITY",
        help="Exit with 1 on findings this severe or worse: critical, high, medium, low or info.",
        show_default=False,
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="NAME",
        help="Judge this area or check only; firmward checks lists them. Repeatable.",
        show_default=False,
    ),
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, metavar="N", help="Processes at once.  [default: one a core]")
]
SecondsOption = Annotated[
    float, typer.Option("--budget-seconds", min=1, metavar="SECONDS", help="Give up after this time, and say so.")
]
BytesOption = Annotated[
    int,
    typer.Option("--budget-mib", min=1, metavar="MIB", help="MiB that compressed parts may expand to, all together."),
]
MemoryOption = Annotated[
    int, typer.Option("--memory-mib", min=256, metavar="MIB", help="MiB that one reading process may hold.")
]
LiveOption = Annotated[bool, typer.Option("--live", help="Audit the running machine (TARGET is its root, or /).")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No summary on the terminal.")]


BaselineOption = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="Findings known already: a baseline or a report. Only what is new or worse counts for --fail-on.",
        show_default=False,
    ),
]
WriteBaselineOption = Annotated[
    Path | None,
    typer.Option(
        "--write-baseline", metavar="FILE", help="Write what is open now as a baseline, to keep.", show_default=False
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command("audit", epilog=EPILOG)(audit)


def audit(
    target: Target = None,
    policy: PolicyOption = None,
    lifecycle: LifecycleOption = None,
    output: OutputOption = None,
    fail_on: FailOption = None,
    only: OnlyOption = None,
    baseline: BaselineOption = None,
    write_baseline: WriteBaselineOption = None,
    jobs: JobsOption = None,
    budget_seconds: SecondsOption = 300.0,
    budget_mib: BytesOption = 2048,
    memory_mib: MemoryOption = 4096,
    unblob: UnblobOption = False,
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
    manifest: ManifestOption = None,
    db: DatabaseOption = None,
    max_db_age: AgeOption = None,
    live: LiveOption = False,
    quiet: QuietOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Open a firmware image in place, judge it, report it.

    Nothing is unpacked to disk, nothing is mounted, and no root rights are needed. What cannot be read is told, and the
    checks that depend on it are unknown, never passed.
    """
    from firmward.audit.baseline import compared, read_baseline, render_baseline
    from firmward.audit.writing import check_outputs, write_reports, write_texts
    from firmward.cli.documents import all_forms, author_of, can_say, is_document
    from firmward.cli.triage_file import decided, triaged
    from firmward.image.budget import Limits

    outputs, policy = tuple(output or ()), policy_for(policy, target)
    given = Loose(
        kernel_config, dtb, uboot, uboot_config, env, fit, initramfs, rootfs, fuses, public_key, manifest
    ).gathered()
    read = [path for path in (target, policy, lifecycle, *(one.path for one in given)) if path is not None]
    declared, clock = read_policy(policy), judging_day()
    forms = all_forms(clock.today, author_of(declared))
    check_outputs(outputs, [*read, *(() if baseline is None else (baseline,))], forms)
    check_baseline_place(write_baseline, [*outputs, *read])
    known = None if baseline is None else read_baseline(baseline)
    told = decided(advisories(db, max_db_age, clock.today), policy, clock.today)
    lists = any(is_document(output) for output in outputs)
    question = Question(tuple(only or ()), declared, clock, read_lifecycle(lifecycle), told, lists)
    if question.wanted:
        _ = question.checks  # a wrong word is told before the image is opened
    limits = Limits(expanded_bytes=budget_mib << 20, seconds=budget_seconds, memory=memory_mib << 20)
    with progress(color, quiet=quiet) as tell:
        reading = Reading(limits, jobs or os.cpu_count() or 1, live, unblob, given=given)
        report = triaged(audit_target(_target(target, reading), question, reading, tell), policy, clock.today)
        if baseline is not None and known is not None:
            report = compared(report, known, baseline.name)
        outputs = can_say(outputs, report)
        write_reports(report, outputs, forms)
        if write_baseline is not None:
            write_texts([(write_baseline, render_baseline(report))])
            outputs = (*outputs, write_baseline)
    if not quiet:
        _print(report, outputs, color)
    raise typer.Exit(exit_code(report, fail_on))


def exit_code(report: "Report", fail_on: Severity | None) -> int:
    """0, 1 or 3 as the design has it; incomplete wins."""
    from firmward.audit.baseline import counted

    if not report.budget.complete or (report.unknown and not (report.judged or report.components)):
        return EXIT_INCOMPLETE
    if fail_on is None:
        return 0
    return EXIT_FOUND if any(severity.rank <= fail_on.rank for severity in counted(report)) else 0


def check_baseline_place(path: Path | None, others: "list[Path]") -> None:
    """Refuse what a baseline could not be written to; one that stands there may be refreshed. Raises InputError."""
    from firmward.audit.writing import check_outputs

    if path is None:
        return
    check_outputs((path,), keep=others, forms={".json": None})
    if path.absolute() in [other.absolute() for other in others]:
        raise InputError(f"{path}: is named twice")


def _target(target: Path | None, reading: Reading) -> Path | None:
    """None where the given parts are all there is."""
    if reading.live and reading.given:
        raise InputError("--live audits this machine as it runs: parts cannot be given with it")
    if target is None and not reading.live and not reading.given:
        raise InputError("give an image or a folder to audit, parts of one, or --live for this machine")
    return Path("/") if target is None and reading.live else target


def _print(report: "Report", outputs: tuple[Path, ...], color: Color) -> None:
    from firmward.cli.console import make_console
    from firmward.cli.terminal import print_report

    console = make_console(color)
    print_report(report, console)
    for path in outputs:
        console.print(f"Wrote {path}", style="dim", markup=False)
