"""Components and their vulnerabilities in a terminal: what to do first, what does not count, and by which data."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmward.audit import supply_words
from firmward.cli.page import SIGNS, STYLES, Page
from firmward.model.finding import Severity
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
    for line in filter(None, (*lines, supply_words.settled(report))):
        yield Padding(page.say((line, "dim")), (0, 0, 0, 3), expand=False)
    if review := supply_words.reviews(report):
        yield Padding(page.say((review, "yellow")), (0, 0, 0, 3), expand=False)
    if age := supply_words.age(report.advised):
        yield Padding(page.say((age, "dim")), (0, 0, 0, 3), expand=False)


def _table(page: Page, report: Report) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for one in supply_words.affecting(report)[:SHOWN]:
        sign = page.say((f" {SIGNS[one.severity]} {one.severity.upper()} ", STYLES[one.severity]))
        told = [(supply_words.name(one), "bold"), (f"  {supply_words.numbers(one)}", "dim")]
        if one.exploited is not None:
            told.append(("  exploited", STYLES[Severity.CRITICAL]))
        table.add_row(sign, page.say((one.id, "bold")), page.say(*told))
        for words, style in ((supply_words.title(one), ""), (one.why, ""), (supply_words.decision(one), "yellow")):
            if words:
                table.add_row("", "", page.say((words, style)))
        table.add_row("", "", page.say(("→ ", "green"), (one.do or "No fix is known.", "green")))
    return table
