"""`firmward vulns lifecycle`: dates of support out of the database, for `--lifecycle`."""

from pathlib import Path
from typing import Annotated

import typer

from firmward.cli.vulns_database import DatabaseOption, database_path

EPILOG = """
**Examples**

    firmward vulns update eol

    firmward vulns lifecycle -o dates.json

    firmward audit firmware.img --lifecycle dates.json

**Exit codes**: 0, or 2 where the database has no such dates.
"""


def add_to(group: typer.Typer) -> None:
    group.command("lifecycle", epilog=EPILOG)(lifecycle)


def lifecycle(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write a file instead of printing.", show_default=False),
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Write the dates of support that endoflife.date knows, as `audit` and `life` take them."""
    from firmward.vulns.database import Database
    from firmward.vulns.lifecycle import lifecycle_text

    with Database(database_path(database)) as opened:
        text = lifecycle_text(opened)
    if output is None:
        typer.echo(text, nl=False)
        return
    from firmward.audit.writing import check_outputs, write_texts

    check_outputs([output], [database_path(database)], {"": None})
    write_texts([(output, text)])
