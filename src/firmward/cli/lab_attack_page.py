"""How a campaign looks in the terminal: a line for each attack as it ends, then the chain before and after, and what
was proved."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from firmward.audit import chain_words
from firmward.audit.summary import Tone, plural
from firmward.cli.chain_page import STYLES as STATES
from firmward.cli.console import Color, make_console
from firmward.cli.page import Page as Letters
from firmward.lab.attacks import Attack
from firmward.lab.campaign import NAMES, Attempt, Baseline, NotTried
from firmward.lab.links import TITLES
from firmward.lab.proof import words
from firmward.lab.proof.words import Outcome
from firmward.model.chain import Link

if TYPE_CHECKING:
    from firmward.lab.pair import Pair
    from firmward.lab.proof.record import Proof

TWIN = {Outcome.SUCCEEDED: "yellow"}
DEVICE = {Outcome.STOPPED: "green", Outcome.DETECTED: "green"}
WRONG = "bold red"
"""What should not have come of it."""
TONES = {Tone.GOOD: "bold green", Tone.FAIR: "bold yellow", Tone.BAD: "bold red", Tone.BLIND: "bold magenta"}
LINK_WIDTH = max(len(title) for title in TITLES.values())
WORD_WIDTH = max(len(one.value) for one in Outcome)


@dataclass(frozen=True, slots=True)
class Progress:
    """Of `count` attacks, which began at the moment `begun`."""

    count: int
    begun: float

    def words(self, done: int, now: float) -> str:
        said = f"Attacking, {done} of {self.count} done"
        if not done:
            return said
        left = math.ceil((now - self.begun) / done * (self.count - done))
        return f"{said}, about {words.duration(left)} left"


class Page:
    """On standard output; what is under way on standard error."""

    def __init__(self, color: Color, *, quiet: bool) -> None:
        self._console = make_console(color)
        self._progress = make_console(color, stderr=True)
        self._letters = Letters(plain=self._console.options.ascii_only)
        self._quiet = quiet
        self._width = 0
        self._is_busy = False

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

    # ------------------------------------------------------------------ before

    def plan(self, pair: "Pair", can: Sequence[Attack], cannot: Sequence[NotTried]) -> None:
        """What would be tried, by the link that it strikes."""
        self._opening(pair, f"{plural(len(can), 'attack')} would be tried")
        width = max((len(one.id) for one in can), default=0)
        for one in can:
            self._say(f"  {one.id:{width}}  {TITLES[one.link]:{LINK_WIDTH}}  ", (one.title, "dim"))
        self._left(cannot)
        self._say("\nNothing was started.")

    def open(self, pair: "Pair", attacks: Sequence[Attack]) -> None:
        self._width = max((len(one.id) for one in attacks), default=0)
        self._opening(pair, plural(len(attacks), "attack"))

    def _opening(self, pair: "Pair", what: str) -> None:
        name, board = pair.device.name, pair.device.said.board
        self._say((f"{name} on a virtual {board}, and its unprotected twin: {what}", "bold"))
        if pair.before is None:
            self._say(("  the twin starts the device's own system; --before gives it the one from before", "dim"))
        if pair.older_unfit is not None:
            self._say((f"  the older build is of no use: {pair.older_unfit}", "yellow"))
        if pair.updates_unfit is not None:
            self._say((f"  the update repositories are of no use: {pair.updates_unfit}", "yellow"))

    # ------------------------------------------------------------------ meanwhile

    def baseline(self, one: Baseline) -> None:
        if one.problem is None:
            self._say((f"  {NAMES[one.kind]} is healthy {one.seconds:.1f} s after power on", "dim"))
        else:
            self._say((f"  {NAMES[one.kind]} does not serve: {one.problem}", WRONG))

    def attempt(self, one: Attempt, number: int, of: int) -> None:
        twin, device = words.on_twin(one), words.on_device(one)
        sign, style = ("✓", "green") if one.proves else ("✗", WRONG)
        self._say(
            (f"  {number:{len(str(of))}}/{of}  ", "dim"),
            (f"{sign} ", style),
            f"{one.attack:{self._width}}  twin ",
            (f"{twin.value:{WORD_WIDTH}}", TWIN.get(twin, WRONG)),
            "  device ",
            (f"{device.value:{WORD_WIDTH}}", DEVICE.get(device, WRONG)),
            (f"{one.seconds:7.1f} s", "dim"),
        )
        for reason in words.reasons(one):
            self._say((f"{'':{2 * len(str(of)) + 7}}{reason}", "red"))

    # ------------------------------------------------------------------ after

    def close(self, proof: "Proof") -> None:
        self._chain(proof)
        self._left(proof.not_tried)
        for said in words.doubts(proof):
            self._say((f"  {said}", "yellow"))
        for said in words.contradictions(proof):
            self._say((f"  {said}", WRONG))
        self._say((f"\n{words.headline(proof)}.", TONES[words.tone(proof)]))
        took = f"It took {words.duration(proof.seconds)}."
        self._say(" ".join((*words.remarks(proof), took)))

    def wrote(self, outputs: Sequence[Path]) -> None:
        for path in outputs:
            self._say((f"Wrote {path}", "dim"))

    def _chain(self, proof: "Proof") -> None:
        struck = [one for one in proof.struck() if one.plain or one.hardened]
        if not struck or self._quiet:
            return
        table = Table.grid(padding=(0, 2))
        table.add_row(*(self._letters.say((head, "dim")) for head in ("", "chain of trust", "twin", "device")))
        for one in struck:
            link = self._letters.say(TITLES[one.name])
            table.add_row("", link, self._state(one.plain), self._state(one.hardened))
        self._say("")
        self._console.print(table)

    def _state(self, link: Link | None) -> Text:
        if link is None:
            return self._letters.say(("not drawn", "dim"))
        return self._letters.say((f"{chain_words.SIGNS[link.state]} {link.state}", STATES[link.state]))

    def _left(self, not_tried: Sequence[NotTried]) -> None:
        for left in not_tried:
            self._say((f"  not tried: {left.attack}: {left.why}", "yellow"))

    def _say(self, *pieces: str | tuple[str, str]) -> None:
        if self._quiet:
            return
        # on one terminal the line that moves makes room for what its own console prints, and for nothing else
        shared = self._is_busy and self._console.is_terminal
        console = self._progress if shared else self._console
        console.print(self._letters.say(*pieces), soft_wrap=True, highlight=False)
