"""`firmward policy check` and `firmward policy schema`: what helps who writes a device.toml."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.audit.doubts import Doubt

EXIT_DOUBTS = 1
EXIT_INVALID = 2

HELP = "Check a device.toml, and help editors write one."
EPILOG = """
**Examples**

    firmward init camera.img

    firmward policy check device.toml

    firmward policy schema > device.schema.json

`firmward init` writes a first device.toml from an image; `firmward audit --policy device.toml` judges by it.
"""
CHECK_EPILOG = """
**Examples**

    firmward policy check device.toml

    firmward policy check --json products/*/device.toml | jq '.[] | .error'

**Exit codes**

- 0: all are valid, and nothing is odd
- 1: there are warnings
- 2: a file is not valid or cannot be read
"""
SCHEMA_EPILOG = """
**Examples**

    firmward policy schema > device.schema.json

A first line `#:schema device.schema.json` in a device.toml then has Taplo and its editors complete and explain keys.

**Exit codes**: 0 always, unless it could not be written (2).
"""
PLACE = re.compile(r"([A-Za-z_][\w.\[\]-]*): ")
TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")

FilesArgument = Annotated[list[Path], typer.Argument(help="The files to check.", metavar="FILE...")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="markdown")
    group.command("check", epilog=CHECK_EPILOG)(check)
    group.command("schema", epilog=SCHEMA_EPILOG)(schema)
    app.add_typer(group, name="policy")


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of one file: an `error` or `doubts`, with the text to find their lines in."""

    path: Path
    text: str
    error: str | None = None
    doubts: "tuple[Doubt, ...]" = ()

    @property
    def error_line(self) -> int | None:
        from firmward.audit.doubts import line_of

        if self.error is None:
            return None
        told = TOML_LINE.search(self.error)
        if told is not None:
            return int(told[1])
        place = PLACE.match(self.error)
        return line_of(self.text, place[1]) if place is not None else None


def check(
    files: FilesArgument,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Say whether a device.toml is valid, and what in it can hardly be meant.

    An unknown key is told with the nearest known one, everything with its line as far as that can be seen. Warned of
    are accepted risks that are over or name no check, sockets declared twice, zones that nobody defined, a support
    period that is past, updates without keys, and the like.
    """
    judged = [_judge(path) for path in files]
    if as_json:
        typer.echo(json.dumps([_record(one) for one in judged], indent=2))
    else:
        _print(judged, color)
    wrong = any(one.error is not None for one in judged)
    odd = any(one.doubts for one in judged)
    raise typer.Exit(EXIT_INVALID if wrong else EXIT_DOUBTS if odd else 0)


def schema() -> None:
    """Print the JSON Schema of device.toml, from which editors complete and explain its keys."""
    from firmward.model.schema import policy_schema

    typer.echo(json.dumps(policy_schema(), indent=2))


def _judge(path: Path) -> Judged:
    from firmward.audit.doubts import doubts
    from firmward.cli.judging import judging_day, policy_text
    from firmward.model.policy import parse_policy

    text = ""
    try:
        text = policy_text(path)
        return Judged(path, text, doubts=doubts(parse_policy(text, str(path)), judging_day().today))
    except InputError as error:
        return Judged(path, text, str(error).removeprefix(f"{path}: "))


def _record(judged: Judged) -> dict[str, object]:
    from firmward.audit.doubts import line_of

    return {
        "file": str(judged.path),
        "valid": judged.error is None,
        "error": judged.error,
        "line": judged.error_line,
        "warnings": [
            {"place": doubt.place, "line": line_of(judged.text, doubt.place), "message": doubt.message}
            for doubt in judged.doubts
        ],
    }


def _print(judged: list[Judged], color: Color) -> None:
    from firmward.audit.doubts import line_of
    from firmward.cli.console import make_console
    from firmward.cli.inside import shown

    console = make_console(color)

    def say(path: Path, line: int | None, words: str, style: str) -> None:
        place = shown(str(path)) + (f":{line}" if line is not None else "")
        console.print(f"{place}: {shown(words)}", style=style, markup=False, highlight=False, soft_wrap=True)

    for one in judged:
        if one.error is not None:
            say(one.path, one.error_line, one.error, "red")
        for doubt in one.doubts:
            words = ": ".join(filter(None, ("warning", doubt.place, doubt.message)))
            say(one.path, line_of(one.text, doubt.place), words, "yellow")
        if one.error is None and not one.doubts:
            say(one.path, None, "valid", "green")
