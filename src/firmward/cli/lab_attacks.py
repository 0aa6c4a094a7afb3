"""`firmward lab attacks`: which attacks there are."""

import json
from itertools import groupby
from typing import Annotated

import typer

from firmward.cli.console import Color, ColorOption, make_console

EPILOG = """
**Examples**

    firmward lab attacks

    firmward lab attacks --json | jq -r '.[] | select(.link == "kernel") | .id'
"""

JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


def add_to(app: typer.Typer) -> None:
    app.command("attacks", epilog=EPILOG)(attacks)


def attacks(as_json: JsonOption = False, color: ColorOption = Color.AUTO) -> None:
    """List the attacks that `firmward lab attack` tries, by the link of the chain of trust that they strike."""
    from rich.text import Text

    from firmward.lab.attacks import attacks as known
    from firmward.lab.links import TITLES

    found = tuple(known().values())
    if as_json:
        rows = [
            {"id": one.id, "title": one.title, "does": one.does, "position": one.position.value, "link": one.link,
             "case": one.case, "foretold": list(one.foretold), "needs": [need.value for need in one.needs]}
            for one in found
        ]  # fmt: skip
        typer.echo(json.dumps(rows, indent=2))
        return
    console, width = make_console(color), max(len(one.id) for one in found)
    for link, group in groupby(found, lambda one: one.link):
        console.print(Text(f"\n{TITLES[link]}", "bold"))
        for one in group:
            console.print(Text.assemble(f"  {one.id:{width}}  ", (one.title, "dim")), soft_wrap=True)
