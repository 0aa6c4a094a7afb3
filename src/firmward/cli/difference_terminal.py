"""A difference in a terminal: which way it went, what got worse, what a person should look at, and the rest counted."""

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmward.audit import difference_words as words
from firmward.audit.difference_record import Difference, Direction, FindingChange
from firmward.audit.difference_words import SERVICES, SOCKETS, Mood
from firmward.audit.drift import Change
from firmward.audit.summary import plural
from firmward.audit.tree_difference import WORDS, TreeDifference
from firmward.cli.page import SIGNS, STYLES, Page, show

SHOWN = 30
"""Lines of one kind; JSON has them all."""
PATHS = 4
FOLDERS = 12

MOODS = {
    Mood.WORSE: ("✗", "bold red"),
    Mood.BETTER: ("✓", "bold green"),
    Mood.SAME: ("·", "bold"),
    Mood.BLIND: ("?", "bold magenta"),
}
LINKS = {
    Direction.WORSE: ("✗", "bold red"),
    Direction.BETTER: ("✓", "bold green"),
    Direction.NEUTRAL: ("·", "bold"),
}
MARKS = {Change.APPEARED: ("+", "green"), Change.VANISHED: ("-", "red"), Change.CHANGED: ("~", "yellow")}


def print_difference(difference: Difference, console: Console) -> None:
    """Print the difference."""
    show(_Page(difference, console.options.ascii_only).blocks(), console)


class _Page(Page):
    """The blocks of one difference."""

    def __init__(self, difference: Difference, plain: bool) -> None:
        super().__init__(plain)
        self.difference = difference

    def blocks(self) -> Iterator[RenderableType]:
        yield self.headline()
        for note in self.difference.notes:
            yield self.item("!", "yellow", note)
        yield from self.findings(Direction.WORSE, "worse")
        yield from self.lost()
        yield from self.chain()
        yield from self.findings(Direction.BETTER, "better")
        yield from self.findings(Direction.NEUTRAL, "neither")
        yield from self.checks()
        yield from self.facts()
        for tree in self.difference.differing_trees:
            yield from self.files(tree)
        yield from self.parts()
        yield Text()

    def headline(self) -> RenderableType:
        sign, style = MOODS[words.mood(self.difference)]
        sides = f"{words.about(self.difference.old)} → {words.about(self.difference.new)}"
        return Group(
            Text(),
            self.say((f" {sign} ", style), (words.headline(self.difference), style)),
            Padding(self.say(words.standing(self.difference)), (0, 0, 0, 3), expand=False),
            Padding(self.say((sides, "dim")), (0, 0, 1, 3), expand=False),
        )

    def findings(self, direction: Direction, title: str) -> Iterator[RenderableType]:
        changes = [change for change in self.difference.findings if change.direction is direction]
        if changes:
            yield self.title(f"{title}: {plural(len(changes), 'finding')}")
            yield from self.some([self.finding(change) for change in changes])

    def finding(self, change: FindingChange) -> RenderableType:
        found = change.finding
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=12, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(
            self.say((f" {SIGNS[found.severity]} {found.severity.upper()} ", STYLES[found.severity])),
            self.say(
                (f"{words.finding_words(change)}: ", "bold"),
                found.message,
                (f"  {found.at or ''}".rstrip(), "cyan"),
                (f"  {found.check}", "dim"),
            ),
        )
        return grid

    def lost(self) -> Iterator[RenderableType]:
        lost = self.difference.lost
        if lost:
            yield self.title(f"without a verdict now: {plural(len(lost), 'check')}", "bold magenta")
            yield from self.some(
                [self.item("?", "magenta", (f"{one.check} ", "bold"), words.check_words(one)) for one in lost]
            )

    def chain(self) -> Iterator[RenderableType]:
        if self.difference.links:
            yield self.title(f"chain of trust: {plural(len(self.difference.links), 'link')}")
        for change in self.difference.links:
            sign, style = LINKS[change.direction]
            name, what = words.link_words(change)
            yield self.item(sign, style, (f"{name} ", "bold"), what)

    def checks(self) -> Iterator[RenderableType]:
        groups = words.turned(self.difference)
        if groups:
            yield self.title("outcomes of checks")
        for turn, checks in groups:
            more = f" and {len(checks) - SHOWN} more" if len(checks) > SHOWN else ""
            yield self.item("~", "", (f"{turn} ({len(checks)}) ", "bold"), (", ".join(checks[:SHOWN]) + more, "dim"))

    def facts(self) -> Iterator[RenderableType]:
        for family, title in ((SERVICES, "what starts"), (SOCKETS, "sockets")):
            changes = [change for change in self.difference.facts if change.drift.family == family]
            if changes:
                yield self.title(f"{title}: {plural(len(changes), 'change')}")
            lines = []
            for change in changes:
                verb, what = words.fact_words(change)
                sign, style = MARKS[change.drift.change]
                lines.append(self.item(sign, style, (f"{verb} ", "bold"), what))
            yield from self.some(lines)
        for one in self.difference.blind:
            yield self.item("?", "magenta", words.blind_words(one))

    def files(self, tree: TreeDifference) -> Iterator[RenderableType]:
        yield self.title(f"files in {tree.new}: {plural(tree.total, 'change')}")
        yield self.item("", "", words.tree_words(tree))
        for noted in tree.notable:
            yield self.item(
                "!",
                "yellow",
                (f"{WORDS[noted.kind]}, {noted.detail} ({noted.count})\n", "bold"),
                words.noted_words(noted, PATHS),
            )
        if tree.listed:
            for change in tree.changes:
                sign, style = MARKS[change.change]
                said = words.file_words(change)
                yield self.item(sign, style, f"/{change.path}", (f"  {said}" if said else "", "dim"))
        else:
            yield self.folders(tree)

    def folders(self, tree: TreeDifference) -> RenderableType:
        table = Table(box=None, padding=(0, 1), header_style="dim")
        table.add_column("   by folder (--all lists every file)", overflow="fold")
        for name in ("added", "removed", "changed"):
            table.add_column(name, justify="right", no_wrap=True)
        largest = sorted(tree.folders, key=lambda one: -(one.added + one.removed + one.changed))
        for folder in largest[:FOLDERS]:
            counts = (self.say(str(count or "·")) for count in (folder.added, folder.removed, folder.changed))
            table.add_row(self.say(f"   /{folder.path}"), *counts)
        if len(largest) > FOLDERS:
            table.add_row(self.say((f"   and {len(largest) - FOLDERS} more", "italic dim")))
        return table

    def parts(self) -> Iterator[RenderableType]:
        if self.difference.parts:
            yield self.title(f"parts: {plural(len(self.difference.parts), 'change')}")
        lines = []
        for change in self.difference.parts:
            verb, what = words.part_words(change)
            lines.append(self.item("~", "", (f"{verb} ", "bold"), what))
        yield from self.some(lines)

    def some(self, lines: Sequence[RenderableType]) -> Iterator[RenderableType]:
        yield from lines[:SHOWN]
        if len(lines) > SHOWN:
            yield self.item("", "", (f"and {len(lines) - SHOWN} more", "italic dim"))
