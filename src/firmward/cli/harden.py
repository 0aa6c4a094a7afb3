"""`firmward harden`: findings' cures, applied to a root file system, and seen to work."""

import errno
import json
import math
import os
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import inside
from firmward.cli.audit import BytesOption, JobsOption, MemoryOption, PolicyOption, SecondsOption
from firmward.cli.console import Color, ColorOption
from firmward.cli.inside import UnblobOption
from firmward.cli.judging import Question, Reading, judging_day, policy_for, progress, read_policy
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
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.cli.caged import Journal
    from firmward.cli.harden_work import Order
    from firmward.cli.harden_write import Form
    from firmward.model.hardening import Hardening
    from firmward.model.policy import Policy
    from firmward.model.tree import Entry

    Answer = tuple[Hardening, tuple[Entry, ...], bool]

EXIT_FAULTY = 1
EXIT_INCOMPLETE = 3
FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
OWN = 0o700
"""Of the new folder: what was removed from the root, secrets among it, lies in it for undo."""

EPILOG = """
**Examples**

    firmward harden rootfs/ -p device.toml -o hardened

    firmward harden camera.img -p device.toml --as tar -o hardened

    firmward harden rootfs/ -p device.toml --dry-run --explain

    firmward harden rootfs/ -p device.toml --as diff -o patch --only sysctl

    firmward harden rootfs/ -p device.toml --unsafe --apply -o hardened

    firmward harden --undo hardened hardened/rootfs

An overlay's files go over a root in the build; what is to be removed stands in manifest.json, as `removed`. A tar is a
whole root, which `[build] rootfs` takes.

**Exit codes**

- 0: done, or nothing to do
- 1: done, and something is worse: a new finding of medium or above, a cure that does not cure, a function that the
  policy declares and that is gone
- 2: the input or the command is wrong; nothing was written
- 3: a budget ran out: what was written is by what was judged until then
"""

