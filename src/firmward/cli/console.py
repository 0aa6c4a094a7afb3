"""Where the terminal's output goes, and whether it has colours."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console


class Color(StrEnum):
    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


ColorOption = Annotated[
    Color,
    typer.Option("--color", metavar="WHEN", help="Colours: always, never, or auto (a terminal without NO_COLOR)."),
]

WIDE = 140
"""Columns beyond which lines are hard to read."""


def make_console(color: Color, *, stderr: bool = False) -> Console:
    """A console for reports (stdout) or progress (stderr). A colour that is asked for wins over NO_COLOR."""
    if color is Color.NEVER:  # no escapes at all, where no_color alone would leave bold and dim
        console = Console(stderr=stderr, color_system=None, highlight=False)
    elif color is Color.ALWAYS:
        console = Console(stderr=stderr, force_terminal=True, no_color=False, highlight=False)
    else:
        console = Console(stderr=stderr, highlight=False)
    if console.width > WIDE:
        console.width = WIDE
    return console
