"""What the subcommands of `firmward release` have in common: the repository, the draft, the time, and what is told."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firmward.signing.key_store import KeyStore
    from firmward.signing.release.changes import Terms
    from firmward.signing.release.draft import Draft
    from firmward.signing.release.signatures import Standing
    from firmward.signing.signing_key import PublicKey

REPOSITORY = Path("repository")
KEY_LIMIT = 64 << 10
SHOWN_KEYS = 8

RepoOption = Annotated[Path, typer.Option("--repo", metavar="DIR", help="The folder of the repository.")]
DraftArgument = Annotated[Path, typer.Argument(metavar="DRAFT", help="The folder of the draft.")]
OutputOption = Annotated[
    Path, typer.Option("--output", "-o", metavar="DRAFT", help="The new folder to write the draft to.")
]
StoresOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="A key store, of which the public halves are read: its keys sign from now on. Repeatable.",
        show_default=False,
    ),
]
ThresholdOption = Annotated[
    list[str] | None,
    typer.Option("--threshold", metavar="ROLE=N", help="How many keys of a role have to sign.", show_default=False),
]
DropOption = Annotated[
    list[str] | None,
    typer.Option(
        "--drop",
        metavar="ID",
        help="A key that signs no more, by the beginning of its id: one whose store is gone. Repeatable.",
        show_default=False,
    ),
]
DaysOption = Annotated[
    int | None,
    typer.Option("--days", min=1, max=3650, metavar="N", help="How long what is made is good.", show_default=False),
]
NowOption = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="TIME",
        help="The time that counts as now, such as 2026-11-22T12:00:00Z: for rehearsals.",
        show_default=False,
    ),
]


def moment(word: str | None) -> datetime:
    """Raises InputError."""
    if word is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        found = datetime.fromisoformat(word)
    except ValueError as error:
        raise InputError(f"--now {word}: is no time such as 2026-11-22T12:00:00Z") from error
    if found.tzinfo is None:
        raise InputError(f"--now {word}: say the zone too, such as Z for UTC")
    return found.astimezone(UTC).replace(microsecond=0)


def terms(days: int | None) -> "Terms":
    """For a draft: the same days for all that it makes, where they are given."""
    from firmward.signing.release.changes import Terms

    return Terms() if days is None else Terms(root=days, targets=days, channel=days)


def opened(stores: list[Path] | None) -> "list[KeyStore]":
    from firmward.signing.key_store import KeyStore

    return [KeyStore.open(folder) for folder in stores or ()]


def public_key(path: Path) -> "PublicKey":
    """Raises InputError for what is no public key."""
    from firmward.build import regular
    from firmward.model.errors import TrustError
    from firmward.signing.public_half import from_pem

    content = regular.linked_content(path, KEY_LIMIT)
    if b"PRIVATE KEY" in content:
        raise InputError(f"{path}: is a private key; give its public half, and keep this one away from here")
    try:
        return from_pem(content, str(path))
    except TrustError as error:
        raise InputError(f"{error}; `firmward keys export-public` writes one") from error


def whole_number(word: str, what: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 4):
        raise InputError(f"{what}: a number is wanted")
    return int(word)


def write_draft(draft: "Draft", output: Path) -> None:
    """Write it, say what it changes and who is to sign."""
    from firmward.signing.release.draft import write

    write(draft, output)
    tell_draft(output)


def tell_draft(folder: Path) -> None:
    """In plain words what a draft changes, and who is still to sign. Raises InputError, TrustError."""
    from firmward.signing.release.draft import read
    from firmward.signing.release.signatures import standings
    from firmward.signing.release.words import words
    from firmward.signing.shelf import Shelf

    draft = read(folder)
    for line in words(draft, Shelf(folder)):
        say(line)
    tell_standings(standings(draft), folder)


def tell_standings(found: "Sequence[Standing]", folder: Path) -> None:
    from firmward.signing.tuf_keys import SHOWN, own_id, store_role

    waiting = [one for one in found if one.missing]
    if not waiting:
        say(f"All have signed. Next: firmward release publish {folder}")
        return
    for one in waiting:
        ids = sorted(map(own_id, one.waiting.values()))
        keys = " ".join(id[:SHOWN] for id in ids[:SHOWN_KEYS]) + (" …" if len(ids) > SHOWN_KEYS else "")
        say(f"To sign {one.name}: {one.missing} more of {store_role(one.name)}, any of {keys}")
    say(f"Next: firmward release sign {folder}, with the store of each")


def say(line: str) -> None:
    from firmward.cli.inside import shown

    typer.echo(shown(line))
