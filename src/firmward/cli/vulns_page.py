"""Vulnerabilities in a terminal: the most urgent first, each with why and what to do."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from firmward.audit.redact import visible
from firmward.cli.console import Color, make_console
from firmward.cli.page import SIGNS, STYLES, Page, show
from firmward.model.finding import Severity

if TYPE_CHECKING:
    from firmward.model.vulnerability import Vulnerability
    from firmward.vulns.match import Matches

SHOWN = 100
"""Vulnerabilities drawn; a kernel has thousands, and --json has them all."""
DOUBTS_SHOWN = 5


def print_matches(found: "Matches", vulnerabilities: "Sequence[Vulnerability]", color: Color) -> None:
    console = make_console(color)
    page = Page(plain=console.options.ascii_only)
    show(
        (Text(), page.say((_headline(found, vulnerabilities), "bold")), *_blocks(page, found, vulnerabilities)), console
    )


def _blocks(page: Page, found: "Matches", vulnerabilities: "Sequence[Vulnerability]") -> Iterator[RenderableType]:
    for reason in found.unknown:
        yield page.item("?", "bold magenta", (visible(reason), ""))
    yield Text()
    for one in vulnerabilities[:SHOWN]:
        yield _entry(page, one)
    if len(vulnerabilities) > SHOWN:
        yield page.say((f"   and {len(vulnerabilities) - SHOWN} more, which --json has", "dim"))
    if found.doubts:
        yield page.say((f" {len(found.doubts)} that cannot be told:", "bold magenta"))
        for doubt in found.doubts[:DOUBTS_SHOWN]:
            yield page.item("?", "bold magenta", (f"{doubt.vulnerability}: {visible(doubt.reason)}", "dim"))
        if len(found.doubts) > DOUBTS_SHOWN:
            yield page.say((f"   and {len(found.doubts) - DOUBTS_SHOWN} more, which --json has", "dim"))


def _headline(found: "Matches", vulnerabilities: "Sequence[Vulnerability]") -> str:
    component = found.component
    name = visible(f"{component.name} {component.version}")
    if not vulnerabilities:
        return (
            f" {name}: nothing is known to apply"
            if not found.unknown
            else f" {name}: nothing could be told for certain"
        )
    counts = Counter(one.severity for one in vulnerabilities)
    told = ", ".join(f"{counts[severity]} {severity.value}" for severity in Severity if counts[severity])
    out = sum(one.vex is not None and one.vex.state.value == "not_affected" for one in vulnerabilities)
    kind = "vulnerability" if len(vulnerabilities) == 1 else "vulnerabilities"
    built = f"; {out} of them in code that is not built" if out else ""
    return f" {name} has {len(vulnerabilities)} known {kind}: {told}{built}"


def _entry(page: Page, one: "Vulnerability") -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=2, no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    exploited = page.say(("  exploited", STYLES[Severity.CRITICAL])) if one.exploited else Text()
    score = f"  {one.score.score:.1f}" if one.score else ""
    state = "" if one.vex is None else f"  {one.vex.state.value}"
    head = page.say((one.id, "bold"), (f"  {one.severity.value}{score}{state}", STYLES[one.severity]))
    table.add_row(page.say((f" {SIGNS[one.severity]}", STYLES[one.severity])), head + exploited)
    if one.title:
        table.add_row(Text(), page.say(visible(one.title)))
    table.add_row(Text(), page.say((visible(one.why), "dim")))
    if one.vex is not None:
        table.add_row(Text(), page.say((visible(one.vex.detail), "dim")))
    table.add_row(Text(), page.say((f"→ {visible(one.do)}", "green")))
    return table
