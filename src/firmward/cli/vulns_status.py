"""`firmward vulns status`: what is in the database, and how old it is."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption, make_console
from firmward.cli.vulns_database import DatabaseOption, database_path

if TYPE_CHECKING:
    from datetime import date

    from firmward.vulns.database import DatabaseStatus, FeedStatus

SCHEMA = "firmward.vulns-status/1"
WORDS = {
    "about": "descriptions",
    "claim": "claims",
    "fix": "fixes",
    "kernel": "flaws",
    "exploited": "exploited",
    "probability": "probabilities",
    "named": "names",
    "support": "products",
}
"""What a row of each table is."""
EPILOG = """
**Examples**

    firmward vulns status

    firmward vulns status --json | jq '.feeds[] | {name, checked, skipped}'

**Exit codes**: 0, or 2 where there is no database.
"""


def add_to(group: typer.Typer) -> None:
    group.command("status", epilog=EPILOG)(status)


def status(
    database: DatabaseOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Show each feed with its dates and counts, what was skipped and why, and the age of the whole.

    The age counts from the feed that was checked longest ago: beyond that day nothing is known for certain.
    """
    from firmward.cli.judging import judging_day
    from firmward.vulns.database import Database

    today = judging_day().today
    with Database(database_path(database)) as opened:
        found = opened.status()
    if as_json:
        typer.echo(json.dumps(_record(found, today), indent=2, ensure_ascii=False))
    else:
        _print(found, today, color)


def _record(found: "DatabaseStatus", today: "date") -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "database": str(found.path),
        "size": found.size,
        "as_of": None if found.as_of is None else found.as_of.isoformat(),
        "age_days": found.age(today),
        "newest_record": None if found.newest is None else found.newest.isoformat(),
        "feeds": [_feed(one) for one in found.feeds],
    }


def _feed(one: "FeedStatus") -> dict[str, object]:
    return {
        "name": one.name,
        "checked": one.checked.isoformat(),
        "updated": one.updated.isoformat(),
        "newest_record": None if one.newest is None else one.newest.isoformat(),
        "rows": dict(one.rows),
        "skipped": one.skipped,
        "skipped_records": [{"name": name, "reason": reason} for name, reason in one.reasons],
    }


def _print(found: "DatabaseStatus", today: "date", color: Color) -> None:
    from rich.table import Column, Table

    from firmward.cli.inside import shown

    console = make_console(color)
    age = found.age(today)
    console.print(f"{found.path}: {found.size / (1 << 20):.1f} MiB", markup=False, soft_wrap=True)
    if age is None:
        console.print("It holds nothing yet: `firmward vulns update` fills it.", markup=False)
        return
    newest = f", the newest record of {found.newest}" if found.newest else ""
    console.print(f"{age} day{'s' if age != 1 else ''} old{newest}\n", style="bold", markup=False)
    right = Column("skipped", justify="right")
    table = Table("feed", "checked", "updated", "newest record", "holds", right, box=None)
    for one in found.feeds:
        holds = ", ".join(f"{count:,} {WORDS[name]}" for name, count in one.rows.items())
        days = one.checked.date().isoformat(), one.updated.date().isoformat(), str(one.newest or "")
        table.add_row(one.name, *days, holds, f"{one.skipped:,}" if one.skipped else "")
    console.print(table)
    for one in found.feeds:
        for name, reason in one.reasons:
            console.print(f"skipped {one.name}: {shown(name)}: {shown(reason)}", style="yellow", markup=False)
        if one.skipped > len(one.reasons):
            console.print(f"and {one.skipped - len(one.reasons)} more of {one.name}", markup=False)
