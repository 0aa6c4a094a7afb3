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
    Color, typer.Option("--color", help="Colours: auto looks at the terminal and NO_COLOR.", show_default=True)
]

WIDE = 140
"""Columns beyond which lines are hard to read."""


def make_console(color: Color, *, stderr: bool = False) -> Console:
    """A console for reports (stdout) or progress (stderr)."""
    forced = {Color.AUTO: None, Color.ALWAYS: True, Color.NEVER: None}[color]
    console = Console(
        stderr=stderr, force_terminal=forced, no_color=color is Color.NEVER or None, highlight=False, soft_wrap=False
    )
    if console.width > WIDE:
        console.width = WIDE
    return console
