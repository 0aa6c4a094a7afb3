"""Components and their vulnerabilities in a terminal: what to do first, what does not count, and by which data."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmward.audit import supply_words
from firmward.cli.page import SIGNS, STYLES, Page
from firmward.model.report import Report

SHOWN = 8
"""Vulnerabilities that are printed; the other reports have them all."""


def drawing(page: Page, report: Report) -> Iterator[RenderableType]:
    found = supply_words.affecting(report)
    if found:
        counts = [f"{count} {severity}" for severity, count in supply_words.severities(found)]
        yield Padding(page.say(", ".join(counts)), (0, 0, 0, 3), expand=False)
        yield Text()
        yield _table(page, report)
    left = len(found) - SHOWN
    lines = [f"and {left} more, which the HTML and JSON reports list" if left > 0 else ""]
    lines += [supply_words.settled(report), supply_words.age(report.advised)]
    for line in filter(None, lines):
        yield Padding(page.say((line, "dim")), (0, 0, 0, 3), expand=False)


def _table(page: Page, report: Report) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for one in supply_words.affecting(report)[:SHOWN]:
        told = [(supply_words.name(one), "bold")]
        if one.why:
            told.append((f"  {one.why}", ""))
        sign = page.say((f" {SIGNS[one.severity]} {one.severity.upper()} ", STYLES[one.severity]))
        table.add_row(sign, page.say((one.id, "bold")), page.say(*told))
        numbers = supply_words.numbers(one)
        table.add_row(
            "", "", page.say(("→ ", "green"), (one.do or "no fix is known", "green"), (f"  {numbers}", "dim"))
        )
    return table
