"""The report in a terminal: the verdict first, what to do last, since that is where the eye ends."""

from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmward.audit import chain_words, kernel, life, summary, supply_words
from firmward.audit.baseline import standing_words
from firmward.audit.summary import Tone
from firmward.cli import chain_page, life_page, supply_page
from firmward.cli.page import SIGNS, STYLES, Page, show
from firmward.model.finding import Outcome
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety
from firmward.model.report import Novelty, Report, ReportedFinding

FINDINGS_SHOWN = 5
"""Findings printed of one check in one area; the other reports have them all."""
CHECKS_NAMED = 6
"""Checks named behind one reason."""
COLUMNS = ("crit", "high", "med", "low", "info", "accepted", "unknown", "passed", "n/a")

NOVELTIES = {Novelty.NEW: "new", Novelty.WORSE: "worse"}
TONES = {
    Tone.BLIND: ("?", "bold magenta"),
    Tone.BAD: ("✗", "bold red"),
    Tone.FAIR: ("!", "bold yellow"),
    Tone.GOOD: ("✓", "bold green"),
}


def print_report(report: Report, console: Console) -> None:
    """Print the report."""
    show(_blocks(report, plain=console.options.ascii_only), console)


def _blocks(report: Report, *, plain: bool) -> Iterator[RenderableType]:
    page = _Page(report, plain)
    yield page.headline()
    yield page.standing()
    yield from page.chain()
    yield from page.life()
    yield from page.kernels()
    yield from page.supply()
    yield from page.findings()
    yield from page.accepted()
    yield from page.unknown()
    yield from page.parts()
    yield from page.last()


