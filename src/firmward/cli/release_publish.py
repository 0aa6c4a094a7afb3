"""`firmward release publish DRAFT`: a signed draft joins the repository."""

from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import keys_options
from firmward.cli import release_options as options

if TYPE_CHECKING:
    from pathlib import Path

    from firmward.signing.release.publishing import Order

EPILOG = """
**Examples**

    firmward release publish draft/ --repo repository --store server

    rsync -a repository/ server:/srv/updates/

Copy the timestamp last where the copy is not made in one step: devices see what it names.

**Exit codes**: 0 when it is published; 2 where it is refused or could not be written: devices see what they saw before.
"""
SnapshotDays = Annotated[
    int, typer.Option("--snapshot-days", min=1, max=3650, metavar="N", help="How long a snapshot is good.")
]
TimestampDays = Annotated[
    int,
    typer.Option(
        "--timestamp-days",
        min=1,
        max=3650,
        metavar="N",
        help="How long a timestamp is good: what it takes until a device notices that it is held back.",
    ),
]


def add_to(group: typer.Typer) -> None:
    group.command("publish", epilog=EPILOG)(publish)


def publish(
    draft: options.DraftArgument,
    repo: options.RepoOption = options.REPOSITORY,
    store: keys_options.StoreOption = keys_options.STORE,
    passphrase_file: keys_options.PassphraseOption = None,
    pin_file: keys_options.PinOption = None,
    snapshot_days: SnapshotDays = 7,
    timestamp_days: TimestampDays = 1,
    now: options.NowOption = None,
) -> None:
    """Verify a draft against the repository as it is, put it there, and make snapshot and timestamp with the store's
    online keys.

    A draft that does not follow what is published now is refused, and so is one that lacks signatures. Ended half-way,
    it can be published again; until the last step devices see what they saw before.
    """
    from firmward.signing.release.publishing import publish as join

    join(draft, repo, order(store, passphrase_file, pin_file, snapshot_days, timestamp_days, now))
    options.say(f"{repo}: published; good until the timestamp ends, so renew it: firmward release renew --repo {repo}")


def order(
    store: "Path",
    passphrase_file: "Path | None",
    pin_file: "Path | None",
    snapshot_days: int,
    timestamp_days: int,
    now: str | None,
) -> "Order":
    from firmward.signing.key_store import KeyStore
    from firmward.signing.release.changes import Terms
    from firmward.signing.release.publishing import Order
    from firmward.signing.unlock import usual_unlock

    terms = Terms(snapshot=snapshot_days, timestamp=timestamp_days)
    return Order(KeyStore.open(store), usual_unlock(passphrase_file, pin_file), terms, options.moment(now))