Target = Annotated[
    Path | None,
    typer.Argument(
        metavar="TARGET",
        help="A root file system's folder, or a firmware image; with --undo the root.",
        show_default=False,
    ),
]
FormOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="FORM",
        help="overlay (the changed files), diff (one patch) or tar (the whole root).  [default: overlay]",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="The folder to make; it must not be there.", show_default=False),
]
ApplyOption = Annotated[
    bool, typer.Option("--apply", help="Write a whole hardened copy of the root, with owners and modes: DIR/rootfs.")
]
UnsafeOption = Annotated[
    bool, typer.Option("--unsafe", help="Apply the cures too that something may rely on; --explain says what.")
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="CHECK",
        help="Cure this check, or one finding of it: CHECK[KEY]. Repeatable.",
        show_default=False,
    ),
]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Tell every cure: what it changes, and what may stop working.")
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]
PartOption = Annotated[
    str | None,
    typer.Option("--part", metavar="ID", help="Which root, where an image has several.", show_default=False),
]
UndoOption = Annotated[
    Path | None,
    typer.Option(
        "--undo", metavar="DIR", help="Put TARGET, a hardened root, back by DIR/manifest.json.", show_default=False
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on the terminal but faults.")]


def add_to(app: typer.Typer) -> None:
    app.command("harden", epilog=EPILOG)(harden)


def harden(
    target: Target = None,
    policy: PolicyOption = None,
    form: FormOption = None,
    output: OutputOption = None,
    apply: ApplyOption = False,
    unsafe: UnsafeOption = False,
    only: OnlyOption = None,
    explain: ExplainOption = False,
    dry_run: DryOption = False,
    part: PartOption = None,
    undo: UndoOption = None,
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
    as_json: inside.JsonOption = False,
    quiet: QuietOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Cure what an audit finds: judge a root, apply the cures, judge it again, and write what was changed.

    Cures that nothing can break by are applied; those that something may rely on wait for --unsafe. The root itself is
    not touched. No root rights are needed, but for a copy of files that are not yours.
    """
    from firmward.cli.harden_work import Order
    from firmward.image.budget import Limits

    if undo is not None:
        _undo(undo, target, quiet=quiet)
        return
    written = _form(form, output, apply=apply, dry_run=dry_run, explain=explain)
    given = Loose(
        kernel_config, dtb, uboot, uboot_config, env, fit, initramfs, rootfs, fuses, public_key, manifest
    ).gathered_beside(target)
    declared = _declared(policy_for(policy, target))
    order = Order(target, part, unsafe, _only(only or []), written)
    if output is not None and written is not None:
        _check_place(output, target, rootfs)
    limits = Limits(expanded_bytes=budget_mib << 20, seconds=budget_seconds, memory=memory_mib << 20)
    reading = Reading(limits, jobs or os.cpu_count() or 1, unblob=unblob, given=given)
    question = Question((), declared, judging_day())
    done = _hardened(order, question, reading, output if written is not None else None, color, quiet=quiet or as_json)
    _tell(done, order, output if written is not None else None, color, as_json=as_json, quiet=quiet, explain=explain)
    raise typer.Exit(exit_code(done))


def exit_code(done: "Hardening") -> int:
    if not done.budget.complete:
        return EXIT_INCOMPLETE
    return EXIT_FAULTY if done.is_faulty else 0


def _form(form: str | None, output: Path | None, *, apply: bool, dry_run: bool, explain: bool) -> "Form | None":
    """None where nothing is written. Raises InputError for options that do not go together."""
    from firmward.cli.harden_write import Form

    if apply and form is not None:
        raise InputError("--apply writes a whole copy: it does not go with --as")
    wanted = "copy" if apply else form or "overlay"
    if wanted not in [one.value for one in Form] or form == "copy":
        raise InputError(f"--as {inside.shown(wanted)}: is not one of overlay, diff, tar")
    if dry_run or (explain and output is None and not apply and form is None):
        return None
    if output is None:
        raise InputError("say where to write to: -o hardened, or --dry-run to see what would be done")
    return Form(wanted)


def _only(words: list[str]) -> tuple[str, ...]:
    """Raises InputError for what names no check."""
    from firmward.audit.catalogue import find_check

    for word in words:
        check, bracket, rest = word.partition("[")
        if bracket and not rest.endswith("]"):
            raise InputError(f"--only {inside.shown(word)}: is no CHECK[KEY]")
        find_check(check)
    return tuple(word.removesuffix("[]") for word in words)


def _declared(path: Path | None) -> "Policy | None":
    """The policy. Raises InputError where it contradicts itself."""
    from firmward.harden.contradiction import contradictions

    policy = read_policy(path)
    found = () if policy is None else contradictions(policy)
    if found:
        lines = [f"{one.place}: {one.message}" for one in found]
        raise InputError(f"{path}: contradicts itself: " + "\n".join(lines))
    return policy


def _check_place(output: Path, *read: Path | None) -> None:
    """Raises InputError where no new folder can be made, or the root would hold it."""
    from firmward.image.new_folder import check_new

    check_new(output)
    place = output.parent.resolve() / output.name
    for one in read:
        if one is not None and one.is_dir() and place.is_relative_to(one.resolve()):
            raise InputError(f"{output}: lies in {one}, which is to be hardened; give a folder elsewhere")


def _hardened(
    order: "Order", question: Question, reading: Reading, output: Path | None, color: Color, *, quiet: bool
) -> "Hardening":
    """Open, judge and harden in a worker that can write to the new folder alone, and finish what it wrote."""
    from firmward.cli.caged import Lost, run_caged, walls_around
    from firmward.cli.harden_work import Around, harden
    from firmward.cli.harden_write import Form, finish
    from firmward.image.new_folder import NewFolder, new_folder

    _prepare()
    with (
        inside.foreign_beside(reading.limits, wanted=reading.unblob) as foreign,
        nullcontext() if output is None else new_folder(output, OWN) as store,
        progress(color, quiet=quiet) as tell,
    ):

        def work(journal: "Journal", avoided: Mapping[str, str]) -> "Answer | tuple[int, str]":
            try:
                return harden(order, question, reading, Around(journal, avoided, foreign, store))
            except OSError as error:
                return error.errno or 0, error.strerror or str(error)

        places = store.place if isinstance(store, NewFolder) else ()
        walls = walls_around(order.target, reading.limits, places, foreign, reading.loose)
        try:
            found = run_caged(work, walls, math.inf, tell)
        except Lost as lost:
            inside.warn((f"the process that hardened {order.target or 'the given parts'} {lost.reason}",))
            raise typer.Exit(EXIT_INCOMPLETE) from None
        match found:
            case (int(number), str(words)):
                why = "the disk is full; make room and harden again" if number in FULL else words
                raise InputError(f"{output}: cannot be written: {why}")
            case (done, entries, owners):
                pass
        if isinstance(store, NewFolder):
            finish(store, entries, owners=owners, strict=order.form is Form.COPY)
    return done


def _prepare() -> None:
    """Before the worker parts: what both judgements need is imported and made once, and not by each process again."""
    from firmward.audit.catalogue import catalogue
    from firmward.facts import product_row, web_library_row

    catalogue()
    product_row.rows()
    web_library_row.rows()


def _tell(
    done: "Hardening",
    order: "Order",
    output: Path | None,
    color: Color,
    *,
    as_json: bool,
    quiet: bool,
    explain: bool,
) -> None:
    from firmward.cli.console import make_console
    from firmward.cli.harden_page import print_hardening
    from firmward.harden.manifest import document

    form = order.form.value if order.form is not None else "none"
    if as_json:
        folder = None if output is None else str(output)
        typer.echo(json.dumps({**document(done, form), "folder": folder}, indent=2))
    elif not quiet:
        print_hardening(done, order, output, make_console(color), explain=explain)
    elif done.is_faulty:
        words = [f"new finding {one.name}: {one.message}" for one in done.new]
        words += [f"{one.name} is not cured: {one.reason}" for one in done.findings if one.fate.value == "kept"]
        words += [f"no more: {one}" for one in done.broken]
        typer.echo("\n".join(f"firmward: {inside.shown(word)}" for word in words), err=True)
    inside.warn(done.budget.exhausted)


def _undo(folder: Path, root: Path | None, *, quiet: bool) -> None:
    from firmward.audit.summary import plural
    from firmward.harden import manifest
    from firmward.harden.undo import BEFORE, undo

    if root is None:
        raise InputError("say which root is to be put back: firmward harden --undo hardened hardened/rootfs")
    place = folder / manifest.NAME
    try:
        if place.stat().st_size > manifest.SIZE_LIMIT:
            raise InputError(f"{place}: is larger than {manifest.SIZE_LIMIT} bytes")
        text = place.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{place}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: is not UTF-8") from error
    count = undo(manifest.parse(text, str(place)), folder / BEFORE, root)
    if not quiet:
        typer.echo(f"Put {plural(count, 'path')} of {inside.shown(str(root))} back")
