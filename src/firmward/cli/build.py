"""`firmward build POLICY`: a signed image from what the policy names."""

import json
import os
import shlex
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.keys_options import STORE, PassphraseOption, PinOption
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from firmward.build.built import Built
    from firmward.build.inputs import Inputs
    from firmward.model.policy import Policy

POLICY = Path("device.toml")
STORE_VARIABLE = "FIRMWARD_KEYS"
EPILOG = """
**Examples**

    firmward keys init

    firmward build device.toml -o out/

    firmward build device.toml --inputs output/images -o out/ --passphrase-file /run/secrets/keys

    firmward build device.toml --rootfs hardened/rootfs.tar -o out/

    firmward build device.toml --update-root repository/metadata/1.root.json -o out/

    firmward build device.toml --dry-run

    firmward audit out/

    firmward lab boot out/

The same inputs give the same bytes, wherever and whenever they are built; SOURCE_DATE_EPOCH dates the files in them.

**Exit codes**: 0, or 2 where something is missing, wrong or refused; what was there is then as it was.
"""
MIB = 1 << 20
SCHEMA, PLAN_SCHEMA = "firmward.build/1", "firmward.plan/1"


def add_to(app: typer.Typer) -> None:
    app.command("build", epilog=EPILOG)(build)


def build(
    policy: Annotated[
        Path, typer.Argument(metavar="POLICY", help="The maker's declaration; its section [build] names the inputs.")
    ] = POLICY,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="The folder to build into.", show_default=False),
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--inputs",
            metavar="DIR",
            help="Where the paths of [build] begin; the policy's own folder by default.",
            show_default=False,
        ),
    ] = None,
    rootfs: Annotated[
        Path | None,
        typer.Option(
            "--rootfs",
            metavar="ROOT",
            help="This root file system (folder, image or tar) in the place of [build] rootfs: a hardened one.",
            show_default=False,
        ),
    ] = None,
    keys: Annotated[
        Path,
        typer.Option("--keys", envvar=STORE_VARIABLE, metavar="DIR", help="The key store."),
    ] = STORE,
    passphrase_file: PassphraseOption = None,
    pin_file: PinOption = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            metavar="DIR",
            help="Where boot loaders that were built are kept.",
            show_default="~/.cache/firmward",
        ),
    ] = None,
    update_root: Annotated[
        Path | None,
        typer.Option(
            "--update-root",
            metavar="FILE",
            help="The root.json that devices trust first, in the place of [update] keys.",
            show_default=False,
        ),
    ] = None,
    director_root: Annotated[
        Path | None,
        typer.Option(
            "--director-root",
            metavar="FILE",
            help="The director's root.json, for devices that wait for its orders: [update] director.",
            show_default=False,
        ),
    ] = None,
    without_updates: Annotated[bool, typer.Option("--without-updates", help="Leave the update client out.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the inputs and the key, say what would be built, and stop.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Without what is being done.")] = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Build a signed image: squashfs with dm-verity, an initramfs that verifies it, a signed FIT, a locked boot loader,
    and a disk with two slots.

    Nothing needs root rights, and nothing is mounted. The private key is used, and never written.
    """
    from firmward.build import image, place
    from firmward.build import inputs as named
    from firmward.build import keys as of_store
    from firmward.build.uboot.recipe import default_cache
    from firmward.cli.console import make_console
    from firmward.cli.judging import policy_text
    from firmward.cli.triage_file import read_decisions
    from firmward.model.policy import parse_policy
    from firmward.signing.key_store import KeyStore
    from firmward.signing.unlock import usual_unlock
    from firmward.vulns.triage import NAME, render_triage

    if output is None and not dry_run:
        raise InputError("say where to build to: -o out/")
    text = policy_text(policy)
    declared, base = _with_root(parse_policy(text, str(policy)), rootfs), inputs or policy.parent
    if output is not None:
        place.check(output)
    epoch = _epoch()
    read = named.read(declared, base, datetime.now(UTC).date())
    roots = None if without_updates else (policy.parent, update_root, director_root)
    read, client = _with_client(read, declared, roots, epoch)
    boot = declared.boot.keys if declared.boot else ()
    held = of_store.build_keys(KeyStore.open(keys), usual_unlock(passphrase_file, pin_file), boot, policy.parent)
    decisions = read_decisions(policy.parent / NAME)
    triage = render_triage(decisions) if decisions else None
    order = image.Order(declared, text, read, held, cache or default_cache(), epoch, triage)
    if output is None or dry_run:
        image.check(order)
        _tell_plan(_plan(read, held.key.id, client), None if as_json else make_console(color))
        return
    tell = _steps(make_console(color, stderr=True), quiet=quiet or as_json)
    if client:
        tell(client)
    started = time.monotonic()
    made = image.build(order, output, tell)
    if as_json:
        typer.echo(json.dumps({"schema": SCHEMA, "folder": str(output), **asdict(made)}, indent=2))
    else:
        _print(made, output, time.monotonic() - started, make_console(color))


def _with_root(policy: "Policy", rootfs: Path | None) -> "Policy":
    if rootfs is None:
        return policy
    from firmward.model.policy import Build

    return replace(policy, build=replace(policy.build or Build(), rootfs=str(rootfs.absolute())))


def _with_client(
    inputs: "Inputs", policy: "Policy", where: tuple[Path, Path | None, Path | None] | None, epoch: int
) -> "tuple[Inputs, str]":
    """With a line that tells of the update client, empty where none is asked for. `where` are the policy's folder, and
    the trusted roots that were given, of updates and of a director."""
    from firmward.build.client import put_in, trusted_root
    from firmward.update import identity

    if where is None:
        return inputs, "update client: left out, as asked for"
    base, given, directing = where
    root = trusted_root.trusted_root(policy, base, given)
    if root is None:
        return inputs, trusted_root.NONE if trusted_root.is_asked_for(policy) else ""
    made, words = put_in.put_in(inputs, policy, root, epoch, trusted_root.director_root(policy, directing))
    # by the device's own reader: what it could not read would end its updates
    identity.parse(made.root.tree.read(put_in.DEVICE) or b"")
    return made, words


def _epoch() -> int:
    """What files are dated with where SOURCE_DATE_EPOCH does not say: the first moment of 1980, which FAT and zip can
    hold as well."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "315532800")
    if not given.isdecimal() or int(given) >= 1 << 32:
        raise InputError(f"SOURCE_DATE_EPOCH: {given!r} is no number of seconds that a file system can hold")
    return int(given)


