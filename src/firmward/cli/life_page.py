"""The calendar of support in a terminal: what is past first, then what ends next."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from firmward.audit import life
from firmward.cli.page import Page, show
from firmward.model.calendar import Calendar, Entry, State

STYLES = {
    State.PAST: "bold red",
    State.EARLY: "bold yellow",
    State.LASTS: "bold green",
    State.OPEN: "green",
    State.UNKNOWN: "bold magenta",
}
SHOWN = 8
"""Entries beside everything else that a report says."""


def print_calendar(name: str, found: Calendar, console: Console) -> None:
    """The calendar alone, with all its entries."""
    page = Page(plain=console.options.ascii_only)
    style = STYLES[found.entries[0].state]
    blocks = [
        Text(),
        page.say((f" {life.headline(found)}", style)),
        page.say((f" {name}, by dates as known on {found.as_of}", "dim")),
        Text(),
        *drawing(page, found),
        Text(),
    ]
    show(blocks, console)


def drawing(page: Page, found: Calendar, shown: int | None = None) -> Iterator[RenderableType]:
    """The entries, the first `shown` of them, and the product's own end below them."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=2, no_wrap=True)
    table.add_column(overflow="fold", ratio=5)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=5)
    told = found.entries if shown is None else found.entries[:shown]
    for entry in told:
        table.add_row(*_row(page, entry, found))
    if found.support_end is not None:
        end = (found.support_end, "bold")
        named = page.say(("the product's support", "bold"))
        table.add_row(page.say((" →", "bold")), named, page.say(end), page.say(life.time_left(found)), Text())
    yield table
    if len(told) < len(found.entries):
        yield page.say((f"   and {len(found.entries) - len(told)} more", "dim"))
    for note in found.notes:
        yield page.item("?", STYLES[State.UNKNOWN], (note, "dim"))


def _row(page: Page, entry: Entry, found: Calendar) -> tuple[Text, ...]:
    style = STYLES[entry.state]
    return (
        page.say((f" {life.SIGNS[entry.state]}", style)),
        page.say((life.name(entry), "bold")),
        page.say((life.until(entry), style)),
        page.say(life.left(entry, found.today)),
        page.say((life.about(entry), "dim")),
    )