class _Page(Page):
    """The blocks of one report."""

    def __init__(self, report: Report, plain: bool) -> None:
        super().__init__(plain)
        self.report = report
        self.names = summary.part_names(report)
        self.several = len({part.part for check in report.checks for part in check.parts}) > 1

    def headline(self) -> RenderableType:
        sign, style = TONES[summary.tone(self.report)]
        subject = self.report.subject
        about = [subject.name, self.report.product, f"{subject.source}, firmward {self.report.version}"]
        return Group(
            Text(),
            self.say((f" {sign} ", style), (summary.headline(self.report), style)),
            Padding(self.say(summary.coverage(self.report)), (0, 0, 0, 3), expand=False),
            *self.against(),
            Padding(self.say((" · ".join(word for word in about if word), "dim")), (0, 0, 1, 3), expand=False),
        )

    def against(self) -> Iterator[RenderableType]:
        if self.report.baseline is not None:
            yield Padding(self.say((standing_words(self.report.baseline), "bold")), (0, 0, 0, 3), expand=False)

    def standing(self) -> RenderableType:
        table = Table(box=None, padding=(0, 1), pad_edge=True, header_style="dim")
        table.add_column("  area", no_wrap=True)
        for name in COLUMNS:
            table.add_column(name, justify="right", no_wrap=True)
        for standing in summary.standings(self.report):
            counts = [self.count(count, STYLES[severity]) for severity, count in standing.severities]
            table.add_row(
                self.say(("  " + standing.area, "bold")),
                *counts,
                self.count(standing.accepted, ""),
                self.count(standing.unknown, "bold magenta"),
                self.count(standing.passed, "green"),
                self.count(standing.not_applicable, "dim"),
            )
        return table

    def count(self, count: int, style: str) -> Text:
        return self.say((str(count), style) if count else ("·", "dim"))

    def chain(self) -> Iterator[RenderableType]:
        if self.report.chain:
            yield self.title("chain of trust")
            yield self.say((f" {chain_words.headline(self.report.chain)}", "bold"))
            yield Text()
            yield from chain_page.drawing(self, self.report.chain, chain_page.SHOWN)

    def life(self) -> Iterator[RenderableType]:
        found = self.report.life
        if found is not None:
            yield self.title("life")
            yield self.say((f" {life.headline(found)}", "bold"))
            yield Text()
            yield from life_page.drawing(self, found, life_page.SHOWN)

    def kernels(self) -> Iterator[RenderableType]:
        if self.report.kernels:
            yield self.title("kernel options")
        for standing in self.report.kernels:
            yield self.say((f" {kernel.headline(standing)}", "bold"))
            yield Padding(self.say(kernel.rest(standing)), (0, 0, 0, 3), expand=False)

    def supply(self) -> Iterator[RenderableType]:
        if supply_words.is_told(self.report):
            yield self.title("components and vulnerabilities")
            yield self.say((f" {supply_words.headline(self.report)}", "bold"))
            yield from supply_page.drawing(self, self.report)

    def findings(self) -> Iterator[RenderableType]:
        found = summary.open_findings(self.report)
        for standing in summary.standings(self.report):
            here = [finding for finding in found if finding.area == standing.area]
            if not here:
                continue
            yield self.title(f"{standing.area}: {summary.plural(len(here), 'finding')}")
            for _, group in groupby(here, key=lambda finding: (finding.severity, finding.check)):
                yield from self.check(list(group))

    def check(self, findings: Sequence[ReportedFinding]) -> Iterator[RenderableType]:
        first = findings[0]
        label = f" {SIGNS[first.severity]} {first.severity.upper()} "
        heading = Table.grid(padding=(0, 1), expand=True)
        heading.add_column(no_wrap=True)
        heading.add_column(ratio=1, overflow="fold")
        heading.add_column(justify="right", no_wrap=True)
        heading.add_row(
            self.say((label, STYLES[first.severity])), self.say((first.title, "bold")), self.say((first.check, "dim"))
        )
        yield Padding(heading, (1, 0, 0, 0))
        findings = sorted(findings, key=lambda finding: finding.baseline is Novelty.KNOWN)  # the new ones are not cut
        shown = findings[:FINDINGS_SHOWN]
        for finding, following in zip_longest(shown, shown[1:]):
            yield self.finding(finding)
            if finding.remedy and (following is None or following.remedy != finding.remedy):
                yield self.remedy(finding.remedy)
        if len(findings) > len(shown):
            yield self.item("", "", (f"and {len(findings) - len(shown)} more", "italic dim"))

    def finding(self, finding: ReportedFinding) -> RenderableType:
        where = self.place(finding)
        sign = None if finding.baseline is None else NOVELTIES.get(finding.baseline)
        marked = (f"{sign}: ", "bold") if sign else ""
        return self.item("", "", marked, finding.message, (f"  {where}" if where else "", "cyan"))

    def place(self, finding: ReportedFinding) -> str:
        """Where it is, as far as the message and the only part there is leave it open."""
        at = finding.at
        if at is not None and str(at) in finding.message:
            at = Location(part=at.part)
        return summary.place(at, self.names if self.several else dict.fromkeys(self.names, ""))

    def remedy(self, remedy: Remedy) -> RenderableType:
        kind = "" if remedy.safety is Safety.SAFE else f" ({remedy.safety})"
        return self.item("", "", ("→ ", "green"), (remedy.summary, "green"), (kind, "dim"))

    def accepted(self) -> Iterator[RenderableType]:
        accepted = [finding for finding in self.report.findings if finding.outcome == "accepted" and finding.accepted]
        if not accepted and not self.report.notes:
            return
        yield self.title(f"accepted risks: {len(accepted)}")
        for finding in accepted[: FINDINGS_SHOWN * 2]:
            if finding.accepted:
                yield self.item(
                    "✓",
                    "",
                    (f"{finding.check}[{finding.key}] ", "bold"),
                    f"{finding.accepted.term}, {finding.accepted.owner}: {finding.accepted.reason}",
                )
        for note in self.report.notes:
            yield self.item("!", "yellow", note)

    def unknown(self) -> Iterator[RenderableType]:
        reasons = summary.unknown_reasons(self.report)
        if not reasons:
            return
        yield self.title(f"unknown: {self.report.unknown} of {len(self.report.checks)} checks", "bold magenta")
        for reason, checks in reasons:
            broken = any(check.outcome is Outcome.ERROR for check in checks)
            names = ", ".join(check.check for check in checks[:CHECKS_NAMED])
            more = f" and {len(checks) - CHECKS_NAMED} more" if len(checks) > CHECKS_NAMED else ""
            yield self.item("✗" if broken else "?", "magenta", (reason, ""), (f"\n{names}{more}", "dim"))

    def parts(self) -> Iterator[RenderableType]:
        broken = summary.problem_parts(self.report)
        if not broken:
            return
        yield self.title(f"not read: {len(broken)} of {summary.plural(len(self.report.parts), 'part')}", "bold magenta")
        for part in broken[: FINDINGS_SHOWN * 2]:
            yield self.item("✗", "magenta", (f"{part.id} ", "bold"), f"({part.kind}): {part.problem}")
        if len(broken) > FINDINGS_SHOWN * 2:
            yield self.item("", "", (f"and {len(broken) - FINDINGS_SHOWN * 2} more", "italic dim"))

    def last(self) -> Iterator[RenderableType]:
        steps = summary.next_steps(self.report)
        if steps:
            yield self.title("next")
            for step in steps:
                yield self.item("→", "green", step)
        yield Text()
