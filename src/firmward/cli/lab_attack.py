"""`firmward lab attack OUT`: attack a build, and its unprotected twin beside it."""

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.lab_boot import AsIsOption, OutArgument

if TYPE_CHECKING:
    from firmward.cli.lab_attack_page import Page
    from firmward.lab.attacks import Attack
    from firmward.lab.campaign import Attempt, Baseline, NotTried
    from firmward.lab.device import Kind
    from firmward.lab.pair import Pair
    from firmward.lab.proof.record import Audited, Proof

EXIT_NOT_PROVED = 1
EXIT_INTERRUPTED = 130
EPILOG = """
**Examples**

    firmward lab attack build/out --before rootfs.squashfs -o proof.html -o proof.json

    firmward lab attack build/out --only fit-unsigned --only hook-directory-drop

    firmward lab attack build/out --older build/older --rounds 5 -o proof.json

    firmward lab attacks

Each attack is run on copies: first on the twin, where it has to succeed, then on the device. The twin is the same
kernel with a stock boot loader, nothing verified, and with --before the system as it was before it was hardened.

**Exit codes**

- 0: every attack that was tried succeeds on the twin and none on the device
- 1: the device did not hold against one, or one did not succeed on the twin, or could not be tried
- 2: the input or the command is wrong, or a program is missing
- 130: interrupted; what was tried until then is written
"""

