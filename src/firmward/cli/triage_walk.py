"""Decide on one vulnerability after the other, on a terminal. Each decision is written as it is made."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from firmward.cli.inside import shown
from firmward.model.errors import InputError
from firmward.model.vulnerability import Justification, VexState

if TYPE_CHECKING:
    from firmward.model.vulnerability import Vulnerability

KEYS = {
    "n": VexState.NOT_AFFECTED,
    "e": VexState.EXPLOITABLE,
    "r": VexState.RESOLVED,
    "f": VexState.FALSE_POSITIVE,
    "t": VexState.IN_TRIAGE,
}
SKIP, QUIT = "s", "q"
CHOICES = "[n]ot affected  [e]xploitable  [r]esolved  [f]alse positive  in [t]riage  [s]kip  [q]uit"


@dataclass(slots=True)
class _Walk:
    """Where decisions go, who makes them, the day, and which versions of each there are."""

    file: Path
    owner: str
    today: date
    versions: dict[tuple[str, str], set[str]]


def go_through(vulnerabilities: "Sequence[Vulnerability]", file: Path, owner: str, today: date) -> None:
    """Raises InputError where nobody can answer."""
    from firmward.cli.triage_file import read_decisions
    from firmward.vulns.triage import about, applied, is_open

    if not sys.stdin.isatty():
        raise InputError("walk asks on a terminal; `firmward vulns triage set` decides without one")
    found = applied(vulnerabilities, read_decisions(file), today)
    # one that lies in several parts is asked once
    waiting = list({(about(one), one.version): one for one in found.vulnerabilities if is_open(one)}.values())
    doing = _Walk(file, owner, today, {})
    for one in found.vulnerabilities:
        doing.versions.setdefault(about(one), set()).add(one.version)
    for number, one in enumerate(waiting, 1):
        _show(one, f"{number}/{len(waiting)}")
        key = _key()
        if key == QUIT:
            return
        if key != SKIP:
            _take(one, KEYS[key], doing)
    typer.echo("Nothing more is open." if waiting else "Nothing is open.")


def _show(one: "Vulnerability", count: str) -> None:
    lines = [f"{count}  {one.id}  {one.severity.value}  {one.name} {one.version}", one.title, one.why, one.do]
    if one.vex is not None and one.vex.needs_review:
        was = f"{one.vex.state.value} {one.vex.detail}".strip()
        lines.append(f"was: {was} ({one.vex.by}); {one.vex.needs_review}")
    typer.echo("\n" + "\n".join(shown(line) for line in lines if line))


def _key() -> str:
    typer.echo(CHOICES)
    while True:
        key = str(typer.prompt(">", default=SKIP, show_default=False)).strip().lower()[:1]
        if key in KEYS or key in (SKIP, QUIT):
            return key


def _take(one: "Vulnerability", state: VexState, doing: _Walk) -> None:
    from firmward.cli.triage_file import read_decisions, write_decisions
    from firmward.vulns.triage import Decision, about, decide, fingerprint

    reason = _justification() if state is VexState.NOT_AFFECTED else None
    detail = typer.prompt("Reason", default="", show_default=False)
    doing.owner = typer.prompt("Owner", default=doing.owner)
    id_, component = about(one)
    new = Decision(
        id_,
        component,
        one.version,
        state.value,
        reason,
        detail,
        doing.owner,
        doing.today,
        files=fingerprint(one.files),
    )
    write_decisions(doing.file, decide(read_decisions(doing.file), new, doing.versions[id_, component]))


def _justification() -> str:
    reasons = list(Justification)
    for number, reason in enumerate(reasons, 1):
        typer.echo(f"  {number}  {reason.value.replace('_', ' ')}")
    while True:
        word = str(typer.prompt("Why", default="1")).strip()
        if word.isdecimal() and 1 <= int(word) <= len(reasons):
            return str(reasons[int(word) - 1].value)
