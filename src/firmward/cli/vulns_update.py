"""`firmward vulns update`: bring the feeds into the local database."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption, make_console
from firmward.cli.vulns_database import DatabaseOption, database_path
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from firmward.vulns.update import Outcome

SCHEMA = "firmward.vulns-update/1"
EXIT_NONE = 2
EXIT_SOME = 3
COUNTS = ("records", "rejected", "skipped")
SHOWN = 5
"""Records that were skipped and are named below the table."""
EPILOG = """
**Examples**

    firmward vulns update

    firmward vulns update kernel kev --mirror kernel=https://mirror.example/kernel

    firmward vulns update --from kernel=vulns-master.tar.gz --from debian=debian.json

Feeds: cve, kernel, nvd, osv, kev, epss, eol, debian, alpine, openwrt. Each changes whole or not at all; after the first
time only what is new is fetched where the feed allows it, and a download that was cut goes on where it ended.

`FIRMWARD_NVD_API_KEY` makes NVD answer faster. `FIRMWARD_VULNS_MIRROR_NVD=URL` and `[vulns.mirrors]` in
`~/.config/firmward/firmward.toml` name mirrors for good.

**Exit codes**

- 0: all feeds are up to date
- 2: none could be updated, or the command is wrong
- 3: some could not be updated; the others were
"""
FeedsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FEED...]", help="The feeds to update; all without any.", show_default=False),
]
FromOption = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="FEED=PATH",
        help="Take a feed from a file, folder or archive as its upstream lays it out, without the network.",
        show_default=False,
    ),
]
MirrorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mirror",
        metavar="FEED=URL",
        help="Fetch a feed from here: what upstream has, under the same paths.",
        show_default=False,
    ),
]
FullOption = Annotated[bool, typer.Option("--full", help="Fetch all of each feed, not only what is new.")]


def add_to(group: typer.Typer) -> None:
    group.command("update", epilog=EPILOG)(update)


def update(
    feeds: FeedsArgument = None,
    given: FromOption = None,
    mirror: MirrorOption = None,
    full: FullOption = False,
    database: DatabaseOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and only what failed.")] = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Fetch what is new of each feed, or take it from files, into the local database.

    Nothing else of firmward uses the network. Records that break their format are counted, named and skipped. With
    --from and no feed named, only these are updated.
    """
    from firmward.cli.judging import progress
    from firmward.cli.vulns_moment import moment
    from firmward.vulns.settings import read_settings
    from firmward.vulns.update import Means, wanted
    from firmward.vulns.update import update as run

    settings = read_settings({name: urls[-1] for name, urls in _pairs(mirror or (), "--mirror").items()})
    files = {name: [Path(one) for one in paths] for name, paths in _pairs(given or (), "--from").items()}
    orders = wanted(feeds or (), files, settings, anew=full)
    with progress(color, quiet=quiet or as_json) as tell:
        means = Means(settings, moment(), tell=lambda feed, stage, count: tell(_stage(feed, stage, count)))
        outcomes = list(run(database_path(database), orders, means))
    if as_json:
        document = {"schema": SCHEMA, "feeds": [_record(one) for one in outcomes]}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _print(outcomes, make_console(color), quiet=quiet)
    failed = sum(bool(one.error) for one in outcomes)
    raise typer.Exit(0 if not failed else EXIT_NONE if failed == len(outcomes) else EXIT_SOME)


def _pairs(words: Iterable[str], option: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name or not value:
            raise InputError(f"{option} {word}: expected FEED=..., such as kernel=...")
        found[name].append(value)
    return found


def _stage(feed: str, stage: str, count: int) -> str:
    return f"{feed}: {stage[-60:]}{f', {count} records' if count else ''}"


def _record(outcome: "Outcome") -> dict[str, object]:
    told = outcome.told
    record: dict[str, object] = {"feed": outcome.feed, "state": _state(outcome), "error": outcome.error or None}
    if told is not None:
        record |= {"records": told.records, "rejected": told.rejected, "skipped": told.skipped}
        record["skipped_records"] = [{"name": name, "reason": reason} for name, reason in told.reasons]
    return record


def _state(outcome: "Outcome") -> str:
    if outcome.error:
        return "failed"
    if outcome.told is None or outcome.extent is None:
        return "unchanged"
    return outcome.extent.value


def _print(outcomes: "list[Outcome]", console: "Console", *, quiet: bool) -> None:
    from rich.table import Column, Table

    from firmward.cli.inside import shown

    if not quiet:
        table = Table("feed", "state", *(Column(name, justify="right") for name in COUNTS), box=None)
        for one in outcomes:
            told = one.told
            counts = () if told is None else (told.records, told.rejected, told.skipped)
            table.add_row(one.feed, _state(one), *(f"{count:,}" if count else "" for count in counts))
        console.print(table)
        for one in outcomes:
            for name, reason in () if one.told is None else one.told.reasons[:SHOWN]:
                console.print(f"skipped {one.feed}: {shown(name)}: {shown(reason)}", style="yellow", markup=False)
            if one.told is not None and one.told.skipped > SHOWN:
                console.print(f"and {one.told.skipped - SHOWN} more of {one.feed}: `firmward vulns status` has them")
    for one in outcomes:
        if one.error:
            typer.secho(f"firmward: {shown(one.error)}; {one.feed} is as it was", err=True)