def _steps(console: "Console", *, quiet: bool) -> Callable[[str], None]:
    """One line for each step, with the time since the start."""
    from rich.text import Text

    from firmward.cli.inside import shown

    started = time.monotonic()

    def tell(message: str) -> None:
        if not quiet:
            line = Text(f"{time.monotonic() - started:6.1f} s  ", style="dim").append(shown(message), style="not dim")
            console.print(line)

    return tell


def _plan(inputs: "Inputs", key: str, client: str) -> dict[str, str]:
    return {
        "product": inputs.product,
        "version": inputs.version,
        "board": inputs.board.name,
        "layout": inputs.layout,
        "compression": inputs.compression,
        "root": f"{inputs.root.path} ({inputs.root.kind})",
        "kernel": str(inputs.kernel),
        "device_tree": str(inputs.device_tree),
        "boot_key": key,
        "updates": client.removeprefix("update client: "),
    }


def _tell_plan(plan: dict[str, str], console: "Console | None") -> None:
    """For programs without a console."""
    from firmward.cli.inside import shown

    if console is None:
        typer.echo(json.dumps({"schema": PLAN_SCHEMA, **plan}, indent=2))
        return
    for name, value in plan.items():
        console.print(f"{name.replace('_', ' '):12} {shown(value)}", markup=False, soft_wrap=True)
    console.print("Nothing was built, nothing was signed.")


def _print(made: "Built", folder: Path, seconds: float, console: "Console") -> None:
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from firmward.cli.inside import shown

    place = shown(shlex.quote(str(folder)))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for file in made.files:
        size = f"{file.size / MIB:.1f} MiB" if file.size >= MIB else f"{file.size} bytes"
        table.add_row(Text(f"  {shown(file.path)}"), size)
    words = escape(f"{shown(str(folder))}: {shown(made.product)} {shown(made.version)} for {made.board}")
    console.print(f"\n[bold green]✓[/] {words}", soft_wrap=True)
    console.print(table)
    if made.root_hash:
        console.print(f"  root hash {made.root_hash}", highlight=False)
    console.print(f"  signed by key {made.boot_key[:16]}, rollback index {made.rollback_index}, {seconds:.1f} s")
    console.print(f"\nNext: {_next(made, place)}", markup=False, soft_wrap=True)


def _next(made: "Built", place: str) -> str:
    """What to do with it: the lab plays boards whose boot loader is in the build."""
    from firmward.build.built import CONTROL, LOADER, ROM

    names = {file.path for file in made.files}
    if LOADER in names:
        return f"firmward audit {place}, firmward lab boot {place}"
    if f"{ROM}/README.md" in names:
        return f"firmward audit {place}, and {place}/{ROM}/README.md tells how the boot loader is signed"
    return (
        f"build U-Boot with its control tree, which has the key now (make EXT_DTB={place}/{CONTROL}), name the result "
        "as [build] boot_loader, and build again"
    )
