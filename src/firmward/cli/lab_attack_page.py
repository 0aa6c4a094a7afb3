"""How a campaign looks in the terminal: a line for each attack as it ends, and what was proved."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from firmward.cli.console import Color, make_console
from firmward.lab.campaign import NAMES, Attempt, Baseline, Verdict

if TYPE_CHECKING:
    from firmward.lab.pair import Pair
    from firmward.lab.proof.record import Proof

TWIN = {Verdict.SUCCEEDED: "yellow", Verdict.FAILED: "bold red"}
DEVICE = {Verdict.STOPPED: "green", Verdict.DETECTED: "green", Verdict.FAILED: "bold red"}
NAME_WIDTH = 34
WORD_WIDTH = 10


class Page:
    """On standard output; what is under way on standard error."""

    def __init__(self, color: Color, *, quiet: bool) -> None:
        self._console = make_console(color)
        self._progress = make_console(color, stderr=True)
        self._quiet = quiet

    @contextmanager
    def doing(self, words: str) -> Iterator[Callable[[str], None]]:
        if self._quiet or not self._progress.is_terminal:
            yield lambda _: None
            return
        with self._progress.status(Text(words)) as status:
            yield lambda said: status.update(Text(said))

    def open(self, pair: "Pair", count: int) -> None:
        words = f"{pair.device.name} on a virtual {pair.device.said.board}, and its unprotected twin: {count} attacks"
        self._say(Text(words, "bold"))

    def baseline(self, one: Baseline) -> None:
        if one.problem is None:
            self._say(Text(f"  {NAMES[one.kind]} is healthy {one.seconds:.1f} s after power on", "dim"))
        else:
            self._say(Text(f"  {NAMES[one.kind]} does not serve: {one.problem}", "bold red"))

    def attempt(self, one: Attempt, number: int, of: int) -> None:
        width = len(str(of))
        twin, device = one.plain_verdict, one.hardened_verdict
        self._say(
            Text.assemble(
                (f"  {number:{width}}/{of}  ", "dim"),
                f"{one.attack:{NAME_WIDTH}}  twin ",
                (f"{twin.value:{WORD_WIDTH}}", TWIN[twin]),
                "  device ",
                (f"{device.value:{WORD_WIDTH}}", DEVICE[device]),
                (f"{one.seconds:7.1f} s", "dim"),
            )
        )
        for runs, is_fine in ((one.plain, twin is Verdict.SUCCEEDED), (one.hardened, device is not Verdict.FAILED)):
            if not is_fine and runs and runs[-1].evidence:
                self._say(Text(f"{'':{2 * width + 5}}{runs[-1].evidence[-1].says}", "red"))

    def close(self, proof: "Proof", outputs: Sequence[Path]) -> None:
        for left in proof.not_tried:
            self._say(Text(f"  not tried: {left.attack}: {left.why}", "yellow"))
        for one in proof.contradicted():
            link = proof.attacks[one.attack].link
            words = f"  the audit calls the {link} verified, and {one.attack} breaks it: report this"
            self._say(Text(words, "bold red"))
        for one in proof.gaps():
            self._say(Text(f"  the audit of the twin does not warn of {one.attack}", "yellow"))
        self._say(Text(f"\n{_sentence(proof)}", "green" if proof.holds and not proof.not_tried else "red"))
        for path in outputs:
            self._say(Text(f"Wrote {path}", "dim"))

    def _say(self, words: Text) -> None:
        if not self._quiet:
            self._console.print(words, soft_wrap=True, highlight=False)


def _sentence(proof: "Proof") -> str:
    won = sum(one.plain_verdict is Verdict.SUCCEEDED for one in proof.attempts)
    held = sum(one.hardened_verdict is not Verdict.FAILED for one in proof.attempts)
    count = len(proof.attempts)
    words = f"Of {count} attacks {won} succeed on the twin, and the device holds against {held}"
    words = f"{words}, in {proof.seconds:.0f} s."
    return f"Interrupted. {words}" if proof.is_interrupted else words
