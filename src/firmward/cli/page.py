"""What everything that is read in a terminal has in common: words, signs, titles, and how wide a line may be.

Everything is printed as Text and nothing as markup: a file may well be called `[red]`. Signs tell severities apart
without colour, and plain ASCII stands in where the terminal has no more.
"""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from firmward.model.finding import Severity

WIDEST = 120
NARROWEST = 80

STYLES = {
    Severity.CRITICAL: "bold white on red3",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "bold blue",
    Severity.INFO: "bold cyan",
}
SIGNS = {
    Severity.CRITICAL: "■",
    Severity.HIGH: "▲",
    Severity.MEDIUM: "◆",
    Severity.LOW: "●",
    Severity.INFO: "○",
}
PLAIN = str.maketrans(dict(zip("■▲◆●○✗✓→·…─↓╎", "#^+o-xv>-~-|:", strict=True)))


def show(blocks: Iterable[RenderableType], console: Console) -> None:
    """Print blocks, at most so wide that lines are still read."""
    width = min(max(console.width, NARROWEST), WIDEST)
    for block in blocks:
        console.print(block, width=width, markup=False, highlight=False)


class Page:
    """Words for a terminal; with `plain` in ASCII alone."""

    def __init__(self, plain: bool) -> None:
        self.plain = plain

    def say(self, *pieces: str | tuple[str, str]) -> Text:
        """Text from words and (words, style)."""
        text = Text(overflow="fold")
        for piece in pieces:
            words, style = (piece, "") if isinstance(piece, str) else piece
            text.append(self.write(words), style)
        return text

    def write(self, words: str) -> str:
        return words.translate(PLAIN).encode("ascii", "backslashreplace").decode() if self.plain else words

    def title(self, words: str, style: str = "bold") -> RenderableType:
        text = Text.assemble((self.write(words), style))
        return Padding(Rule(text, align="left", characters="-" if self.plain else "─", style="dim"), (1, 0, 0, 0))

    def item(self, sign: str, style: str, *pieces: str | tuple[str, str]) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=2)
        grid.add_column(overflow="fold")
        grid.add_row(self.say((f" {sign}", style)), self.say(*pieces))
        return grid
