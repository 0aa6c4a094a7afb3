"""`firmward release verify REPO`: the repository, walked as a device would."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import release_options as options
from firmward.cli.console import Color, ColorOption

if TYPE_CHECKING:
    from rich.console import Console

    from firmward.signing.release.survey import Survey

EXIT_FOUND = 1
SCHEMA = "firmward.repository/1"
ROOT_LIMIT = 512_000
EPILOG = """
**Examples**

    firmward release verify repository/

    firmward release verify repository/ --root 1.root.json

    firmward release verify /media/stick/repository --now 2027-01-31T00:00:00Z

**Exit codes**

- 0: all of it holds; what expires soon is told
- 1: something does not hold, has expired, or is not what was signed
- 2: there is no repository
"""


def add_to(group: typer.Typer) -> None:
    group.command("verify", epilog=EPILOG)(verify)


def verify(
    repository: Annotated[Path, typer.Argument(metavar="REPO", help="The folder of the repository.")] = (
        options.REPOSITORY
    ),
    root: Annotated[
        Path | None,
        typer.Option(
            "--root",
            metavar="FILE",
            help="The root that devices hold; else the first one in the repository, which proves nothing of whose it "
            "is.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    now: options.NowOption = None,
    color: ColorOption = Color.AUTO,
) -> None:
    """Walk the whole repository as a device would: every signature from the first root on, every channel, every file by
    its digest, every date.

    Files that no present release names are listed: of former releases, or left by an interrupted publication.
    """
    from firmward.build import regular
    from firmward.cli.console import make_console
    from firmward.signing.release.survey import survey

    anchor = None if root is None else regular.linked_content(root, ROOT_LIMIT)
    found = survey(repository, anchor, options.moment(now))
    if as_json:
        typer.echo(_json(found))
    else:
        _print(found, make_console(color))
    raise typer.Exit(EXIT_FOUND if found.problems else 0)


def _json(found: "Survey") -> str:
    roles = [
        {"name": one.name, "version": one.version, "expires": f"{one.expires:%Y-%m-%dT%H:%M:%SZ}"}
        | {"threshold": one.threshold, "keys": list(one.keys)}
        for one in found.roles
    ]
    offers = [
        {"channel": one.channel, "board": one.board, "product": one.manifest.product}
        | {"version": one.manifest.version, "rollback_index": one.manifest.rollback_index}
        for one in found.offers
    ]
    told = {"problems": found.problems, "warnings": found.warnings, "orphans": found.orphans}
    return json.dumps({"schema": SCHEMA, "roles": roles, "offers": offers, "blobs": found.blobs, **told}, indent=2)


def _print(found: "Survey", console: "Console") -> None:
    from firmward.cli.inside import shown
    from firmward.signing.tuf_keys import SHOWN

    for one in found.roles:
        keys = " ".join(id[:SHOWN] for id in one.keys)
        line = f"{one.name} {one.version}: until {one.expires:%Y-%m-%d %H:%M} UTC, {one.threshold} of {keys}"
        console.print(shown(line), markup=False, highlight=False, soft_wrap=True)
    for offer in found.offers:
        manifest = offer.manifest
        line = f"{manifest.product} {offer.channel}: {manifest.version} for {offer.board}"
        console.print(shown(line), markup=False, highlight=False, soft_wrap=True)
    for style, mark, lines in (
        ("dim", "not named by a present release:", found.orphans),
        ("yellow", "!", found.warnings),
        ("bold red", "✗", found.problems),
    ):
        for line in lines:
            console.print(f"[{style}]{mark}[/]", end=" ")
            console.print(shown(line), markup=False, highlight=False, soft_wrap=True)
    if not found.problems:
        console.print(f"[bold green]✓[/] signatures, dates and {found.blobs} files hold", highlight=False)
