"""`firmward release new BUILD`: a release of what was built, as a draft."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import keys_options
from firmward.cli import release_options as options
from firmward.cli.audit import BytesOption, JobsOption, MemoryOption, QuietOption, SecondsOption
from firmward.cli.console import Color
from firmward.cli.release_withdraw import ChannelOption
from firmward.cli.vulns_database import AgeOption, DatabaseOption, advisories
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmward.cli.judging import Question
    from firmward.cli.release_gate import Answer
    from firmward.signing.release.deltas import Deltas, Task
    from firmward.signing.shelf import Beginning
    from firmward.signing.tuf_repository import Channel, State
    from firmward.update.manifest import Accepted, Manifest

EPILOG = """
**Examples**

    firmward release new out/ --channel beta -o draft/

    firmward release new out/ --channel stable --proof proof.json --db vulns.db -o draft/

    firmward release new out/ --channel beta --accept "tls-weak[443]=old recorders" --owner "J. Roe" -o draft/

**Exit codes**

- 0: the draft is written
- 1: the build is worse than the release that it follows, and not all of that was accepted
- 2: the input or the command is wrong, the build is not what was signed, or may not follow
- 3: a budget ran out: the build was not wholly looked at
"""


def add_to(group: typer.Typer) -> None:
    group.command("new", epilog=EPILOG)(new)


def new(
    build: Annotated[Path, typer.Argument(metavar="BUILD", help="The folder that firmward build has written.")],
    channel: ChannelOption,
    output: options.OutputOption,
    repo: options.RepoOption = options.REPOSITORY,
    store: keys_options.StoreOption = keys_options.STORE,
    proof: Annotated[
        Path | None,
        typer.Option("--proof", metavar="FILE", help="What firmward lab attack has proven of it.", show_default=False),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            metavar="FINDING=REASON",
            help="Something that is worse than before, and why it is released all the same. Repeatable.",
            show_default=False,
        ),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="WHO", help="Who answers for what is accepted.", show_default=False),
    ] = None,
    db: DatabaseOption = None,
    max_db_age: AgeOption = None,
    jobs: JobsOption = None,
    budget_seconds: SecondsOption = 300.0,
    budget_mib: BytesOption = 2048,
    memory_mib: MemoryOption = 4096,
    delta: Annotated[
        bool,
        typer.Option(
            "--delta/--no-delta",
            help="Whether devices may make it of what they run: deltas from what the product's channels give now, and "
            "what this one gave before.",
        ),
    ] = True,
    delta_from: Annotated[
        list[str] | None,
        typer.Option(
            "--delta-from",
            metavar="VERSION",
            help="A release that a delta starts from instead, which any channel gave. Repeatable.",
            show_default=False,
        ),
    ] = None,
    days: options.DaysOption = None,
    now: options.NowOption = None,
    quiet: QuietOption = False,
) -> None:
    """Draft a release: the bytes of the slot, and what is said of them.

    The build is verified with the store's rootfs keys and audited; report, SBOM, VEX and facts go with it. What its
    report has worse than that of the release it follows stops it, unless it is accepted, with a reason that is signed.

    Deltas from earlier releases are made where those lie in the repository, and kept where they are worth it.
    """
    from firmward.cli import release_gate, release_material
    from firmward.cli.judging import Reading, progress
    from firmward.cli.release_documents import audited
    from firmward.image.budget import Limits
    from firmward.signing.key_store import KeyStore
    from firmward.signing.release import changes, draft
    from firmward.signing.tuf_repository import channel as named
    from firmward.signing.tuf_repository import existing
    from firmward.update.manifest import encoded

    draft.check_new(output)
    moment, told = options.moment(now), release_gate.answer(accept or [], owner)
    built = release_material.checked_build(build, KeyStore.open(store))
    one, state = named(built.product, channel), existing(repo)
    state.of_channel(one)
    if delta_from and not delta:
        raise InputError("--no-delta and --delta-from: say one of them")
    bases = _bases(state, one, built.board, delta_from or []) if delta else ()
    if proof is not None:
        release_material.check_proof(proof, build)
    limits = Limits(expanded_bytes=budget_mib << 20, seconds=budget_seconds, memory=memory_mib << 20)
    reading = Reading(limits, jobs or os.cpu_count() or 1, inventory=True)
    question, policy = _question(build, db, max_db_age)
    with tempfile.TemporaryDirectory(prefix=".firmward-", dir=output.absolute().parent) as name:
        with progress(Color.AUTO, quiet=quiet) as tell:
            documents = audited(build, Path(name), question, reading, policy, tell)
        found = release_material.material(build, built, documents, proof)
        taken = _gated(state, one, built.board, documents["report"], told)
        with progress(Color.AUTO, quiet=quiet) as tell:
            made = release_material.deltas(found, _task(bases, state, Path(name), tell))
        content = encoded(release_material.manifest(found, made, taken, moment))
        blobs = found.blobs | _files(made)
        options.write_draft(changes.released(state, one, content, blobs, options.terms(days), moment), output)


def _bases(state: "State", one: "Channel", board: str, versions: list[str]) -> "tuple[Manifest, ...]":
    from firmward.signing.release import bases

    return bases.named(state, one.product, board, versions) if versions else bases.usual(state, one, board)


def _task(bases: "tuple[Manifest, ...]", state: "State", folder: Path, tell: "Callable[[str], None]") -> "Task":
    from firmward.signing.release.deltas import Task

    return Task(bases, state.shelf, folder, tell, options.say)


def _files(made: "dict[str, Deltas]") -> "dict[str, Beginning]":
    from firmward.signing.shelf import Beginning

    return {sha256: Beginning(path) for one in made.values() for sha256, path in one.files.items()}


def _question(build: Path, db: Path | None, max_db_age: int | None) -> "tuple[Question, Path | None]":
    """All checks, by the build's own policy and the decisions beside it."""
    from firmward.cli.judging import Question, judging_day, policy_for, read_policy
    from firmward.cli.triage_file import decided

    policy, clock = policy_for(None, build), judging_day()
    told = decided(advisories(db, max_db_age, clock.today), policy, clock.today)
    return Question((), read_policy(policy), clock, None, told, lists=True), policy


def _gated(state: "State", one: "Channel", board: str, report: Path, told: "Answer") -> "tuple[Accepted, ...]":
    """What is accepted. Ends the command where that is not all that is worse."""
    from firmward.audit.json_report import read_report
    from firmward.cli import release_gate

    mine = read_report(report)  # as the next release will read it
    release_gate.stop_incomplete(mine)
    before: Manifest | None = state.manifest(one.path(board), state.of_channel(one).signed)
    theirs = release_gate.report_of(state, before) if before is not None else None
    found = release_gate.worse(theirs, mine) if theirs is not None else ()
    taken = release_gate.accepted(found, told, before.accepted if before else (), mine)
    how = 'mend it, or take it upon you: --accept "FINDING=REASON" --owner WHO, for each'
    release_gate.stop_unless(found, told.reasons, how)  # what was accepted once is not for what has become worse since
    return taken
