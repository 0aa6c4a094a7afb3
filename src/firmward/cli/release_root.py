"""`firmward release root`: the first root of a repository, and each that follows it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import release_options as options
from firmward.cli.keys_options import one_of
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.signing.release.naming import Naming

EPILOG = """
**Examples**

    firmward release root --store keys -o draft/

    firmward release root --store anna --store ben --threshold update-root=2 -o draft/

    firmward release root --store anna --key targets=ben.pem -o draft/

    firmward keys rotate timestamp --store server

    firmward release root --store server -o draft/

**Exit codes**: 0, or 2 where something is missing, wrong or refused; nothing was changed then.
"""
TOP = {"update-root": "root", "targets": "targets", "snapshot": "snapshot", "timestamp": "timestamp"}
"""The store's roles, by TUF's names."""


def add_to(group: typer.Typer) -> None:
    group.command("root", epilog=EPILOG)(root)


def root(
    output: options.OutputOption,
    repo: options.RepoOption = options.REPOSITORY,
    store: options.StoresOption = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="ROLE=PEM",
            help="A public key of somebody else for a role. Repeatable.",
            show_default=False,
        ),
    ] = None,
    threshold: options.ThresholdOption = None,
    drop: options.DropOption = None,
    days: options.DaysOption = None,
    now: options.NowOption = None,
) -> None:
    """Draft a root: who may sign what from now on.

    The first is made of the stores' public halves. A later one takes over what the stores that are named say of their
    own keys, after a rotation or a revocation; keys that they do not know stay. It has to be signed by the old keys and
    by the new ones. No private half is needed here.
    """
    from firmward.signing.release import changes, draft
    from firmward.signing.tuf_repository import read

    draft.check_new(output)
    made = changes.rooted(
        read(repo), _namings(store, key or [], threshold or [], drop or []), options.terms(days), options.moment(now)
    )
    options.write_draft(made, output)


def _namings(stores: list[Path] | None, keys: list[str], thresholds: list[str], drop: list[str]) -> "dict[str, Naming]":
    from firmward.signing.release.naming import naming
    from firmward.signing.role import Role

    opened = options.opened(stores)
    others = [(role, options.public_key(Path(path))) for role, path in (_pair(word, "--key") for word in keys)]
    wanted = {
        role: options.whole_number(number, "--threshold")
        for role, number in (_pair(w, "--threshold") for w in thresholds)
    }
    return {
        name: naming(opened, Role(role), [public for of, public in others if of == role], drop, wanted.get(role))
        for role, name in TOP.items()
    }


def _pair(word: str, what: str) -> tuple[str, str]:
    role, found, value = word.partition("=")
    if not found or not value:
        raise InputError(f"{what} {word}: expected ROLE=… for one of {', '.join(TOP)}")
    return one_of(role, tuple(TOP), "role of a root"), value