BeforeOption = Annotated[
    Path | None,
    typer.Option(
        "--before",
        metavar="ROOT",
        help="The root before it was hardened, for the twin: a folder, an image or a tar of one.",
        show_default=False,
    ),
]
OlderOption = Annotated[
    Path | None,
    typer.Option(
        "--older", metavar="OUT", help="An older build of the same maker, for attacks that bring it back.",
        show_default=False,
    ),
]  # fmt: skip
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", metavar="ID", help="This attack alone. Repeatable.", show_default=False)
]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write the proof: .html, .json or .md. Repeatable.", show_default=False
    ),
]
RoundsOption = Annotated[
    int, typer.Option("--rounds", min=1, max=100, metavar="N", help="Each attack so often; the worst counts.")
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", min=1, max=64, metavar="N", help="Attacks at once.", show_default="processors")
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Nothing in the terminal; the exit code tells.")]


def add_to(app: typer.Typer) -> None:
    app.command("attack", epilog=EPILOG)(attack)


def attack(
    out: OutArgument,
    before: BeforeOption = None,
    older: OlderOption = None,
    only: OnlyOption = None,
    output: OutputOption = None,
    rounds: RoundsOption = 1,
    jobs: JobsOption = None,
    as_is: AsIsOption = False,
    quiet: QuietOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Attack a build under QEMU, and its unprotected twin beside it: what succeeds there has to fail here.

    Attacks come from outside: the disk on the bench, the serial line, the network. What came of each is seen from
    outside too.
    """
    from firmward.audit.writing import check_outputs, write_texts
    from firmward.cli.lab_attack_page import Page
    from firmward.lab.attacks import chosen
    from firmward.lab.device import opened, refuse_changed
    from firmward.lab.pair import Pair
    from firmward.lab.proof.forms import FORMS, rendered

    outputs, attacks = tuple(output or ()), chosen(tuple(only or ()))
    check_outputs(outputs, forms=FORMS)
    device = opened(out)
    for one in (device, *(() if older is None else (opened(older),))):
        if not as_is:
            refuse_changed(one)
    page = Page(color, quiet=quiet)
    with tempfile.TemporaryDirectory(prefix="firmward-lab-") as name:
        pair = Pair(device, Path(name), before, older)
        proof = _Campaign(pair, attacks, Effort(rounds, jobs or os.cpu_count() or 1), page).proof()
    write_texts([(path, rendered(proof, path)) for path in outputs])
    page.close(proof, outputs)
    if proof.is_interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    raise typer.Exit(0 if proof.holds and not proof.not_tried else EXIT_NOT_PROVED)


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each attack is tried, and how many at once."""

    rounds: int
    jobs: int


class _Campaign:
    """What came of it until now, so that an interruption loses nothing."""

    def __init__(self, pair: "Pair", attacks: "Sequence[Attack]", effort: Effort, page: "Page") -> None:
        self._pair, self._attacks, self._effort, self._page = pair, attacks, effort, page
        self._begun = time.monotonic()
        self._baselines: tuple[Baseline, ...] = ()
        self._attempts: dict[int, Attempt] = {}
        self._can: tuple[Attack, ...] = ()
        self._not_tried: tuple[NotTried, ...] = ()

    def proof(self) -> "Proof":
        from firmward.cli.main import Ended

        audited = self._prepared()
        interrupted = False
        try:
            self._start()
            self._try()
        except (KeyboardInterrupt, Ended):
            interrupted = True
        return self._told(audited, interrupted=interrupted)

    def _prepared(self) -> "Mapping[Kind, Audited]":
        """Make both devices, and ask the audit of them."""
        from firmward.lab.device import Kind

        with self._page.doing("Making the unprotected twin"):
            for kind in (Kind.PLAIN, Kind.PROTECTED):
                self._pair.prepare(kind)
        with self._page.doing("Auditing both"):
            return {kind: _audited(self._pair, kind) for kind in (Kind.PLAIN, Kind.PROTECTED)}

    def _start(self) -> None:
        from firmward.lab import campaign
        from firmward.lab.device import Kind

        self._page.open(self._pair, len(self._attacks))
        for kind in (Kind.PLAIN, Kind.PROTECTED):
            with self._page.doing(f"Starting {campaign.NAMES[kind]} without an attack"):
                self._baselines = (*self._baselines, campaign.baseline(self._pair, kind))
            self._page.baseline(self._baselines[-1])
        self._can, self._not_tried = campaign.tried(self._pair, self._attacks, self._baselines)

    def _try(self) -> None:
        from firmward.cli.workers import as_they_come
        from firmward.lab import campaign

        def ask(one: "Attack") -> "Attempt":
            return campaign.attempt(self._pair, one, self._effort.rounds)

        with self._page.doing("Attacking") as tell:
            for index, attempt in as_they_come(ask, self._can, self._effort.jobs, campaign.lost):
                self._attempts[index] = attempt
                self._page.attempt(attempt, len(self._attempts), len(self._can))
                tell(f"Attacking, {len(self._attempts)} of {len(self._can)} done")

    def _told(self, audited: "Mapping[Kind, Audited]", *, interrupted: bool) -> "Proof":
        from firmward.cli.judging import judging_day
        from firmward.lab.attacks import attacks
        from firmward.lab.campaign import NotTried
        from firmward.lab.proof.record import Proof

        attempts = tuple(self._attempts[index] for index in sorted(self._attempts))
        told = {one.attack for one in attempts} | {one.attack for one in self._not_tried}
        left = tuple(NotTried(one.id, "it was interrupted before") for one in self._attacks if one.id not in told)
        said = self._pair.device.said
        return Proof(
            said.product,
            said.version,
            said.board,
            judging_day().today.isoformat(),
            time.monotonic() - self._begun,
            self._effort.rounds,
            attacks(),
            attempts,
            (*self._not_tried, *left),
            self._baselines,
            audited,
            interrupted,
        )


def _audited(pair: "Pair", kind: "Kind") -> "Audited":
    """The chain of a device, and the checks that found something."""
    from firmward.build.image import POLICY
    from firmward.cli.judging import Question, Reading, audit_target, judging_day, read_policy
    from firmward.image.budget import Limits
    from firmward.image.given import Given
    from firmward.lab.device import Kind
    from firmward.lab.proof.record import Audited

    folder = pair.device.folder
    question = Question((), read_policy(folder / POLICY), judging_day())
    target, given = folder, tuple[Given, ...]()
    if kind is Kind.PLAIN:
        parts = pair.twin_parts()
        target, given = parts.disk, (Given("uboot", parts.loader), Given("env", parts.environment))
    report = audit_target(target, question, Reading(Limits(), given=given), lambda _: None)
    return Audited(report.chain, frozenset(one.check for one in report.findings if one.outcome == "fail"))
