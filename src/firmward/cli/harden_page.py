"""What `firmward harden` says in a terminal: both standings side by side, what was cured, and what is left and why."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmward.audit.summary import plural
from firmward.cli.inside import shown
from firmward.cli.page import SIGNS, STYLES, Page, show
from firmward.model.hardening import Fate, Hardening, Treated
from firmward.model.remedy import Safety
from firmward.model.remedy_words import spoken

if TYPE_CHECKING:
    from firmward.cli.harden_work import Order

SHOWN = 12
"""Findings of one group told without --explain; the manifest has them all."""
LEFT = (
    (Fate.UNSAFE, "--unsafe cures"),
    (Fate.MANUAL, "a person cures"),
    (Fate.FACTORY, "manufacture cures"),
    (Fate.BESIDE, "the build cures, with what is written beside"),
    (Fate.REFUSED, "could not be cured here"),
    (Fate.NO_CURE, "without a cure"),
    (Fate.NOT_ASKED, "not asked"),
)


def print_hardening(done: Hardening, order: "Order", output: Path | None, console: Console, *, explain: bool) -> None:
    page = _Page(done, order, output, plain=console.options.ascii_only, explain=explain)
    show(page.blocks(), console)


class _Page(Page):
    def __init__(self, done: Hardening, order: "Order", output: Path | None, *, plain: bool, explain: bool) -> None:
        super().__init__(plain)
        self.done, self.order, self.output, self.explain = done, order, output, explain

    def blocks(self) -> Iterator[RenderableType]:
        yield self.headline()
        yield self.standing()
        yield from self.faults()
        yield from self.cured()
        for fate, words in LEFT:
            yield from self.left(fate, words)
        yield from self.notes()
        yield from self.last()

    def headline(self) -> RenderableType:
        done = self.done
        bad = done.is_faulty or not done.budget.complete
        sign, style = ("✗", "bold red") if bad else ("✓", "bold green")
        cured, would = len(done.of(Fate.CURED)), "" if self.output is not None else " would be"
        said = f"{cured} of {plural(len(done.findings), 'finding')}{would} cured"
        where = f"{done.subject.name}, {done.part}, firmward harden"
        return Group(
            Text(),
            self.say((f" {sign} ", style), (said, style)),
            Padding(self.say((where, "dim")), (0, 0, 1, 3), expand=False),
        )

    def standing(self) -> RenderableType:
        table = Table(box=None, padding=(0, 1), pad_edge=True, header_style="dim")
        table.add_column("  severity", no_wrap=True)
        table.add_column("before", justify="right")
        table.add_column("after", justify="right")
        for (severity, before), (_, after) in zip(self.done.before, self.done.after, strict=True):
            name = self.say((f"  {SIGNS[severity]} {severity.value}", STYLES[severity] if before or after else "dim"))
            table.add_row(name, self.count(before), self.count(after))
        if self.done.accepted:
            table.add_row("    accepted", self.count(self.done.accepted), self.count(self.done.accepted))
        return table

    def count(self, count: int) -> Text:
        return self.say((str(count), "bold") if count else ("·", "dim"))

    def faults(self) -> Iterator[RenderableType]:
        """What may not be: told before all else."""
        kept = self.done.of(Fate.KEPT)
        if not (self.done.new or kept or self.done.broken):
            return
        yield self.title("faults of this hardening", "bold red")
        for words in self.done.broken:
            yield self.item("✗", "bold red", ("no more: ", "bold"), words)
        for one in self.done.new:
            yield self.item(SIGNS[one.severity], STYLES[one.severity], ("new: ", "bold"), f"{one.name}: {one.message}")
        for one in kept:
            yield self.item("✗", "bold red", ("not cured: ", "bold"), f"{one.name}: {one.reason}")

    def cured(self) -> Iterator[RenderableType]:
        cured = self.done.of(Fate.CURED)
        if cured:
            yield self.title(f"cured: {len(cured)}", "bold green")
            yield from self.findings(cured)

    def left(self, fate: Fate, words: str) -> Iterator[RenderableType]:
        found = self.done.of(fate)
        if not found:
            return
        yield self.title(f"{words}: {len(found)}")
        if fate is not Fate.NOT_ASKED:
            yield from self.findings(found)

    def findings(self, found: Sequence[Treated]) -> Iterator[RenderableType]:
        told = found if self.explain else found[:SHOWN]
        for _, group in groupby(told, key=lambda one: one.check):
            several = list(group)
            for one, following in zip(several, [*several[1:], None], strict=True):
                yield self.item(SIGNS[one.severity], STYLES[one.severity], (one.name, "bold"), f"  {one.message}")
                if one.remedy is not None and (following is None or following.remedy != one.remedy):
                    yield from self.remedy(one)
        if len(found) > len(told):
            yield self.item("", "", (f"and {len(found) - len(told)} more", "italic dim"))

    def remedy(self, one: Treated) -> Iterator[RenderableType]:
        assert one.remedy is not None  # noqa: S101 - asked before
        if one.fate is Fate.CURED and one.reason:
            yield self.item("", "", ("→ ", "green"), (one.reason, "green"))
            return
        remedy = one.remedy
        kind = "" if remedy.safety is Safety.SAFE else f" ({remedy.safety.value}, {remedy.stage.value})"
        yield self.item("", "", ("→ ", "green"), (remedy.summary, "green"), (kind, "dim"))
        if remedy.breaks and (self.explain or one.fate in (Fate.UNSAFE, Fate.CURED)):
            yield self.item("", "", ("! ", "yellow"), (remedy.breaks, "yellow"))
        if one.fate is Fate.REFUSED:
            yield self.item("", "", ("! ", "yellow"), one.reason)
        for change in remedy.changes if self.explain else ():
            verb, what = spoken(change)
            yield self.item("", "", (f"  {verb} ", "cyan"), what.replace("\n", " "))

    def notes(self) -> Iterator[RenderableType]:
        if self.done.notes:
            yield self.title("to be looked at")
        for note in self.done.notes:
            yield self.item("!", "yellow", note)

    def last(self) -> Iterator[RenderableType]:
        done = self.done
        removed = sum(one.after is None for one in done.changed)
        changed = len(done.changed) - removed
        yield self.title("files")
        did = "Would change" if self.output is None else "Changed"
        yield self.say(
            f" {did} {plural(changed, 'path')}, {'would remove' if self.output is None else 'removed'} {removed}"
        )
        if self.output is not None:
            yield self.say((f" Wrote {shown(str(self.output))}", "dim"))
            if done.beside:
                yield self.say((f" Beside the root: {', '.join(done.beside)}", "dim"))
        if done.unknown:
            yield self.say((f" {plural(done.unknown, 'check')} gave no verdict: firmward audit says why", "dim"))
        yield Text()
