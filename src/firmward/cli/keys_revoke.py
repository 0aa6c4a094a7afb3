"""`firmward keys revoke`: never sign with a key again, and say what is to be done next."""

from typing import Annotated

import typer

from firmward.cli import keys_options as options

EPILOG = """
**Examples**

    firmward keys revoke targets-1 --reason "laptop stolen"

    firmward keys revoke 1f0c29aa --reason "held by who left"

A key is named as `firmward keys list` shows it, or by the first eight or more digits of its id. The
whole plan, role by role, is in docs/guides/stolen-key.md.

**Exit codes**

- 0: it is revoked
- 2: there is no such key, it was revoked before, or it has to sign once more; nothing was changed
"""


def add_to(group: typer.Typer) -> None:
    group.command("revoke", epilog=EPILOG)(revoke)


def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key, such as boot-1.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever reads the list later.", metavar="TEXT")],
    store: options.StoreOption = options.STORE,
    at_once: Annotated[
        bool,
        typer.Option("--at-once", help="Also an update-root key that is still needed to name its own successor."),
    ] = False,
    dry_run: options.DryRunOption = False,
) -> None:
    """Refuse to sign with a key ever after, and tell the next steps for its role.

    It stays listed with the day and the reason. Devices know nothing of it yet: the steps say how they come to. No
    passphrase is needed, since whoever notices a theft has to be able to act.
    """
    from firmward.cli.judging import judging_day
    from firmward.signing.changes import check_revocable
    from firmward.signing.changes import revoke as change
    from firmward.signing.key_store import KeyStore
    from firmward.signing.role import Role
    from firmward.signing.stolen_key import plan

    if dry_run:
        found = check_revocable(KeyStore.open(store), key, at_once=at_once)
        typer.echo(f"{found.name}: would be revoked. Next would be:")
    else:
        found = change(store, key, reason, judging_day().today, at_once=at_once)
        typer.echo(f"{found.name} is revoked: nothing is signed with it any more. Next:")
    for number, step in enumerate(plan(Role(found.role)), 1):
        typer.echo(f"{number}. {step}")
