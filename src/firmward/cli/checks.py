"""`firmward checks`: the catalogue."""

import json
from typing import Annotated

import typer

from firmward.cli.console import Color, ColorOption, make_console

EPILOG = """
**Examples**

    firmward checks

    firmward checks network

    firmward checks --json | jq -r '.[].id'
"""

AreaArgument = Annotated[
    list[str] | None,
    typer.Argument(help="Only these areas or checks.", show_default=False, metavar="[AREA-OR-CHECK]..."),
]


def add_to(app: typer.Typer) -> None:
    app.command("checks", epilog=EPILOG)(checks)


def checks(
    only: AreaArgument = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """List the checks by area, with severity and practice."""
    from firmward.audit.catalogue import select

    chosen = select(only or ())
    if as_json:
        rows = [
            {
                "id": check.id,
                "area": check.area,
                "title": check.title,
                "severity": check.severity.value,
                "practice": list(check.practice),
                "cwe": check.cwe,
            }
            for check in chosen
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.table import Table

    console = make_console(color)
    table = Table("Check", "Severity", "Fails when", box=None, header_style="bold", padding=(0, 2, 0, 0))
    area = ""
    for check in chosen:
        if check.area != area:
            area = check.area
            table.add_row(f"\n[bold cyan]{area}[/]" if table.row_count else f"[bold cyan]{area}[/]")
        table.add_row(check.id, check.severity.value, check.title)
    console.print(table)
    console.print(f"\n{len(chosen)} checks. firmward explain CHECK tells more about one.", style="dim")
