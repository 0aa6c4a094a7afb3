"""The chain of trust in a terminal: one link below the other, as they start each other."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from firmward.audit import chain_words
from firmward.cli.page import Page, show
from firmward.model.chain import Evidence, Link, State

STYLES = {
    State.VERIFIED: "bold green",
    State.UNVERIFIED: "bold red",
    State.BROKEN: "bold red",
    State.UNKNOWN: "bold magenta",
}
SHOWN = 1
"""Pieces of evidence of one link beside everything else that a report says."""


def print_chain(name: str, chain: Sequence[Link], console: Console) -> None:
    """The chain alone, with all its evidence."""
    page = Page(plain=console.options.ascii_only)
    style = STYLES[next((link.state for link in chain if link.state is not State.VERIFIED), State.VERIFIED)]
    blocks = [
        Text(),
        page.say((f" {chain_words.headline(chain)}", style)),
        page.say((f" {name}", "dim")),
        Text(),
        *drawing(page, chain),
        Text(),
    ]
    show(blocks, console)


def drawing(page: Page, chain: Sequence[Link], shown: int | None = None) -> Iterator[RenderableType]:
    """The links with `shown` pieces of evidence each, all without it."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=2, no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for number, link in enumerate(chain):
        if number:
            arrow = "↓" if chain[number - 1].state is State.VERIFIED else "╎"
            table.add_row(page.say((f" {arrow}", "dim")), Text(), Text(), Text())
        style = STYLES[link.state]
        table.add_row(
            page.say((f" {chain_words.SIGNS[link.state]}", style)),
            page.say((chain_words.title(link), "bold")),
            page.say((link.state, style)),
            _evidence(page, link, shown),
        )
    yield table


def _evidence(page: Page, link: Link, shown: int | None) -> Text:
    told = link.evidence if shown is None else link.evidence[:shown]
    lines = [_line(one) for one in told]
    if len(told) < len(link.evidence):
        lines[-1] += f" (and {len(link.evidence) - len(told)} more)"
    if link.by and link.state is State.VERIFIED:
        lines.insert(0, f"by {link.by}")
    return page.say("\n".join(lines))


def _line(one: Evidence) -> str:
    return f"{one.says} ({one.check})" if one.check else one.says
