"""`firmward keys rotate`: a new key for a role, the present one retired."""

from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import keys_options as options
from firmward.model.errors import InputError
from firmward.signing.role import Role

if TYPE_CHECKING:
    from firmward.signing.changes import Plan, Rotation
    from firmward.signing.custody import Making

EPILOG = """
**Examples**

    firmward keys rotate targets

    firmward keys rotate boot --to-spare

    firmward keys rotate update-root --key update-root-1

A revoked key leaves its place empty: the new key fills it, and none is retired.

**Exit codes**

- 0: the new key is there
- 2: there is nothing to rotate, or it cannot be told what; nothing was changed
"""


def add_to(group: typer.Typer) -> None:
    group.command("rotate", epilog=EPILOG)(rotate)


def rotate(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="The role that gets a new key.")],
    store: options.StoreOption = options.STORE,
    key: Annotated[
        str | None, typer.Option("--key", help="Which of several keys is to be replaced.", metavar="KEY")
    ] = None,
    to_spare: Annotated[
        bool, typer.Option("--to-spare", help="The spare becomes the working key, the new one the next spare.")
    ] = False,
    custody: options.CustodyOption = None,
    algorithm: options.AlgorithmOption = None,
    module: options.ModuleOption = None,
    token: options.TokenOption = None,
    passphrase_file: options.PassphraseOption = None,
    pin_file: options.PinOption = None,
    dry_run: options.DryRunOption = False,
) -> None:
    """Make a new key for a role; the present one is retired and stays listed.

    The new key is made like the one it replaces and held in the same place, unless options say otherwise. What the
    change means for devices in the field is told.
    """
    from firmward.cli.judging import judging_day
    from firmward.signing.changes import plan
    from firmward.signing.changes import rotate as change
    from firmward.signing.key_store import KeyStore
    from firmward.signing.unlock import usual_unlock

    wanted = options.role_of(role)
    making = _making(custody, algorithm, module, token)
    decided = plan(KeyStore.open(store), wanted, which=key, to_spare=to_spare)
    if dry_run:
        typer.echo(_foretold(wanted, decided))
        return
    unlock = usual_unlock(passphrase_file, pin_file)
    done = change(store, wanted, unlock, judging_day().today, which=key, to_spare=to_spare, making=making)
    _tell(done, wanted)


def _making(custody: str | None, algorithm: str | None, module: object, token: str | None) -> "Making | None":
    from pathlib import Path

    if custody is None and (algorithm, module, token) != (None, None, None):
        raise InputError("say with --custody where the new key is to be held: file, pkcs11 or tpm")
    return (
        None
        if custody is None
        else options.making_of(custody, algorithm, module if isinstance(module, Path) else None, token)
    )


def _foretold(role: Role, decided: "Plan") -> str:
    retired = f", and retire {decided.retired.name}" if decided.retired else ", and retire none"
    if decided.promoted is not None:
        return f"{role}: would make {decided.promoted.name} the working key, a new key the spare{retired}"
    return f"{role}: would make a new key{retired}"


def _tell(done: "Rotation", role: Role) -> None:
    from firmward.signing.stolen_key import meaning

    typer.echo(f"{done.new.name}  {done.new.algorithm}  {done.new.custody}  {done.new.id}")
    if done.spare is not None:
        typer.echo(f"{done.spare.name} (spare)  {done.spare.algorithm}  {done.spare.custody}  {done.spare.id}")
    if done.retired is not None:
        typer.echo(f"{done.retired.name} is retired: {meaning(done.retired, only_working=False)}", err=True)
    if role is Role.BOOT and done.spare is None:
        typer.echo(
            f"{done.new.name} is in no boot loader yet: devices made so far start nothing that it signs. "
            "`--to-spare` takes a key that they hold, where there is one",
            err=True,
        )
