"""How a start looks in the terminal: a line for each stage as it is reached, where the time went, and how it ended."""

from statistics import median
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.text import Text

from firmward.cli.console import Color, make_console
from firmward.lab.boot import Ending
from firmward.lab.device import Kind
from firmward.lab.stages import Mishap, Stage
from firmward.lab.timing import medians, shares

if TYPE_CHECKING:
    from firmward.lab.boot import Limits, Outcome
    from firmward.lab.device import Device
    from firmward.lab.stages import Step

BAR = 40
"""Columns of the whole time."""
WIDTH = max(len(one.value) for one in (*Stage, *Mishap))
STYLES = {
    Stage.HEALTHY: "bold green",
    Stage.VERIFIED: "green",
    Mishap.REFUSED: "bold red",
    Mishap.PANIC: "bold red",
    Mishap.RESTARTED: "yellow",
    Mishap.TOLD: "yellow",
    Mishap.OFF: "yellow",
}
KINDS = {
    Kind.PROTECTED: "as it was built",
    Kind.PLAIN: "its unprotected twin",
    Kind.SHELL: "its unprotected twin, with a root shell",
}


class Page:
    """On standard output."""

    def __init__(self, color: Color) -> None:
        self._console = make_console(color)

    def open(self, device: "Device") -> None:
        self._console.print(f"[bold]{escape(device.name)}[/] on a virtual {device.said.board}, {KINDS[device.kind]}")

    def round(self, number: int, of: int) -> None:
        self._console.print(f"\n[dim]round {number} of {of}[/]")

    def step(self, step: "Step") -> None:
        sign = step.sign
        words = ", ".join(filter(None, (f"slot {sign.slot}" if sign.slot else "", sign.detail)))
        style = STYLES.get(sign.what, "")
        text = f"{sign.what.value:{WIDTH}}  {words}".rstrip()
        self._console.print(f"[dim]{step.at:7.1f} s[/]  ", Text(text, style), sep="", soft_wrap=True)

    def ended(self, device: "Device", outcome: "Outcome", limits: "Limits") -> None:
        if outcome.healthy:
            self._bars(outcome)
        else:
            self._last_lines(outcome)
        self._answers(outcome)
        self._console.print()
        style = "green" if outcome.healthy and outcome.serves else "red"
        self._console.print(f"[{style}]{escape(_sentence(device, outcome, limits))}[/]")

    def _answers(self, outcome: "Outcome") -> None:
        if outcome.answers:
            self._console.print("\n  called from outside:")
        for one in outcome.answers:
            sign = "[green]answers[/]" if one.answers else "[bold red]silent [/]"
            self._console.print(f"  tcp/{one.port:<6}{sign}  {escape(one.says)}", highlight=False, soft_wrap=True)

    def _bars(self, outcome: "Outcome") -> None:
        self._console.print()
        for share in shares(outcome.stages()):
            bar = "━" * max(1, round(share.part * BAR))
            words = f"{share.since.value} → {share.reached.value}"
            self._console.print(f"  {words:{2 * WIDTH + 3}}{share.seconds:5.1f} s {share.part:5.0%}  [cyan]{bar}[/]")

    def _last_lines(self, outcome: "Outcome") -> None:
        if outcome.log:
            self._console.print("\n[dim]the last that its serial line said:[/]")
            for line in outcome.log:
                shown = "".join(sign if sign.isprintable() else "?" for sign in line)
                self._console.print(f"  [dim]{escape(shown)}[/]", soft_wrap=True)

    def medians(self, device: "Device", outcomes: list["Outcome"]) -> None:
        healthy = [one for one in outcomes if one.healthy]
        self._console.print(f"\n[bold]Medians[/] of {len(healthy)} rounds of {len(outcomes)} that became healthy")
        for stage, seconds in medians(outcomes).items():
            found = [one.stages()[stage] for one in healthy]
            span = f"[dim]{min(found):.1f} to {max(found):.1f} s[/]" if stage is not Stage.POWER else ""
            self._console.print(f"{seconds:7.1f} s  {stage.value:{WIDTH}}  {span}".rstrip())
        if healthy:
            whole = median(one.stages()[Stage.HEALTHY] for one in healthy)
            words = f"{device.name} is healthy {whole:.1f} s after power on, in the median of {len(healthy)} rounds."
            self._console.print(f"\n[green]{escape(words)}[/]")


def _sentence(device: "Device", outcome: "Outcome", limits: "Limits") -> str:
    times = "" if outcome.starts == 1 else f", at start {outcome.starts}"
    where = f" in slot {outcome.slot}" if outcome.slot else ""
    if outcome.ending is Ending.HEALTHY:
        silent = [f"tcp/{one.port}" for one in outcome.answers if not one.answers]
        but = f", but {', '.join(silent)} does not answer" if silent else ""
        return f"{device.name} is healthy{where}, {outcome.seconds:.1f} s after power on{times}{but}."
    reasons = {
        Ending.OUT_OF_TIME: f"within {limits.seconds:g} s; --seconds gives it more, --log keeps all that it said",
        Ending.TOO_MANY_STARTS: f"in {limits.starts} starts; --starts gives it more, --log keeps all that it said",
        Ending.POWERED_OFF: f"before it was switched off, after {outcome.seconds:.1f} s",
    }
    return f"{device.name} did not become healthy {reasons[outcome.ending]}."
