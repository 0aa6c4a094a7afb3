"""How an update in the lab looks in the terminal: a line for each start as it ends, then what came of it all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from firmward.cli.console import Color, make_console
from firmward.lab.updating import words
from firmward.lab.updating.rounds import Begun, Event, Last
from firmward.lab.updating.seen import Ending, Start

if TYPE_CHECKING:
    from firmward.lab.updating.report import Offered, Report, Setting

STYLES = {Ending.CUT: "yellow", Ending.SILENT: "bold red", Ending.OFF: "bold red"}


class Page:
    """On standard output; what is under way on standard error."""

    def __init__(self, color: Color, *, quiet: bool) -> None:
        self._console = make_console(color)
        self._progress = make_console(color, stderr=True)
        self._quiet = quiet
        self._is_busy = False
        self._round, self._start, self._cuts = 0, 0, 0

    @contextmanager
    def doing(self, what: str) -> Iterator[Callable[[str], None]]:
        if self._quiet or not self._progress.is_terminal:
            yield lambda _: None
            return
        with self._progress.status(Text(what)) as status:
            self._is_busy = True
            try:
                yield lambda said: status.update(Text(said))
            finally:
                self._is_busy = False

    def open(self, setting: "Setting", offered: "Offered") -> None:
        name = f"{setting.product} {setting.version}"
        self._say((f"{name} on a virtual {setting.board}: {offered.version} from {setting.way}", "bold"))
        least = f", of which it has to take {words.size(offered.least)}" if offered.least != offered.size else ""
        self._say((f"  {words.size(offered.size)} go into a slot{least}", "dim"))

    def plan(self, setting: "Setting") -> None:
        cuts = f", then {setting.cuts} cuts drawn from the seed {setting.seed}" if setting.cuts else ""
        self._say(f"  one round without a cut{cuts}; expected: the device is {setting.expected.value}")
        self._say("\nNothing was started.")

    def event(self, event: Event) -> None:
        if isinstance(event, Begun):
            self._round, self._start = event.number, 0
            self._say((f"\nround {event.number}: slots {words.held(event.slots)}", "dim"))
        elif isinstance(event, Start):
            self._started(event)
        else:
            self._last(event)

    def progress(self, cuts: int) -> str:
        return f"Following the device, round {self._round}, {self._cuts} of {cuts} cuts made"

    def _started(self, start: Start) -> None:
        self._start += 1
        self._cuts += start.ending is Ending.CUT
        until = f"cut while {words.cut(start)}" if start.moment is not None else start.ending.value
        self._say(
            (f"  {self._round}.{self._start:<3}", "dim"),
            f" ran {words.ran(start)}; ",
            (until, STYLES.get(start.ending, "green")),
            (f"  {start.seconds:.1f} s, took {words.size(start.taken)}; then {words.held(start.slots)}", "dim"),
        )

    def _last(self, last: Last) -> None:
        if last.ran is None:
            self._say(("\nstarted once more, and nothing was seen", "bold red"))
            return
        kept = "kept by its boot loader" if last.good else "not kept by its boot loader"
        ports = ", ".join(f"{one.port} {'answers' if one.answers else 'is silent'}" for one in last.answers)
        health = "healthy" if last.ran.healthy else "not healthy"
        said = f"started once more: slot {last.ran.slot} ({last.ran.version or 'not whole'}) is {health}, {kept}"
        self._say(f"\n{said}{f'; {ports}' if ports else ''}")

    def close(self, report: "Report") -> None:
        for said in report.problems():
            self._say((f"  {said}", "bold red"))
        self._say((f"  {words.taken(report)}", "dim"))
        self._say((f"\n{words.headline(report)}.", "bold green" if report.holds else "bold red"))

    def wrote(self, outputs: Sequence[Path]) -> None:
        for path in outputs:
            self._say((f"Wrote {path}", "dim"))

    def _say(self, *pieces: str | tuple[str, str]) -> None:
        if self._quiet:
            return
        # on one terminal the line that moves makes room for what its own console prints, and for nothing else
        shared = self._is_busy and self._console.is_terminal
        console = self._progress if shared else self._console
        console.print(Text.assemble(*pieces), soft_wrap=True, highlight=False)
