"""`firmward release renew`: what expires, made anew with the same content."""

from pathlib import Path
from typing import Annotated

import typer

from firmward.cli import keys_options
from firmward.cli import release_options as options
from firmward.cli.release_publish import SnapshotDays, TimestampDays, order
from firmward.model.errors import InputError

EPILOG = """
**Examples**

    firmward release renew --store server --passphrase-file /run/secrets/server

    firmward release renew camera.stable -o draft/

    firmward release renew root targets --days 365 -o draft/

Without a role it is for cron, several times in the life of a timestamp: with a day of life, every six hours.

**Exit codes**: 0, or 2 where nothing was renewed.
"""


def add_to(group: typer.Typer) -> None:
    group.command("renew", epilog=EPILOG)(renew)


def renew(
    roles: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROLE...]", help="root, targets or a channel such as camera.stable: drafted, to sign."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DRAFT", help="The new folder for the draft.", show_default=False),
    ] = None,
    repo: options.RepoOption = options.REPOSITORY,
    store: keys_options.StoreOption = keys_options.STORE,
    passphrase_file: keys_options.PassphraseOption = None,
    pin_file: keys_options.PinOption = None,
    snapshot_days: SnapshotDays = 7,
    timestamp_days: TimestampDays = 1,
    days: options.DaysOption = None,
    now: options.NowOption = None,
) -> None:
    """Make a fresh timestamp with the online keys, and a fresh snapshot when half of its time is over.

    With a role it drafts the same metadata with a later date, which its own keys have to sign.
    """
    from firmward.signing.release import changes, draft, publishing
    from firmward.signing.tuf_repository import existing

    if bool(roles) is not (output is not None):
        raise InputError("a role to renew is drafted: say which, and where with -o")
    if roles and output is not None:
        draft.check_new(output)
        made = changes.renewed(existing(repo), roles, options.terms(days), options.moment(now))
        options.write_draft(made, output)
        return
    publishing.renew(repo, order(store, passphrase_file, pin_file, snapshot_days, timestamp_days, now))
    options.say(f"{repo}: renewed")
