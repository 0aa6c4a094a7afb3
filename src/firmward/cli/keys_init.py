"""`firmward keys init`: a new store, or a role that a store has not got."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import keys_options as options
from firmward.model.errors import InputError
from firmward.signing.role import Role

if TYPE_CHECKING:
    from firmward.signing.changes import NewRole

EPILOG = """
**Examples**

    firmward keys init --spare --threshold update-root=2

    firmward keys init --store /media/usb/keys update-root

    firmward keys init boot --custody pkcs11 --module MODULE --token LABEL

    firmward keys init fleet --custody tpm

Without ROLE all roles are made: boot, rootfs, update-root, targets, snapshot, timestamp, release, director-root,
director, fleet. A store that is there gets the roles it has not got; keys that are there are never replaced.

**Exit codes**

- 0: the keys were made
- 2: the input is wrong, or the store has keys of this role already; nothing was changed
"""


SHOWN = 16
"""Digits of an id."""


def add_to(group: typer.Typer) -> None:
    group.command("init", epilog=EPILOG)(init)


def init(
    roles: Annotated[list[str] | None, typer.Argument(metavar="[ROLE...]", help="The roles to make keys for.")] = None,
    store: options.StoreOption = options.STORE,
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", help="How many keys of a role have to sign; so many are made.", metavar="ROLE=N"),
    ] = None,
    spare: Annotated[
        bool,
        typer.Option("--spare", help="A second boot key for the boot loader, kept offline until the first is stolen."),
    ] = False,
    custody: options.CustodyOption = None,
    algorithm: options.AlgorithmOption = None,
    module: options.ModuleOption = None,
    token: options.TokenOption = None,
    passphrase_file: options.PassphraseOption = None,
    pin_file: options.PinOption = None,
    dry_run: options.DryRunOption = False,
) -> None:
    """Make a key store, with keys for every role.

    Private halves lie encrypted in the store, or never leave the token or TPM that made them. One key serves one role,
    so that whoever gets hold of one cannot do what another is for.
    """
    from firmward.cli.judging import judging_day
    from firmward.signing.algorithm import Custody
    from firmward.signing.changes import NewRole, check_new
    from firmward.signing.changes import init as make
    from firmward.signing.custody import PRIVATE
    from firmward.signing.unlock import usual_unlock

    wanted = list(dict.fromkeys(options.role_of(role) for role in roles)) if roles else list(Role)
    thresholds = _thresholds(threshold or [], wanted)
    if spare and Role.BOOT not in wanted:
        raise InputError("--spare: is for boot, which is not among the roles named")
    making = options.making_of(custody, algorithm, module, token)
    new = [NewRole(role, making, thresholds.get(role, 1), spare and role is Role.BOOT) for role in wanted]
    check_new(store, new)
    if dry_run:
        _foretell(store, new)
        return
    made = make(store, new, usual_unlock(passphrase_file, pin_file), judging_day().today)
    typer.echo(f"{store}: {len(made)} key{'s' if len(made) > 1 else ''} made")
    width = max(len(key.name) for key in made)
    for key in made:
        spare_word = "  spare" if key.spare else ""
        typer.echo(f"  {key.name:{width}}  {key.algorithm:10}  {key.custody:6}  {key.id[:SHOWN]}{spare_word}")
    for key in made:
        if key.spare and making.custody is Custody.FILE:
            typer.echo(f"Move {store / PRIVATE / key.id}.pem to a place that is offline: it is the spare.", err=True)
    if making.custody is Custody.FILE:
        typer.echo("Keep a copy of the folder elsewhere, and the passphrase apart from both.", err=True)


def _foretell(store: Path, new: "list[NewRole]") -> None:
    for one in new:
        count = one.threshold + one.spare
        kind = f"{one.making.algorithm_for(one.role)}, {one.making.custody}"
        typer.echo(f"{store}: would make {count} key{'s' if count > 1 else ''} for {one.role} ({kind})")


def _thresholds(words: list[str], wanted: list[Role]) -> dict[Role, int]:
    found = {}
    for word in words:
        name, _, number = word.partition("=")
        role = options.role_of(name)
        if not number.isascii() or not number.isdigit() or len(number) > 2:
            raise InputError(f"--threshold {word}: expected ROLE=N, such as update-root=2")
        if role not in wanted:
            raise InputError(f"--threshold {word}: {role} is not among the roles named")
        found[role] = int(number)
    return found
